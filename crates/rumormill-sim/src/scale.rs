//! What becomes of a large population with losses and churn.

use core::time::Duration;
use std::collections::VecDeque;

use rumormill_core::{
    Config, Liveness,
    crdt::{Bytes, Key, Space},
};

use crate::{
    Disk, Index, Link, Sim, idle::all_agree, link::Chance, spread::to_f64, told::about_member,
};

/// How long each node runs alone before all get to know each other: what they wrote when they started is
/// no news any more then, as it is in a population that has run for long.
const ALONE: Duration = Duration::from_secs(10);

/// How long the population runs before the first node crashes.
const WARM_UP: Duration = Duration::from_secs(5);

/// How long it runs after the last one came or went: a crash is known to all after 4 seconds in the
/// median, and 6 at worst.
const REST: Duration = Duration::from_secs(20);

/// A node that crashed and is to run again does so after this time: by then its death is known.
const DOWN_FOR: Duration = Duration::from_secs(10);

/// What is due is done at so short intervals.
const BEAT: Duration = Duration::from_millis(100);

/// A population in which everybody knows everybody, and in which datagrams get lost, nodes crash,
/// come back as new lives, are replaced by newcomers, and write.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// How many nodes start, and run at any time but for those that are to come back.
    pub nodes: usize,
    /// How long all of it lasts: at least [`Scale::SPAN_MIN`]. Nodes come and go from the fifth
    /// second on, until 20 seconds are left.
    pub span: Duration,
    /// The share of datagrams that get lost, from the first.
    pub loss: f64,
    /// The share of the population that crashes in a minute, at even intervals. Every other one is
    /// replaced by a newcomer at once; the others begin a new life 10 seconds later, in turn with
    /// and without their disk.
    pub share_per_minute: f64,
    /// How many random nodes write in a second.
    pub writes_per_s: f64,
    /// Whether equal rows of all nodes share their memory. Nothing else depends on it.
    pub shares_rows: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ScaleReport {
    /// How many nodes run in the end.
    pub running: usize,
    /// How many crashed.
    pub crashed: u64,
    /// How many of these began a new life.
    pub restarted: u64,
    /// How many newcomers joined.
    pub joined: u64,
    /// How often somebody wrote.
    pub writes: u64,
    /// When all fingerprints were equal, after the last node came or went; nothing if they never
    /// were.
    pub equal_after: Option<Duration>,
    /// Whether everybody who runs holds the same rows in the end.
    pub tables_equal: bool,
    /// How many of those who run were taken for dead by somebody who runs, in the end.
    pub false_deaths: usize,
    /// How many of those who do not run were taken for alive, or suspect, in the end.
    pub unnoticed: usize,
    /// How often somebody was told that a node is dead that ran, for however short a time.
    pub false_death_events: u64,
    /// How many rows each node holds in the end, on average.
    pub rows_per_node: f64,
    /// How many datagrams were sent.
    pub datagrams: u64,
    /// How many of these got lost.
    pub lost: u64,
    /// Bytes sent per second and node that started.
    pub bytes_per_s_per_node: f64,
    /// The hash of every datagram: see [`Sim::run_hash`].
    pub hash: u64,
}

impl Scale {
    /// The shortest that it may last.
    pub const SPAN_MIN: Duration = Duration::from_secs(30);

    /// Runs it. `look` is told the virtual time ten times a second of it.
    ///
    /// # Panics
    ///
    /// If there are fewer than two nodes, or the span is too short.
    pub fn run(&self, seed: u64, look: impl FnMut(Duration)) -> ScaleReport {
        assert!(self.nodes > 1 && self.span >= Self::SPAN_MIN, "somebody has time to notice");
        let mut population = Population::start(self, seed, look);
        population.run_until(WARM_UP);
        population.come_and_go(self, self.span - REST);
        population.come_to_rest(self.span)
    }
}

impl ScaleReport {
    /// Says whether all who run came to hold the same rows, and to know who runs and who does not.
    #[must_use]
    pub const fn has_converged(&self) -> bool {
        self.equal_after.is_some()
            && self.tables_equal
            && self.false_deaths == 0
            && self.unnoticed == 0
    }
}

