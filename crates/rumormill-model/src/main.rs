//! thin
use rumormill_model::*;
fn main() {
    for (replicas, adds, removes, restarts) in [
        (2, 1, 1, 0),
        (3, 1, 1, 0),
        (2, 2, 1, 0),
        (2, 2, 1, 1),
        (3, 2, 1, 0),
        (3, 1, 1, 1),
        (3, 2, 1, 1),
        (3, 2, 2, 0),
        (2, 3, 2, 1),
        (2, 2, 2, 2),
        (3, 1, 1, 2),
        (3, 2, 2, 1),
        (2, 3, 3, 1),
    ] {
        let mut m = Tables::new(TableBounds {
            replicas,
            adds,
            removes,
            restarts,
            in_flight: 1,
            ..Default::default()
        });
        let e = explore(&mut m, 20_000_000);
        println!(
            "table {replicas} {adds} {removes} {restarts}: {} states {} steps depth {} {:?} {}",
            e.states, e.steps, e.depth, e.took, e.verdict
        );
    }
}
