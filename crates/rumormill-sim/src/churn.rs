//! What remains of a time in which nodes came and went.

use core::time::Duration;
use std::collections::BTreeSet;

use rumormill_core::{Config, Event, Liveness, Member};

use crate::{
    Index, Link, Sim,
    idle::{agree_within, bytes_per_s_per_node},
    link::Chance,
    spread::to_f64,
    told::Told,
};

/// How long the population runs before the first node goes.
const WARM_UP: Duration = Duration::from_secs(15);

/// How long after the last node came nobody who runs may be taken for dead any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after the last node came all is at rest.
const REST: Duration = Duration::from_secs(60);

/// How long traffic is counted at rest.
const COUNTED: Duration = Duration::from_secs(20);

/// How many times the traffic of a fresh population counts as no more than that.
const FLOOR_SLACK: f64 = 1.25;

/// A population in which everybody knows everybody, and in which one node after the other goes for
/// good and a new one joins.
#[derive(Clone, Debug, PartialEq)]
pub struct Churn {
    /// The population, at any time.
    pub nodes: usize,
    /// The share of the population that is replaced in a minute, at even intervals.
    pub share_per_minute: f64,
    /// How long nodes come and go.
    pub span: Duration,
    /// The share of datagrams that get lost, from the first.
    pub loss: f64,
}

/// What came of it. All but the first four are from after nodes came and went.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ChurnReport {
    /// How many nodes crashed.
    pub crashed: u64,
    /// How many left, and stopped when they had said so.
    pub left: u64,
    /// How often some node took another for dead that ran, for however short a time.
    pub false_death_events: u64,
    /// How many nodes run in the end.
    pub running: usize,
    /// When all running nodes held the same rows; nothing if that took over a minute.
    pub equal_after: Option<Duration>,
    /// How many running nodes somebody took for dead 10 seconds later.
    pub false_deaths: usize,
    /// How many nodes that had gone somebody took for alive, or suspect, in the end.
    pub resurrected: usize,
    /// Whether everybody has as many others to gossip with as there are, and nothing to send.
    pub is_at_rest: bool,
    /// All bytes sent in the end, per second and node.
    pub bytes_per_s_per_node: f64,
    /// The same in a fresh population of as many nodes.
    pub floor_bytes_per_s_per_node: f64,
    /// Rows per node in the end, those of nodes that had gone included.
    pub rows_per_node: f64,
}

impl Churn {
    /// Runs it.
    ///
    /// # Panics
    ///
    /// If there are fewer than two nodes.
    #[must_use]
    pub fn run(&self, seed: u64) -> ChurnReport {
        let mut population = Population::new(self.settled(seed), Chance::new(!seed));
        self.keep_replacing(&mut population);
        let mut report = population.come_to_rest();
        report.floor_bytes_per_s_per_node = bytes_per_s_per_node(&mut self.settled(seed), COUNTED);
        report
    }

    fn settled(&self, seed: u64) -> Sim {
        assert!(self.nodes > 1, "whoever joins joins somebody");
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(0);
        sim.set_link(Link { loss: self.loss, ..Link::LAN });
        sim.start_acquainted(self.nodes);
        sim.run(WARM_UP);
        sim
    }

    fn keep_replacing(&self, population: &mut Population) {
        let begun = population.sim.now();
        let per_minute = self.share_per_minute * to_f64(self.nodes as u64);
        let interval = Duration::try_from_secs_f64(60.0 / per_minute).unwrap_or(Duration::MAX);
        let mut next = interval;
        while next <= self.span {
            population.run_until(begun + next);
            population.replace(interval / 2);
            next = next.saturating_add(interval);
        }
        population.run_until(begun + self.span);
    }
}

impl ChurnReport {
    /// Says whether what nodes keep and do is what a fresh population keeps and does, as far as
    /// that shows from outside. Rows of nodes that have gone are kept for as long as
    /// [`Config::retention`] says, and do not count.
    #[must_use]
    pub fn is_back_to_floor(&self) -> bool {
        self.is_at_rest
            && self.bytes_per_s_per_node <= FLOOR_SLACK * self.floor_bytes_per_s_per_node
    }
}

/// Nodes that come and go.
struct Population {
    sim: Sim,
    chance: Chance,
    /// Nodes that run and do not mean to leave.
    present: Vec<Index>,
    told: Told,
    report: ChurnReport,
}

impl Population {
    fn new(sim: Sim, chance: Chance) -> Self {
        let present = sim.nodes().map(|(index, _)| index).collect();
        let (told, report) = (Told::default(), ChurnReport::default());
        Self { sim, chance, present, told, report }
    }

