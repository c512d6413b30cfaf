//! What a population costs in which little happens.

use core::time::Duration;

use rumormill_core::Config;

use crate::{
    Link, Sim,
    join::{overwrite, start_writers},
    link::Chance,
    spread::to_f64,
};

/// How long the population runs, with all its updates, before anything is counted.
const WARM_UP: Duration = Duration::from_secs(15);

/// The longest that all may take to agree after the last update.
const LIMIT: Duration = Duration::from_secs(60);

/// How often they are looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The shortest time from one update to the next.
const INTERVAL_MIN: Duration = Duration::from_micros(1);

/// A population in which everybody knows everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Idle {
    /// The population.
    pub nodes: usize,
    /// How long traffic is counted.
    pub span: Duration,
    /// The share of datagrams that get lost.
    pub loss: f64,
    /// How many values are overwritten per second, by one node or another.
    pub updates_per_s: f64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct IdleReport {
    /// All bytes sent, per second and node.
    pub bytes_per_s_per_node: f64,
    /// All datagrams sent, per second and node.
    pub datagrams_per_s_per_node: f64,
    /// How often a node compared its table with a peer's.
    pub comparisons: u64,
    /// How often it found them equal.
    pub comparisons_equal: u64,
    /// How many updates there were.
    pub updates: u64,
    /// How long after the last update all tables were equal; nothing if it took over a minute.
    pub equal_after: Option<Duration>,
}

impl Idle {
    /// Runs it.
    ///
    /// # Panics
    ///
    /// If there are no nodes, or no time.
    #[must_use]
    pub fn run(&self, seed: u64) -> IdleReport {
        assert!(self.nodes > 0 && self.span > Duration::ZERO, "somebody runs for some time");
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(0);
        let mut chance = Chance::new(!seed);
        sim.set_link(Link { loss: self.loss, ..Link::LAN });
        start_writers(&mut sim, self.nodes);
        sim.acquaint();
        self.keep_writing(&mut sim, &mut chance, WARM_UP);
        let before = Traffic::of(&sim);
        let updates = self.keep_writing(&mut sim, &mut chance, self.span);
        let after = Traffic::of(&sim);
        let per_s_per_node =
            |count: u64| to_f64(count) / to_f64(self.nodes as u64) / self.span.as_secs_f64();
        IdleReport {
            bytes_per_s_per_node: per_s_per_node(after.bytes - before.bytes),
            datagrams_per_s_per_node: per_s_per_node(after.datagrams - before.datagrams),
            comparisons: after.comparisons - before.comparisons,
            comparisons_equal: after.comparisons_equal - before.comparisons_equal,
            updates,
            equal_after: agree_within(&mut sim, LIMIT),
        }
    }

    /// Lets time pass in which random nodes write, at even intervals. Returns how often they did.
    fn keep_writing(&self, sim: &mut Sim, chance: &mut Chance, span: Duration) -> u64 {
        let end = sim.now() + span;
        let mut updates = 0;
        let interval = Duration::try_from_secs_f64(1.0 / self.updates_per_s);
        let interval = interval.unwrap_or(Duration::MAX).max(INTERVAL_MIN);
        while interval <= end - sim.now() {
            sim.run(interval);
            let writer = chance.below(self.nodes as u64);
            let writer = u32::try_from(writer).expect("fewer than 2^32 nodes");
            let [byte, ..] = chance.draw().to_be_bytes();
            overwrite(sim, writer, byte);
            updates += 1;
        }
        sim.run(end - sim.now());
        updates
    }
}

/// Lets time pass until all show the same versions, by their fingerprints.
pub(crate) fn agree_within(sim: &mut Sim, limit: Duration) -> Option<Duration> {
    let begun = sim.now();
    while sim.now() - begun <= limit {
        if all_agree(sim) {
            return Some(sim.now() - begun);
        }
        sim.run(LOOK_EVERY);
    }
    None
}

/// Says whether all show the same versions, by their fingerprints.
pub(crate) fn all_agree(sim: &Sim) -> bool {
    let mut fingerprints = sim.nodes().map(|(_, node)| node.table().fingerprint());
    let first = fingerprints.next();
    fingerprints.all(|other| Some(other) == first)
}

/// Lets time pass, and measures what the nodes send that run all the while.
///
/// # Panics
///
/// If there are none, or no time.
pub(crate) fn bytes_per_s_per_node(sim: &mut Sim, span: Duration) -> f64 {
    let nodes = sim.nodes().count();
    assert!(nodes > 0 && span > Duration::ZERO, "somebody runs for some time");
    let before = Traffic::of(sim).bytes;
    sim.run(span);
    to_f64(Traffic::of(sim).bytes - before) / to_f64(nodes as u64) / span.as_secs_f64()
}

#[derive(Clone, Copy, Default)]
struct Traffic {
    bytes: u64,
    datagrams: u64,
    comparisons: u64,
    comparisons_equal: u64,
}

impl Traffic {
    fn of(sim: &Sim) -> Self {
        let mut sum = Self::default();
        for stats in sim.nodes().map(|(_, node)| node.stats()) {
            sum.bytes += stats.bytes_sent;
            sum.datagrams += stats.datagrams_sent;
            sum.comparisons += stats.comparisons;
            sum.comparisons_equal += stats.comparisons_equal;
        }
        sum
    }
}