/// Nodes that come and go.
struct Population<F> {
    sim: Sim,
    chance: Chance,
    look: F,
    /// Nodes that run.
    present: Vec<Index>,
    /// When the present life of each node began, as far as it has had others.
    began: Vec<Duration>,
    /// Nodes that are to run again, and when.
    down: VecDeque<(Duration, Index)>,
    report: ScaleReport,
}

impl<F: FnMut(Duration)> Population<F> {
    fn start(scale: &Scale, seed: u64, look: F) -> Self {
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(0);
        sim.set_link(Link { loss: scale.loss, ..Link::LAN });
        sim.share_rows(scale.shares_rows);
        // That everybody is there is no news to anybody.
        sim.keep_events(false);
        for _ in 0..scale.nodes {
            sim.start();
        }
        sim.run(ALONE);
        sim.acquaint();
        sim.keep_events(true);
        let present: Vec<Index> = sim.nodes().map(|(index, _)| index).collect();
        let began = vec![Duration::ZERO; present.len()];
        let (down, report) = (VecDeque::new(), ScaleReport::default());
        Self { sim, chance: Chance::new(!seed), look, present, began, down, report }
    }

    /// Time since all know each other.
    fn now(&self) -> Duration {
        self.sim.now() - ALONE
    }

    fn run_until(&mut self, end: Duration) {
        while self.now() < end {
            self.sim.run(BEAT.min(end - self.now()));
            self.count_false_deaths();
            let now = self.now();
            (self.look)(now);
        }
    }

    fn come_and_go(&mut self, scale: &Scale, end: Duration) {
        let begun = self.now();
        let crashes_per_s = scale.share_per_minute * to_f64(scale.nodes as u64) / 60.0;
        while self.now() < end {
            let seconds = (self.now() - begun).as_secs_f64();
            while to_f64(self.report.crashed) < crashes_per_s * seconds {
                self.let_one_crash();
            }
            while self.down.front().is_some_and(|(at, _)| *at <= self.now()) {
                self.restart_one();
            }
            while to_f64(self.report.writes) < scale.writes_per_s * seconds {
                self.let_one_write();
            }
            self.run_until((self.now() + BEAT).min(end));
        }
    }

    fn let_one_crash(&mut self) {
        let place = self.draw();
        let goes = self.present.swap_remove(place);
        self.sim.crash(goes);
        self.report.crashed += 1;
        if self.report.crashed.is_multiple_of(2) {
            self.down.push_back((self.now() + DOWN_FOR, goes));
            return;
        }
        let comes = self.sim.start();
        let seed = self.anybody();
        self.sim.join(comes, seed);
        self.present.push(comes);
        self.began.push(self.now());
        self.report.joined += 1;
    }

    fn restart_one(&mut self) {
        let Some((_, who)) = self.down.pop_front() else { return };
        let keeps_disk = self.report.restarted.is_multiple_of(2);
        let seed = self.anybody();
        self.sim.restart(who, if keeps_disk { Disk::Kept } else { Disk::Lost }, seed);
        self.present.push(who);
        self.began[who as usize] = self.now();
        self.report.restarted += 1;
    }

    fn let_one_write(&mut self) {
        let who = self.anybody();
        let value = Bytes::copy_from(&self.chance.draw().to_be_bytes());
        let written = self.sim.update(who, |w| w.set(Space::SHARED, Key::raw("news"), value));
        written.expect("eight bytes fit a cell");
        self.report.writes += 1;
    }

    fn anybody(&mut self) -> Index {
        let place = self.draw();
        self.present[place]
    }

    fn draw(&mut self) -> usize {
        let drawn = self.chance.below(self.present.len() as u64);
        usize::try_from(drawn).expect("below the population")
    }

