//! Memory and traffic stay bounded, whatever happens.

use core::time::Duration;
use std::collections::BTreeMap;

use rumormill_core::crdt::RowId;

use super::{Oracle, Scene, Verdict, ensure, per_second};
use crate::{
    Index, Sim,
    swarm::{Plan, copies::Touched, workload::Workload},
};

/// Timers open at most so many conversations a node and second (a comparison, three attempts of a
/// probe, fifteen rumors or pulls, a seed's retries), each of at most eight datagrams, a duplicate
/// of each, from either side. Answers are bounded by what timers open.
const DATAGRAMS_PER_S: f64 = (25 * 8 * 2 * 2) as f64;

/// What is allowed to a budget beyond its rate: its burst, and a datagram.
fn burst(bytes_per_second: u32) -> u64 {
    u64::from(bytes_per_second / 8).max(2_400) + 1_200
}

/// Rows, members and stagings are bounded by what was ever started, and traffic by timers and by
/// the budget.
#[derive(Default)]
pub(crate) struct Bounds {
    second: u64,
    sent: BTreeMap<Index, Sent>,
}

/// What a process had sent a while ago.
#[derive(Clone, Copy)]
struct Sent {
    at: Duration,
    datagrams: u64,
    bytes: u64,
}

/// Traffic is looked at over stretches of so many seconds.
const STRETCH_S: u64 = 10;

impl<W: Workload> Oracle<W> for Bounds {
    fn name(&self) -> &'static str {
        "memory and traffic are bounded"
    }

    fn look(&mut self, _: &Scene<'_, W>, touched: &Touched) -> Verdict {
        // A process that was started meanwhile counts from its beginning.
        if touched.is_new {
            self.sent.remove(&touched.who);
        }
        Ok(())
    }

    fn each_second(&mut self, scene: &Scene<'_, W>) -> Verdict {
        self.second += 1;
        if !self.second.is_multiple_of(STRETCH_S) {
            return Ok(());
        }
        for (who, _) in scene.sim.nodes() {
            check_memory(scene, who)?;
            self.check_traffic(scene.sim, scene.plan, who)?;
        }
        Ok(())
    }
}

fn check_memory<W: Workload>(scene: &Scene<'_, W>, who: Index) -> Verdict {
    let node = scene.sim.node(who);
    // Rows that are complete and wait for others are not counted: a group is shown as one.
    let table = node.table();
    let is_arriving = |id: &RowId| table.missing_dependencies(*id).next().is_none();
    let (staged, limits) = (table.staged().filter(is_arriving).count(), table.limits());
    ensure(staged <= limits.stagings_max, || format!("node {who} has {staged} stagings"))?;
    let (members, slots) = (node.member_count(), scene.sim.slots());
    ensure(members < slots, || format!("node {who} has {members} members, of {slots} started"))?;
    for liar in scene.liars {
        let (cells, cells_max) = (table.share_of(*liar).cells, 2 * limits.origin_cells_max);
        ensure(cells <= cells_max, || format!("node {who} has {cells} cells of {liar:?}"))?;
    }
    // A liar may have one more row, which is not in the history.
    let (rows, written) = (table.len(), scene.history.rows() + scene.liars.len());
    ensure(rows <= written, || format!("node {who} has {rows} rows, of {written} ever written"))
}

impl Bounds {
    fn check_traffic(&mut self, sim: &Sim, plan: &Plan, who: Index) -> Verdict {
        let stats = sim.node(who).stats();
        let (datagrams, bytes) = (stats.datagrams_sent, stats.bytes_sent);
        let now = Sent { at: sim.now(), datagrams, bytes };
        let before = self.sent.insert(who, now);
        let Some(before) = before else { return Ok(()) };
        let span = now.at.saturating_sub(before.at);
        let rate = per_second(datagrams - before.datagrams, span);
        ensure(rate <= DATAGRAMS_PER_S, || format!("node {who} sends {rate} datagrams a second"))?;
        let Some(budget) = plan.config.bytes_per_second else { return Ok(()) };
        let (sent, allowed) =
            (bytes - before.bytes, u64::from(budget.get()) * (span.as_secs() + 1));
        ensure(sent <= allowed + burst(budget.get()), || {
            format!("node {who} sent {sent} bytes in {span:?}, with {budget} a second")
        })
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use rumormill_core::Config;

    use super::*;

    #[test]
    fn who_sends_more_than_its_budget_is_found() {
        let told = |bytes_per_second| {
            let config = Config { bytes_per_second, ..Config::DEFAULT };
            let plan = Plan { config, ..Plan::draw(1) };
            let mut sim = Sim::new(1, Config::DEFAULT);
            sim.start_acquainted(5);
            let mut bounds = Bounds::default();
            bounds.check_traffic(&sim, &plan, 0).expect("nothing was sent yet");
            sim.run(Duration::from_secs(600));
            bounds.check_traffic(&sim, &plan, 0)
        };
        assert_eq!(told(None), Ok(()));
        assert_eq!(told(NonZeroU32::new(10_000)), Ok(()));
        let sentence = told(NonZeroU32::new(1)).expect_err("it sends more than a byte a second");
        assert!(sentence.contains("with 1 a second"), "{sentence}");
    }
}
