//! The kit finds what is wrong with types of other crates, and finds nothing wrong with those that
//! are right. `cargo run -p rumormill-laws --example other_crates` shows the histories.

use rumormill_laws::{Check, Crdt, Laws, Transfer};

#[path = "../examples/other_crates/aw_map.rs"]
mod aw_map;
#[path = "../examples/other_crates/edit.rs"]
mod edit;
#[path = "../examples/other_crates/map.rs"]
mod map;
#[path = "../examples/other_crates/or_set.rs"]
mod or_set;
#[path = "../examples/other_crates/orswot.rs"]
mod orswot;

/// Fails unless `check`, made alone, finds something in a history of so many steps at most.
fn caught<T: Crdt, M: Transfer<T>>(laws: Laws<T, M>, check: Check, steps_max: usize) {
    let failure = laws.only(check).seed(0).histories(2_000).run().expect_err("the type is broken");
    assert_eq!(failure.check(), check, "{failure}");
    assert!(failure.steps() <= steps_max, "too long to read: {failure}");
}

#[test]
fn a_merge_of_crdt_kits_map_undoes_a_write() {
    caught(aw_map::laws(), Check::JoinLaws, 4);
    caught(aw_map::laws(), Check::Refinement, 6);
}

#[test]
fn compacting_crdt_kits_set_brings_elements_back() {
    caught(or_set::laws().collection(), Check::CollectionInvisible, 4);
}

#[test]
fn merging_crdts_map_brings_overwritten_values_back() {
    caught(map::laws(), Check::JoinLaws, 6);
}

#[test]
fn sets_that_are_right_pass() {
    or_set::laws().check();
    orswot::laws().check();
}
