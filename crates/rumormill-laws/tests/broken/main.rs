//! A check that cannot fail is no check: for each, a type that is broken in just that way, which
//! the check has to catch, by its name and in few steps.

use rumormill_laws::{Check, Crdt, Laws, Transfer};

mod collection_invisible;
mod convergence;
mod delta_laws;
mod digest_completeness;
mod join_laws;
mod no_panic;
mod no_resurrection;
mod nothing_lost;
mod refinement;
mod size_accounting;
mod wire;

/// Fails unless `check`, made alone, catches the type in a history of so many steps at most.
fn caught<T: Crdt, M: Transfer<T>>(laws: Laws<T, M>, check: Check, steps_max: usize) {
    let failure = laws.only(check).seed(0).histories(2_000).run().expect_err("the type is broken");
    assert_eq!(failure.check(), check, "{failure}");
    assert!(failure.steps() <= steps_max, "too long to read: {failure}");
}
