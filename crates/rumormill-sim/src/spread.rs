//! How fast, and at what cost, one update reaches everybody.

use core::time::Duration;

use rumormill_core::{Config, Mode};

use crate::{
    Link, Sim,
    update::{self, Traffic},
};

/// How long the population settles before the update, so that what is measured is the update: as
/// long as rivals were given before theirs. Nodes know by then how long answers take, and how many
/// get lost.
const WARM_UP: Duration = Duration::from_secs(20);

/// How long traffic is counted after the last node was reached, for rumors to die down.
const AFTERMATH: Duration = Duration::from_secs(3);

/// The Euler-Mascheroni constant.
const GAMMA: f64 = 0.577_215_664_9;

/// One update in a population in which everybody knows everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The population.
    pub nodes: usize,
    /// How many peers each rumor period sends to or asks.
    pub fanout: usize,
    /// The share of datagrams that get lost.
    pub loss: f64,
    /// How rumors travel.
    pub mode: Mode,
    /// The rumor period.
    pub interval: Duration,
    /// The length of the value that is written.
    pub update_bytes: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadReport {
    /// How many nodes had the update in the end, the writer included.
    pub reached: usize,
    /// When each node had it, in ascending order.
    pub times: Vec<Duration>,
    /// Deltas sent from the update until rumors had died down, per node.
    pub payloads_per_node: f64,
    /// All bytes sent in that time, per node, liveness and anti-entropy included.
    pub bytes_per_node: f64,
}

impl Spread {
    /// Runs it.
    ///
    /// # Panics
    ///
    /// If there are no nodes, or the update is longer than a cell may be.
    #[must_use]
    pub fn run(&self, seed: u64) -> SpreadReport {
        let mut config = Config { fanout: self.fanout, mode: self.mode, ..Config::DEFAULT };
        config.rumor_every = self.interval;
        let mut sim = Sim::new(seed, config).trace_lines(0);
        sim.start_acquainted(self.nodes);
        sim.set_link(Link { loss: self.loss, ..Link::LAN });
        sim.run(WARM_UP);

        let before = Traffic::of(&sim);
        let times = update::spread(&mut sim, self.nodes, self.update_bytes);
        sim.run(AFTERMATH);
        let sent = Traffic::of(&sim).since(before);
        let per_node = |count: u64| to_f64(count) / to_f64(self.nodes as u64);
        SpreadReport {
            reached: times.len(),
            times,
            payloads_per_node: per_node(sent.deltas),
            bytes_per_node: per_node(sent.bytes),
        }
    }

    /// How long it takes in theory: the logistic growth of an epidemic whose nodes keep their own
    /// time, `2 (ln n + gamma) / rate` periods, with the rate at which an informed node informs
    /// others: `fanout` times the share of calls that succeed, for each direction in use.
    #[must_use]
    pub fn theory(&self) -> Duration {
        let arrives = 1.0 - self.loss;
        let (push, pull) = (arrives, arrives * arrives);
        let directions = match self.mode {
            Mode::Push | Mode::PushThenPull => push,
            Mode::Pull => pull,
            Mode::PushPull => push + pull,
        };
        let rate = to_f64(self.fanout as u64) * directions;
        self.interval.mul_f64(2.0 * (to_f64(self.nodes as u64).ln() + GAMMA) / rate)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run are below 2^53")]
pub(crate) const fn to_f64(count: u64) -> f64 {
    count as f64
}
