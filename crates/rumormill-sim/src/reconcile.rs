//! What it takes two nodes to find out what differs, and to repair it.

mod bounds;
mod population;

use core::time::Duration;

use rumormill_core::{
    Config,
    crdt::{Limits, Retention, Timestamp},
};

use self::population::Population;
use crate::{Index, Link, Sim};

/// How long every datagram takes, so that times say how often the nodes waited for each other.
pub(crate) const LEG: Duration = Duration::from_millis(1);

/// How long the nodes have known each other, and held all rows, before anything differs.
pub(crate) const WARM_UP: Duration = Duration::from_secs(5);

/// Repairs that are not measured, after which the nodes have an idea of how much differs.
const WARM_UP_REPAIRS: usize = 3;

/// The time without differences before each repair of nodes that are to have no such idea.
const QUIET: Duration = Duration::from_secs(60);

/// The longest a repair may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A conversation has ended when nobody has said anything for so long: less than the time to the
/// next comparison, and several times what an answer takes.
const SILENCE: Duration = Duration::from_millis(20);

/// How old what is written is: older than what is on its way as a rumor.
const AGE: Duration = Duration::from_secs(600);

/// Differences of fixed number between two nodes, repaired again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconcile {
    /// How many rows both sides hold.
    pub rows: usize,
    /// How many of them differ before each repair.
    pub differ: usize,
    /// How many of a hundred differing rows only one side has.
    pub unknown_pct: usize,
    /// How many of a hundred differing rows are ahead by more than 2^16 versions.
    pub big_gap_pct: usize,
    /// The share of datagrams that get lost.
    pub loss: f64,
    /// How many repairs are measured.
    pub runs: usize,
    /// Whether a minute without differences passes before each.
    pub cold: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReconcileReport {
    /// Every repair that was measured.
    pub repairs: Vec<Repair>,
    /// The fewest bytes that could tell both sides what differs: both know all rows, each differs
    /// with the same chance, and is ahead on either side by 1, 2, 3, ... with chance 1/2, 1/4,
    /// 1/8, ... Rows that one side does not know, and big gaps, would take more.
    pub lower_bound_bytes: u64,
    /// What naming every row with its version takes one way, and asking for half of what differs.
    pub version_vector_bytes: u64,
}

/// One repair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repair {
    /// Whether the tables were equal in the end: their versions, and after the last repair their
    /// rows.
    pub is_equal: bool,
    /// Bytes of messages that find out what differs, by the node that sent them.
    pub digest_bytes: [u64; 2],
    /// Datagrams with such messages.
    pub digest_datagrams: u64,
    /// Datagrams with cells of sketches.
    pub sketch_datagrams: u64,
    /// Bytes of these datagrams, frames and all other messages in them included.
    pub framed_bytes: u64,
    /// Bytes of all datagrams of the time: rows and probes too.
    pub all_bytes: u64,
    /// Round trips until the last message arrived that helped to find out what differs.
    pub round_trips: Option<f64>,
    /// Round trips until the tables were equal; nothing if they never were, or never differed.
    pub round_trips_repaired: Option<f64>,
    /// Time by the caller's clock in calls that compose or handle such datagrams, of both nodes,
    /// less what rows took that filled them.
    pub spent: Duration,
}

impl Reconcile {
    /// Runs it. `clock` reads how much time the thread has spent, and has no influence on what
    /// happens; `progress` hears the number of each measured repair before it begins.
    ///
    /// # Panics
    ///
    /// If more rows differ than there are.
    #[must_use]
    pub fn run(
        &self,
        seed: u64,
        clock: fn() -> Duration,
        mut progress: impl FnMut(usize),
    ) -> ReconcileReport {
        assert!(self.differ <= self.rows, "only rows that exist differ");
        let mut pair = Pair::new(self, seed);
        let version_vector_bytes = pair.population.version_vector_bytes(self.differ);
        let unmeasured = if self.cold { 0 } else { WARM_UP_REPAIRS };
        for _ in 0..unmeasured {
            pair.repair(self, clock);
        }
        let measured = (0..self.runs).map(|number| {
            progress(number);
            if self.cold {
                pair.sim.run(QUIET);
            }
            pair.repair(self, clock)
        });
        let mut repairs: Vec<_> = measured.collect();
        if !pair.sim.tables_are_equal() {
            repairs.iter_mut().for_each(|repair| repair.is_equal = false);
        }
        ReconcileReport {
            repairs,
            lower_bound_bytes: bounds::lower_bound_bytes(self.rows, self.differ),
            version_vector_bytes,
        }
    }

    fn config(&self) -> Config {
        let repairs = self.runs + WARM_UP_REPAIRS;
        let unknown = self.differ * self.unknown_pct / 100;
        let nodes = 2;
        let rows_max = self.rows + repairs * unknown + nodes;
        let rows_max = rows_max.max(Limits::DEFAULT.rows_max);
        Config {
            limits: Limits { rows_max, ..Limits::DEFAULT },
            // Many runs are hours of virtual time, in which no row is to be stamped anew.
            retention: Retention::FOREVER,
            ..Config::DEFAULT
        }
    }
}

/// Two nodes that hold the same rows.
struct Pair {
    sim: Sim,
    population: Population,
}

const ANN: Index = 0;
const BOB: Index = 1;

