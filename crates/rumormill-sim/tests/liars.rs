//! Populations with members that lie: that all honest ones keep the truth, and nobody who is well looks
//! dead.
//!
//! `rumormill sim swarm --liars` and `rumormill sim attack` run many.

use std::collections::BTreeSet;

use rumormill_sim::{
    Attack,
    swarm::{Errands, Plan},
};

/// Populations that a test run has time for.
const NODES_MAX: u32 = 12;

#[test]
fn whatever_liars_say_the_truth_is_kept() {
    let plans = (0..).map(Plan::draw_among_liars);
    let small = plans.filter(|plan| plan.is_signed && plan.nodes <= NODES_MAX);
    let (mut told, mut refused) = (0, BTreeSet::new());
    for plan in small.take(8) {
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
