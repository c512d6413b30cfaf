//! thin
use rumormill_model::*;
fn main() {
    for (writes, in_flight) in [(3, 1), (4, 1), (3, 2), (5, 1), (4, 2)] {
        let mut m = Rows::new(RowsBounds { writes, in_flight });
        let e = explore(&mut m, 40_000_000);
        println!(
            "rows {writes} {in_flight}: {} states {} steps depth {} {:?} {}",
            e.states, e.steps, e.depth, e.took, e.verdict
        );
    }
}
