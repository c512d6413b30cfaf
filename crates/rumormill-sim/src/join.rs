//! How long it takes to become a member, and how long until a population is one.

use core::time::Duration;

use rumormill_core::{
    Config,
    crdt::{Bytes, Key, ReplicaId, Space},
};

use crate::{Index, Link, Sim, spread::to_f64};

/// How long the population settles before somebody joins it.
const WARM_UP: Duration = Duration::from_secs(5);

/// The longest that a newcomer may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The longest that a population may take in which nobody knows anybody.
const COLD_LIMIT: Duration = Duration::from_secs(120);

/// Who knows so many others can gossip.
const USEFUL_MEMBERS: usize = 8;

/// The node that is everybody's seed.
const SEED: Index = 0;

/// The length of the value that every node has written.
const VALUE_LEN: usize = 40;

/// A population, and how it comes together.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// The population, newcomer included.
    pub nodes: usize,
    /// The share of datagrams that get lost from the moment of joining.
    pub loss: f64,
}

/// When one more node was part of a population in which everybody knows everybody; times are
/// since it joined, and nothing for what took longer than a minute.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct JoinReport {
    /// When it knew 8 others, or all if there are fewer.
    pub joiner_is_useful: Option<Duration>,
    /// When it knew all others.
    pub joiner_knows_all: Option<Duration>,
    /// When it held what all others had written.
    pub joiner_has_table: Option<Duration>,
    /// When all others knew it.
    pub all_know_joiner: Option<Duration>,
    /// The bytes it had sent and received when it knew all others.
    pub joiner_bytes: Option<u64>,
}

/// When nodes that all started at once, and joined one of them, knew each other; times are since
/// the start, and nothing for what took longer than two minutes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ColdStartReport {
    /// When everybody knew everybody.
    pub all_know_all: Option<Duration>,
    /// The bytes sent, per node, until everybody knew everybody.
    pub bytes_per_node: Option<f64>,
}

impl Join {
    /// Lets one node join all others, which have known each other for a while.
    ///
    /// # Panics
    ///
    /// If there is nobody to join.
    #[must_use]
    pub fn run(&self, seed: u64) -> JoinReport {
        assert!(self.nodes > 1, "a newcomer joins somebody");
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(0);
        start_writers(&mut sim, self.nodes - 1);
        sim.acquaint();
        sim.run(WARM_UP);
        sim.set_link(Link { loss: self.loss, ..Link::LAN });
        let joiner = sim.start();
        sim.join(joiner, SEED);
        let mut watch = Watch::new(&sim, joiner, self.nodes - 1);
        sim.run_until(LIMIT, |sim, touched| watch.look(sim, touched));
        watch.report
    }

    /// Starts all nodes at once, and lets them join one of them.
    ///
    /// # Panics
    ///
    /// If there are no nodes.
    #[must_use]
    pub fn run_cold(&self, seed: u64) -> ColdStartReport {
        assert!(self.nodes > 0, "somebody starts");
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(0);
        sim.set_link(Link { loss: self.loss, ..Link::LAN });
        let started: Vec<Index> = (0..self.nodes).map(|_| sim.start()).collect();
        for index in started.into_iter().filter(|index| *index != SEED) {
            sim.join(index, SEED);
        }
        let mut watch = ColdWatch::new(self.nodes);
        sim.run_until(COLD_LIMIT, |sim, touched| watch.look(sim, touched));
        watch.report
    }
}

/// Starts nodes that each have a row to share.
pub(crate) fn start_writers(sim: &mut Sim, count: usize) -> Vec<Index> {
    let started: Vec<Index> = (0..count).map(|_| sim.start()).collect();
    started.iter().for_each(|index| overwrite(sim, *index, 0));
    started
}

/// Writes the one value of a node anew.
pub(crate) fn overwrite(sim: &mut Sim, who: Index, byte: u8) {
    let value = Bytes::copy_from(&[byte; VALUE_LEN]);
    let written = sim.update(who, |writer| writer.set(Space::SHARED, Key::raw("load"), value));
    written.expect("the value fits a cell");
}

/// Looks who knows whom while a newcomer joins.
struct Watch {
    joiner: Index,
    replica: ReplicaId,
    begun: Duration,
    others: usize,
    /// By node, whether it knows the newcomer.
    knows_joiner: Vec<bool>,
    report: JoinReport,
}

impl Watch {
    fn new(sim: &Sim, joiner: Index, others: usize) -> Self {
        Self {
            joiner,
            replica: sim.node(joiner).identity().replica,
            begun: sim.now(),
            others,
            knows_joiner: vec![false; others],
            report: JoinReport::default(),
        }
    }

    /// Looks at a node that did something, and says whether all is known that is to be known.
    fn look(&mut self, sim: &Sim, touched: Index) -> bool {
        if touched == self.joiner {
            self.look_at_joiner(sim);
        } else {
            self.look_at_other(sim, touched);
        }
        let report = &self.report;
        let all = [report.joiner_knows_all, report.joiner_has_table, report.all_know_joiner];
        all.iter().all(Option::is_some)
    }

    fn look_at_joiner(&mut self, sim: &Sim) {
        let (node, since) = (sim.node(self.joiner), sim.now() - self.begun);
        let (others, report) = (self.others, &mut self.report);
        let known = node.members().count();
        if known >= others.min(USEFUL_MEMBERS) {
            report.joiner_is_useful.get_or_insert(since);
        }
        if known >= others {
            report.joiner_knows_all.get_or_insert(since);
            let stats = node.stats();
            report.joiner_bytes.get_or_insert(stats.bytes_sent + stats.bytes_received);
        }
        if node.table().rows_in(Space::SHARED).count() >= others {
            report.joiner_has_table.get_or_insert(since);
        }
    }

    fn look_at_other(&mut self, sim: &Sim, touched: Index) {
        let Some(knows) = self.knows_joiner.get_mut(touched as usize) else { return };
        let mut rows = sim.node(touched).table().rows_of(Space::SELF, self.replica);
        if *knows || rows.next().is_none() {
            return;
        }
        *knows = true;
        if self.knows_joiner.iter().all(|knows| *knows) {
            self.report.all_know_joiner = Some(sim.now() - self.begun);
        }
    }
}

/// Looks who knows everybody in a population that has just started.
struct ColdWatch {
    /// By node, how many rows it held when it was looked at last.
    rows: Vec<usize>,
    /// How many nodes know all others, and by node, which.
    knowing: usize,
    knows_all: Vec<bool>,
    report: ColdStartReport,
}

impl ColdWatch {
    fn new(nodes: usize) -> Self {
        Self {
            rows: vec![0; nodes],
            knowing: 0,
            knows_all: vec![false; nodes],
            report: ColdStartReport::default(),
        }
    }

    /// Looks at a node that did something, and says whether all is known that is to be known.
    fn look(&mut self, sim: &Sim, touched: Index) -> bool {
        let (node, nodes) = (sim.node(touched), self.rows.len());
        let held = node.table().len();
        let before = core::mem::replace(&mut self.rows[touched as usize], held);
        let knows_all = &mut self.knows_all[touched as usize];
        if held > before && !*knows_all && node.members().count() + 1 >= nodes {
            *knows_all = true;
            self.knowing += 1;
        }
        if self.knowing == nodes && self.report.all_know_all.is_none() {
            let bytes: u64 = sim.nodes().map(|(_, node)| node.stats().bytes_sent).sum();
            self.report.bytes_per_node = Some(to_f64(bytes) / to_f64(nodes as u64));
            self.report.all_know_all = Some(sim.now());
        }
        self.report.all_know_all.is_some()
    }
}
