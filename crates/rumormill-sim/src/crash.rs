//! How long it takes until everybody knows of a crash.

use core::time::Duration;

use rumormill_core::{Config, Liveness};

use crate::{Index, Link, Sim, spread::to_f64, told::Told};

/// How long the population runs before anything gets lost, and again before the crash.
const WARM_UP: Duration = Duration::from_secs(10);

/// The longest that the news may take.
const LIMIT: Duration = Duration::from_secs(120);

/// How long false deaths are counted after the news reached everybody.
const AFTERMATH: Duration = Duration::from_secs(10);

/// The node that crashes.
const VICTIM: Index = 0;

/// One crash in a population in which everybody knows everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Crash {
    /// The population, the node that crashes included.
    pub nodes: usize,
    /// The share of datagrams that get lost, from 10 seconds before the crash on.
    pub loss: f64,
}

/// What came of it; times are since the crash.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CrashReport {
    /// When the first node suspected the one that crashed.
    pub first_suspect: Option<Duration>,
    /// When all nodes took it for dead; nothing if that took longer than two minutes.
    pub known_by_all: Option<Duration>,
    /// How often some node took another for dead that ran.
    pub false_deaths: u64,
}

impl Crash {
    /// Runs it.
    ///
    /// # Panics
    ///
    /// If nobody is left to notice.
    #[must_use]
    pub fn run(&self, seed: u64) -> CrashReport {
        assert!(self.nodes > 1, "somebody notices");
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(0);
        sim.start_acquainted(self.nodes);
        sim.run(WARM_UP);
        sim.set_link(Link { loss: self.loss, ..Link::LAN });
        sim.run(WARM_UP);
        let mut told = Told::default();
        let false_deaths_before = told.false_deaths(&sim, |_| true);
        sim.crash(VICTIM);
        let mut watch = Watch::new(&sim, told, self.nodes);
        sim.run_until(LIMIT, |sim, touched| watch.look(sim, touched));
        sim.run(AFTERMATH);
        let false_deaths_after = watch.told.false_deaths(&sim, |whom| whom != VICTIM);
        watch.report.false_deaths += false_deaths_before + false_deaths_after;
        watch.report
    }

    /// When the first probe of the node that crashed is expected, in theory: each of the others
    /// probes one member an interval, drawn uniformly. Das, Gupta and Motivala, "SWIM" (DSN 2002),
    /// section 3.1.
    ///
    /// ```
    /// use rumormill_sim::Crash;
    /// let crash = Crash { nodes: 1_000, loss: 0.0 };
    /// assert_eq!(crash.theory_first_probe().as_millis(), 1_581);
    /// ```
    #[must_use]
    pub fn theory_first_probe(&self) -> Duration {
        let others = to_f64(self.nodes as u64 - 1);
        let spared_by_all = (1.0 - 1.0 / others).powf(others);
        Config::DEFAULT.probe_every.div_f64(1.0 - spared_by_all)
    }
}

/// Looks who knows of the crash.
struct Watch {
    told: Told,
    begun: Duration,
    /// By node, whether it takes the one that crashed for dead, and how many do not.
    knows: Vec<bool>,
    not_knowing: usize,
    report: CrashReport,
}

impl Watch {
    fn new(sim: &Sim, told: Told, nodes: usize) -> Self {
        Self {
            told,
            begun: sim.now(),
            knows: vec![false; nodes],
            not_knowing: nodes - 1,
            report: CrashReport::default(),
        }
    }

    /// Looks at a node that did something, and says whether all know of the crash.
    fn look(&mut self, sim: &Sim, touched: Index) -> bool {
        let since = sim.now() - self.begun;
        for (whom, liveness) in self.told.by(sim, touched) {
            if whom != VICTIM {
                self.report.false_deaths += u64::from(liveness == Liveness::Dead);
                continue;
            }
            if liveness == Liveness::Suspect {
                self.report.first_suspect.get_or_insert(since);
            }
            let knew =
                core::mem::replace(&mut self.knows[touched as usize], liveness == Liveness::Dead);
            self.not_knowing += usize::from(knew);
            self.not_knowing -= usize::from(liveness == Liveness::Dead);
        }
        if self.not_knowing == 0 {
            self.report.known_by_all = Some(since);
        }
        self.not_knowing == 0
    }
}