impl Pair {
    fn new(reconcile: &Reconcile, seed: u64) -> Self {
        let mut sim = Sim::new(seed, reconcile.config()).trace_lines(0);
        let (loss, delay_min, delay_max) = (reconcile.loss, LEG, LEG);
        sim.set_link(Link { loss, delay_min, delay_max, ..Link::LAN });
        sim.start_acquainted(2);
        let population = Population::draw(reconcile.rows, seed);
        let rows: Vec<_> = population.rows(stamp(&sim)).collect();
        sim.restore(ANN, rows.iter().cloned());
        sim.restore(BOB, rows);
        sim.run(WARM_UP);
        Self { sim, population }
    }

    fn repair(&mut self, reconcile: &Reconcile, clock: fn() -> Duration) -> Repair {
        let Self { sim, population } = self;
        let before = Traffic::of(sim);
        sim.meter_digests(clock);
        let [anns, bobs] = population.differ(reconcile, stamp(sim));
        for (who, rows) in [(ANN, anns), (BOB, bobs)] {
            if !rows.is_empty() {
                sim.restore(who, rows);
            }
        }
        let found = sim.run_until(LIMIT, |sim, _| {
            if reconcile.differ == 0 { sim.conversation().begun.is_some() } else { agree(sim) }
        });
        let repaired_at = found.map(|_| sim.now()).filter(|_| reconcile.differ > 0);
        let found_at = sim.conversation().found.filter(|_| reconcile.differ > 0);
        // Equal versions are equal rows; the rows themselves are compared after the last repair.
        let is_equal = found.is_some() && agree(sim);
        end_conversation(sim);

        let (after, conversation) = (Traffic::of(sim), sim.conversation());
        let found_at = if reconcile.differ == 0 { conversation.found } else { found_at };
        let round_trips = |end: Option<Duration>| {
            let span = end?.saturating_sub(conversation.begun?);
            Some(span.as_secs_f64() / (2 * LEG).as_secs_f64())
        };
        Repair {
            is_equal,
            digest_bytes: [0, 1].map(|who| after.digest_bytes[who] - before.digest_bytes[who]),
            digest_datagrams: after.digest_datagrams - before.digest_datagrams,
            sketch_datagrams: after.sketch_datagrams - before.sketch_datagrams,
            framed_bytes: conversation.framed_bytes,
            all_bytes: after.bytes - before.bytes,
            round_trips: round_trips(found_at),
            round_trips_repaired: round_trips(repaired_at),
            spent: conversation.spent,
        }
    }
}

/// Lets time pass until nobody says anything more about what differs.
pub(crate) fn end_conversation(sim: &mut Sim) {
    let end = sim.now() + LIMIT;
    loop {
        let before = Traffic::of(sim).digest_datagrams;
        sim.run(SILENCE);
        if Traffic::of(sim).digest_datagrams == before || sim.now() >= end {
            return;
        }
    }
}

fn stamp(sim: &Sim) -> Timestamp {
    Timestamp::from_unix(past(sim))
}

/// A time of the wall clock, older than what is on its way as a rumor.
pub(crate) fn past(sim: &Sim) -> Duration {
    sim.unix(ANN).saturating_sub(AGE)
}

/// Whether both tables show the same versions, by their fingerprints.
pub(crate) fn agree(sim: &Sim) -> bool {
    sim.node(ANN).table().fingerprint() == sim.node(BOB).table().fingerprint()
}

#[derive(Clone, Copy)]
struct Traffic {
    digest_bytes: [u64; 2],
    digest_datagrams: u64,
    sketch_datagrams: u64,
    bytes: u64,
}

impl Traffic {
    fn of(sim: &Sim) -> Self {
        let stats = [ANN, BOB].map(|who| sim.node(who).stats());
        Self {
            digest_bytes: stats.map(|stats| stats.digest_bytes_sent),
            digest_datagrams: stats.iter().map(|stats| stats.digest_datagrams_sent).sum(),
            sketch_datagrams: stats.iter().map(|stats| stats.sketch_datagrams_sent).sum(),
            bytes: stats.iter().map(|stats| stats.bytes_sent).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const FEW: Reconcile = Reconcile {
        rows: 300,
        differ: 20,
        unknown_pct: 10,
        big_gap_pct: 10,
        loss: 0.1,
        runs: 3,
        cold: false,
    };

    /// A clock that goes on by a second whenever it is read.
    fn tick() -> Duration {
        static READINGS: AtomicU64 = AtomicU64::new(0);
        Duration::from_secs(READINGS.fetch_add(1, Ordering::Relaxed))
    }

    #[test]
    fn what_is_sent_is_the_same_with_any_clock() {
        let repairs = |clock| FEW.run(1, clock, |_| {}).repairs;
        let (still, ticking) = (repairs(|| Duration::ZERO), repairs(tick));
        assert!(still.iter().all(|repair| repair.is_equal && repair.spent.is_zero()));
        assert!(ticking.iter().all(|repair| !repair.spent.is_zero()));
        let sent = |repairs: &[Repair]| -> Vec<_> {
            repairs.iter().map(|it| Repair { spent: Duration::ZERO, ..*it }).collect()
        };
        assert_eq!(sent(&still), sent(&ticking));
    }

    #[test]
    fn what_only_one_side_has_reaches_the_other() {
        let mut pair = Pair::new(&FEW, 1);
        let before = pair.sim.node(ANN).table().len();
        assert!(pair.repair(&FEW, || Duration::ZERO).is_equal);
        let rows = [ANN, BOB].map(|who| pair.sim.node(who).table().len());
        assert_eq!(rows, [before + 2; 2]);
    }
}
