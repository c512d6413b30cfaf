//! Small explorations, for every run of the tests. `cargo run --release -p rumormill-model` does
//! the large ones.

use rumormill_model::{Configuration, RowsBounds, TableBounds, Verdict};

#[test]
fn the_rules_hold_in_every_state_of_small_populations() {
    for configuration in Configuration::quick() {
        let found = configuration.explore(usize::MAX);
        assert_eq!(found.verdict, Verdict::Exhausted, "{configuration}:\n{}", found.verdict);
        println!("{:>8} {configuration}", found.states);
    }
}

/// The smallest explorations, counted by hand.
#[test]
fn every_state_is_reached() {
    let states = |configuration: Configuration| configuration.explore(usize::MAX).states;
    // The row is not written; or it is, and may be in flight, and none, one or two copies have it.
    assert_eq!(states(Configuration::Rows(RowsBounds { writes: 1, in_flight: 1 })), 1 + 2 * 3);
    // Nobody counted; or one of two did, the row may be in flight, and the other has it or not.
    let counts = TableBounds { replicas: 2, counts: 1, in_flight: 1, ..TableBounds::default() };
    assert_eq!(states(Configuration::Table(counts)), 1 + 2 * 2 * 2);
}
