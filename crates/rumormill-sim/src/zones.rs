//! What crosses from zone to zone.

use core::time::Duration;

use rumormill_core::Config;

use crate::{
    Link, Sim,
    spread::to_f64,
    update::{self, Traffic},
};

/// How long the population settles, and for how long its traffic at rest is counted then.
const AT_REST: Duration = Duration::from_secs(5);

/// How long traffic is counted from the update on, for rumors to die down.
const WITH_UPDATE: Duration = Duration::from_secs(5);

/// The network between zones.
const BETWEEN_ZONES: Link = Link {
    delay_min: Duration::from_millis(20),
    delay_max: Duration::from_millis(60),
    ..Link::LAN
};

/// One update in a population that is spread over zones of equal size: 0.5 to 2 ms within, 20 to
/// 60 ms between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zones {
    /// The population.
    pub nodes: usize,
    /// In how many zones.
    pub zones: usize,
    /// Of 1,000 peers that are drawn so many are from the own zone; 0 for uniform choice.
    pub bias_per_mille: u32,
    /// The length of the value that is written.
    pub update_bytes: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ZonesReport {
    /// When each node had the update, in ascending order, the writer first.
    pub times: Vec<Duration>,
    /// Deltas sent in five seconds from the update on, or until all had it, per node.
    pub payloads_per_node: f64,
    /// All bytes sent in that time, per node.
    pub bytes_per_node: f64,
    /// The share of these that went to other zones, from 0 to 1: probes and comparisons too.
    pub cross_zone_share: f64,
    /// The share of what the update took that went to other zones: without what as long a time takes at
    /// rest.
    pub cross_zone_share_of_update: f64,
}

impl Zones {
    /// Runs it.
    ///
    /// # Panics
    ///
    /// If there are no nodes or no zones, or the update is longer than a cell may be.
    #[must_use]
    pub fn run(&self, seed: u64) -> ZonesReport {
        let zone_bias_per_mille = self.bias_per_mille;
        let mut sim = Sim::new(seed, Config { zone_bias_per_mille, ..Config::DEFAULT });
        sim = sim.trace_lines(0);
        sim.set_link_between_zones(BETWEEN_ZONES);
        for number in 0..self.nodes {
            sim.start_in(&format!("zone {}", number % self.zones));
        }
        sim.acquaint();
        sim.run(AT_REST);

        let settled = Traffic::of(&sim);
        sim.run(AT_REST);
        let before = Traffic::of(&sim);
        let begun = sim.now();
        let times = update::spread(&mut sim, self.nodes, self.update_bytes);
        sim.run(WITH_UPDATE.saturating_sub(sim.now() - begun));
        let all = Traffic::of(&sim).since(before);
        let took = (sim.now() - begun).div_duration_f64(AT_REST);
        let rest = before.since(settled);
        let nodes = to_f64(self.nodes as u64);
        let of_update = |all: u64, rest: u64| to_f64(all) - to_f64(rest) * took;
        ZonesReport {
            times,
            payloads_per_node: to_f64(all.deltas) / nodes,
            bytes_per_node: to_f64(all.bytes) / nodes,
            cross_zone_share: to_f64(all.crossing) / to_f64(all.bytes),
            cross_zone_share_of_update: of_update(all.crossing, rest.crossing)
                / of_update(all.bytes, rest.bytes),
        }
    }

    /// The share of uniform draws and of draws from the own zone that cross: a draw
    /// from all leaves the zone in all but one of `zones` cases.
    ///
    /// ```
    /// use rumormill_sim::Zones;
    /// let zones = Zones { nodes: 300, zones: 3, bias_per_mille: 750, update_bytes: 64 };
    /// assert!((zones.theory() - 1.0 / 6.0).abs() < 1e-9);
    /// ```
    #[must_use]
    pub fn theory(&self) -> f64 {
        let bias = f64::from(self.bias_per_mille) / 1_000.0;
        1.0 - (bias + (1.0 - bias) / to_f64(self.zones as u64))
    }
}