    fn run_until(&mut self, end: Duration) {
        self.sim.run(end.saturating_sub(self.sim.now()));
    }

    /// Lets a random node go, and another join by a random one. Good-byes take at most
    /// `good_bye_max`.
    fn replace(&mut self, good_bye_max: Duration) {
        self.count_false_deaths();
        let who = self.draw();
        let goes = self.present.swap_remove(who);
        if self.chance.happens(0.5) {
            self.report.left += 1;
            self.sim.leave(goes);
            self.sim.run_until(good_bye_max, |sim, touched| {
                touched == goes && sim.events(goes).contains(&Event::Left)
            });
        } else {
            self.report.crashed += 1;
        }
        self.sim.crash(goes);
        let number = self.draw();
        let seed = self.present[number];
        let comes = self.sim.start();
        self.sim.join(comes, seed);
        self.present.push(comes);
    }

    fn draw(&mut self) -> usize {
        let drawn = self.chance.below(self.present.len() as u64);
        usize::try_from(drawn).expect("below the population")
    }

    /// Lets time pass in which nobody comes or goes.
    fn come_to_rest(mut self) -> ChurnReport {
        let stopped = self.sim.now();
        let in_time = agree_within(&mut self.sim, PATIENCE);
        self.run_until(stopped + PATIENCE);
        self.report.false_deaths = self.taken_for_dead();
        let later = REST.saturating_sub(PATIENCE);
        self.report.equal_after = in_time.or_else(|| {
            Some(agree_within(&mut self.sim, later).map(|_| self.sim.now())? - stopped)
        });
        self.run_until(stopped + REST);
        self.report.bytes_per_s_per_node = bytes_per_s_per_node(&mut self.sim, COUNTED);
        self.count_false_deaths();
        self.report.running = self.present.len();
        self.report.resurrected = self.resurrected();
        self.report.is_at_rest = self.is_at_rest();
        let rows: usize = self.sim.nodes().map(|(_, node)| node.table().len()).sum();
        self.report.rows_per_node = to_f64(rows as u64) / to_f64(self.present.len() as u64);
        self.report
    }

    fn count_false_deaths(&mut self) {
        let present: BTreeSet<Index> = self.present.iter().copied().collect();
        let count = self.told.false_deaths(&self.sim, |whom| present.contains(&whom));
        self.report.false_death_events += count;
    }

    fn taken_for_dead(&self) -> usize {
        let present: BTreeSet<Index> = self.present.iter().copied().collect();
        self.shown_as(|liveness| liveness == Liveness::Dead).intersection(&present).count()
    }

    fn resurrected(&self) -> usize {
        let present: BTreeSet<Index> = self.present.iter().copied().collect();
        self.shown_as(is_reachable).difference(&present).count()
    }

    fn is_at_rest(&self) -> bool {
        let others = self.present.len() - 1;
        self.sim.nodes().all(|(_, node)| {
            let reachable = node.members().filter(|member| is_reachable(member.liveness));
            reachable.count() == others && !node.has_transmit()
        })
    }

    /// Members of which some running node says so.
    fn shown_as(&self, so: impl Fn(Liveness) -> bool) -> BTreeSet<Index> {
        let members = self.sim.nodes().flat_map(|(_, node)| node.members());
        let so_shown = members.filter(|member: &Member<'_, Index>| so(member.liveness));
        so_shown.map(|member| *member.address).collect()
    }
}

const fn is_reachable(liveness: Liveness) -> bool {
    matches!(liveness, Liveness::Alive | Liveness::Suspect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_shown_wrong_is_counted() {
        let mut sim = Sim::new(1, Config::DEFAULT);
        sim.start_acquainted(4);
        sim.run(Duration::from_secs(5));
        let mut population = Population::new(sim, Chance::new(1));
        let goes = population.present.pop().expect("four are present");
        population.sim.crash(goes);
        let shown = |it: &Population| (it.resurrected(), it.taken_for_dead(), it.is_at_rest());
        assert_eq!(shown(&population), (1, 0, false), "nobody has noticed");
        population.sim.run(REST);
        assert_eq!(shown(&population), (0, 0, true));
        population.sim.cut(&[0]);
        population.sim.run(REST);
        let (resurrected, taken_for_dead, is_at_rest) = shown(&population);
        assert_eq!((resurrected, is_at_rest), (0, false));
        assert!(taken_for_dead > 0, "the cut is not a crash");
    }
}
