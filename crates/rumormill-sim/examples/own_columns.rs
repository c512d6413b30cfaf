//! A program's own columns and what users do to them, under every fault and every oracle.

use rumormill_core::crdt::{Column, GCounter, MinMax, Space, Table, Writer};
use rumormill_sim::{
    Chance,
    swarm::{Heard, Plan, Workload},
};

const SERVED: Column<GCounter> = Column::new(Space::STATS, "served");
const LATENCY: Column<MinMax> = Column::new(Space::STATS, "latency");

/// Every request is counted, and how long it took is recorded.
struct Requests;

impl Workload for Requests {
    /// How long a request took, in milliseconds.
    type Edit = i64;
    /// How many there were, and the shortest and the longest.
    type Read = (u128, Option<(i64, i64)>);

    fn edit(_: u64, chance: &mut Chance, writer: &mut Writer<'_>) -> Option<(Space, i64)> {
        let took = i64::try_from(chance.below(1_000)).ok()?;
        SERVED.add(writer, 1).ok()?;
        LATENCY.record(writer, 0, took).ok()?;
        Some((Space::STATS, took))
    }

    fn read(table: &Table) -> Self::Read {
        (SERVED.read(table), LATENCY.read(table, 0, 1))
    }

    fn specified(heard: &Heard<'_, i64>) -> Self::Read {
        let took: Vec<i64> = heard.edits().map(|it| *it.edit()).collect();
        let extremes = took.iter().min().copied().zip(took.iter().max().copied());
        (took.len() as u128, extremes)
    }
}

fn main() {
    for seed in 0..4 {
        let plan = Plan::draw(seed);
        let outcome = plan.run::<Requests>();
        if let Some(violation) = outcome.violation {
            let shrunk = plan.shrink::<Requests>(&violation, 50);
            panic!("seed {seed}: {violation}\n{}\n{}", shrunk.plan.schedule, shrunk.outcome.trace);
        }
        assert!(outcome.edits > 0 && outcome.datagrams > 0, "something happened");
    }
}