    /// Lets time pass in which nobody comes or goes, and looks at what is left of it.
    fn come_to_rest(mut self, end: Duration) -> ScaleReport {
        let stopped = self.now();
        while self.now() < end {
            if self.report.equal_after.is_none() && all_agree(&self.sim) {
                self.report.equal_after = Some(self.now() - stopped);
            }
            self.run_until((self.now() + BEAT).min(end));
        }
        let sim = &self.sim;
        self.report.running = self.present.len();
        self.report.tables_equal = all_agree(sim) && sim.tables_are_equal();
        self.report.false_deaths = shown(sim, |is_there, is_shown| is_there && !is_shown);
        self.report.unnoticed = shown(sim, |is_there, is_shown| !is_there && is_shown);
        let rows: usize = sim.nodes().map(|(_, node)| node.table().len()).sum();
        self.report.rows_per_node = to_f64(rows as u64) / to_f64(self.present.len() as u64);
        self.report.datagrams = sim.datagrams_sent();
        self.report.bytes_per_s_per_node = to_f64(sim.bytes_sent())
            / (sim.now() - ALONE).as_secs_f64()
            / to_f64(self.began.len() as u64 - self.report.joined);
        self.report.lost = sim.mishaps().get("loss").copied().unwrap_or_default();
        self.report.hash = sim.run_hash();
        self.report
    }

    /// Reads what all were told since this was called last. A death that is told of who has just
    /// begun a new life is that of the life before.
    fn count_false_deaths(&mut self) {
        let told: Vec<_> = self.sim.take_events().filter_map(|it| about_member(&it)).collect();
        let dead = told.iter().filter(|(_, liveness)| *liveness == Liveness::Dead);
        let dead = dead.map(|(whom, _)| whom);
        let began = |whom: &Index| self.began[*whom as usize];
        let lives =
            |whom: &&Index| self.sim.is_running(**whom) && self.now() - began(whom) >= WARM_UP;
        self.report.false_death_events += dead.filter(lives).count() as u64;
    }
}

/// How many nodes somebody who runs shows so: given whether a node is there, and whether it is shown
/// to be.
fn shown(sim: &Sim, so: impl Fn(bool, bool) -> bool) -> usize {
    let everybody = 0..Index::try_from(sim.slots()).expect("fewer than 2^32 nodes");
    let counts = everybody.filter(|whom| {
        let is_there = sim.is_running(*whom);
        let replica = sim.replica(*whom);
        let mut others = sim.nodes().filter(|(who, _)| who != whom);
        others.any(|(_, node)| {
            let is_shown =
                matches!(node.liveness(replica), Some(Liveness::Alive | Liveness::Suspect));
            so(is_there, is_shown)
        })
    });
    counts.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a second of rest after something was done to three nodes that know each other.
    fn after(done: impl FnOnce(&mut Sim)) -> ScaleReport {
        let scale = Scale {
            nodes: 3,
            span: Scale::SPAN_MIN,
            loss: 0.0,
            share_per_minute: 0.0,
            writes_per_s: 0.0,
            shares_rows: true,
        };
        let mut population = Population::start(&scale, 1, |_| {});
        population.run_until(WARM_UP);
        done(&mut population.sim);
        let end = population.now() + Duration::from_secs(1);
        population.come_to_rest(end)
    }

    #[test]
    fn what_did_not_converge_is_told() {
        assert!(after(|_| {}).has_converged());
        let unnoticed = after(|sim| sim.crash(0));
        assert!(!unnoticed.has_converged() && unnoticed.unnoticed == 1);
        let taken_for_dead = after(|sim| {
            sim.cut(&[0]);
            sim.run(Duration::from_secs(60));
        });
        assert!(!taken_for_dead.has_converged());
        assert_eq!(taken_for_dead.false_deaths, 3, "one of them by one node alone");
        assert!(taken_for_dead.false_death_events > 0);
        let unequal = after(|sim| {
            sim.cut(&[0]);
            let value = Bytes::copy_from(b"what others do not hear of");
            let written = sim.update(0, |w| w.set(Space::SHARED, Key::raw("news"), value));
            written.expect("it fits a cell");
        });
        assert!(!unequal.has_converged() && !unequal.tables_equal);
        assert_eq!(unequal.equal_after, None);
    }
}
