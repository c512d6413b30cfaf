//! What loss does to a population in which nothing else happens.

use core::time::Duration;

use rumormill_core::Config;

use crate::{Link, Sim, idle::bytes_per_s_per_node, told::Told};

/// How long the population runs before traffic is counted.
const WARM_UP: Duration = Duration::from_secs(15);

/// A population in which everybody knows everybody, with loss, beside the same without.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// The population.
    pub nodes: usize,
    /// The share of datagrams that get lost, from the first.
    pub loss: f64,
    /// How long traffic is counted, after 15 seconds of the same.
    pub span: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossReport {
    /// How often some node took another for dead, from the beginning; all of them ran.
    pub false_deaths: u64,
    /// All bytes sent, per second and node.
    pub bytes_per_s_per_node: f64,
    /// The same where nothing gets lost.
    pub lossless_bytes_per_s_per_node: f64,
}

impl Loss {
    /// Runs it.
    ///
    /// # Panics
    ///
    /// If there are no nodes, or no time.
    #[must_use]
    pub fn run(&self, seed: u64) -> LossReport {
        let (lossless_bytes_per_s_per_node, _) = self.run_with(seed, 0.0);
        let (bytes_per_s_per_node, false_deaths) = self.run_with(seed, self.loss);
        LossReport { false_deaths, bytes_per_s_per_node, lossless_bytes_per_s_per_node }
    }

    /// Returns the bytes sent per second and node, and how many were taken for dead.
    fn run_with(&self, seed: u64, loss: f64) -> (f64, u64) {
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(0);
        sim.set_link(Link { loss, ..Link::LAN });
        sim.start_acquainted(self.nodes);
        sim.run(WARM_UP);
        let bytes = bytes_per_s_per_node(&mut sim, self.span);
        (bytes, Told::default().false_deaths(&sim, |_| true))
    }
}

impl LossReport {
    /// How many times the bytes are sent that are sent where nothing gets lost.
    #[must_use]
    pub fn ratio_to_lossless(&self) -> f64 {
        self.bytes_per_s_per_node / self.lossless_bytes_per_s_per_node
    }
}
