//! Populations with members that lie: that all honest ones keep the truth, and nobody who is well looks
//! dead.
//!
//! `rumormill sim swarm --liars` and `rumormill sim attack` run many.

use std::{collections::BTreeSet, time::Duration};

use rumormill_core::Config;
use rumormill_sim::{
    Attack, Sim, Vice,
    swarm::{Errands, Plan},
};

/// Populations that a test run has time for.
const NODES_MAX: u32 = 12;

#[test]
fn whatever_liars_say_the_truth_is_kept() {
    let plans = (0..).map(Plan::draw_among_liars);
    let small = plans.filter(|plan| plan.is_signed && plan.nodes <= NODES_MAX);
    let (mut told, mut refused) = (0, BTreeSet::new());
    for plan in small.take(16) {
        let outcome = plan.run::<Errands>();
        let again =
            format!("rumormill sim swarm --seeds {0}..{1} --liars", plan.seed, plan.seed + 1);
        assert_eq!(outcome.violation, None, "run it again: {again}");
        for (what, count) in outcome.covered.iter().filter(|(_, count)| **count > 0) {
            if what.starts_with("insider: ") {
                told += count;
            }
            refused.extend(what.strip_prefix("delta refused: ").map(str::to_owned));
        }
    }
    assert!(told > 1_000, "liars lie: {told} times");
    for why in ["signature", "own row", "other head", "evicted", "hash"] {
        assert!(refused.contains(why), "{why} is among {refused:?}");
    }
}

#[test]
fn nobody_who_is_well_can_be_made_to_look_dead() {
    let (mut lies, mut signed) = (0, 0);
    for seed in 0..60 {
        let report = Attack { seed }.run();
        assert!(!report.succeeded, "run it again: rumormill sim attack --runs 1 --seed {seed}");
        lies += report.lies;
        signed += u32::from(report.is_signed);
    }
    assert!(lies > 10_000 && (10..50).contains(&signed), "{lies} lies, {signed} signed");
}

#[test]
fn who_writes_without_end_fills_no_table() {
    const CELLS_MAX: usize = 500;
    let mut config = Config::DEFAULT;
    config.limits.origin_cells_max = CELLS_MAX;
    let mut sim = Sim::new(1, config).signed();
    sim.start_acquainted(4);
    sim.run(Duration::from_secs(2));
    sim.corrupt(3, [Vice::Hoard].into_iter().collect());
    for _ in 0..60 {
        sim.lie(3);
        sim.run(Duration::from_millis(500));
    }
    for (_, node) in sim.nodes().filter(|(who, _)| *who != 3) {
        let refused = node.stats().refusals;
        assert!(refused.over_quota > 0, "{refused:?}");
        let cells: usize = node.table().rows().map(|row| row.len()).sum();
        assert!(
            (CELLS_MAX - 100..CELLS_MAX + 100).contains(&cells),
            "{cells} cells: {refused:?} {:?}",
            node.stats().transfers
        );
    }
}
