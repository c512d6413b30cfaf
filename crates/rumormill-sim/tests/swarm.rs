//! The swarm itself: that its seeds hold, that they are the same each time, and that it finds what
//! is wrong.
//!
//! `RUMORMILL_SEEDS=1000..1010` runs other seeds than the few that every test run does. `rumormill sim
//! swarm` runs many.

use std::{collections::BTreeSet, ops::Range};

use rumormill_core::crdt::{Column, OrSet, Space, Table, Writer};
use rumormill_sim::{
    Chance,
    swarm::{Errands, Heard, Plan, Workload},
};

/// Populations that a test run has time for.
const NODES_MAX: u32 = 8;

#[test]
fn whatever_happens_tables_agree_and_the_truth_is_kept() {
    for seed in seeds() {
        let plan = Plan::draw(seed);
        if let Some(violation) = plan.run::<Errands>().violation {
            let shrunk = plan.shrink::<Errands>(&violation, 60);
            let (end, left) = (seed + 1, shrunk.plan.schedule);
            panic!(
                "seed {seed}: {violation}\n{left}\n{}run it again: rumormill sim swarm --seeds \
                 {seed}..{end}",
                shrunk.outcome.trace
            );
        }
    }
}

/// The chosen ones, or the first 30 of small populations.
fn seeds() -> Vec<u64> {
    let is_small = |seed: &u64| Plan::draw(*seed).nodes <= NODES_MAX;
    match std::env::var("RUMORMILL_SEEDS") {
        Ok(seeds) => parse(&seeds).collect(),
        Err(_) => (0..).filter(is_small).take(30).collect(),
    }
}

fn parse(seeds: &str) -> Range<u64> {
    let (start, end) = seeds.split_once("..").expect("a range such as 0..100");
    start.parse().expect("a number")..end.parse().expect("a number")
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let small = (0..).map(Plan::draw).find(|plan| plan.nodes <= NODES_MAX).expect("one in five is");
    assert_eq!(small, Plan::draw(small.seed));
    let first = small.run::<Errands>();
    assert_eq!(first, small.run::<Errands>());
    let other = Plan { seed: small.seed + 1, ..small };
    assert_ne!(first.hash, other.run::<Errands>().hash);
}

#[test]
fn seeds_differ_in_everything() {
    let plans: Vec<_> = (0..200).map(Plan::draw).collect();
    let sizes: BTreeSet<_> = plans.iter().map(|plan| plan.nodes).collect();
    assert!(sizes.len() > 40 && sizes.first() == Some(&2));
    let faults = plans.iter().flat_map(|plan| &plan.schedule.faults);
    let kinds: BTreeSet<_> = faults.map(|planned| planned.fault.kind()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), Plan::kinds());
    let modes: BTreeSet<_> = plans.iter().map(|plan| format!("{:?}", plan.config.mode)).collect();
    assert_eq!(modes.len(), 4);
    assert!(plans.iter().any(Plan::forgets) && !plans.iter().all(Plan::forgets));
}

/// A set whose users think that what is inserted stays for ever.
struct Hopeful;

const WORDS: Column<OrSet<u64>> = Column::new(Space(16), "words");

impl Workload for Hopeful {
    type Edit = u64;
    type Read = BTreeSet<u64>;

    fn edit(number: u64, _: &mut Chance, writer: &mut Writer<'_>) -> Option<(Space, u64)> {
        let there = WORDS.read(writer.table());
        match there.first() {
            Some(word) if there.len() > 2 => drop(WORDS.remove(writer, word).ok()?),
            _ => WORDS.insert(writer, &number).ok()?,
        }
        Some((Space(16), number))
    }

    fn read(table: &Table) -> BTreeSet<u64> {
        WORDS.read(table)
    }

    fn specified(heard: &Heard<'_, u64>) -> BTreeSet<u64> {
        heard.edits().map(|it| *it.edit()).collect()
    }
}

#[test]
fn what_is_wrong_is_found_and_cut_down_to_what_matters() {
    let plan = (0..).map(Plan::draw).find(|plan| plan.nodes <= NODES_MAX).expect("one in five is");
    let violation = plan.run::<Hopeful>().violation.expect("what is removed is gone");
    assert!(violation.oracle.contains("as specified"), "{violation}");
    let shrunk = plan.shrink::<Hopeful>(&violation, 60);
    assert_eq!(shrunk.outcome.violation.expect("it still fails").oracle, violation.oracle);
    assert!(shrunk.plan.schedule.faults.is_empty(), "{}", shrunk.plan.schedule);
    assert!(shrunk.plan.schedule.writes.len() < plan.schedule.writes.len() / 4);
    assert!(shrunk.tries <= 60 && shrunk.outcome.trace.contains("writes"));
}
