//! Random nodes, edits and faults from one seed; then the network heals, and the truth is known.
//!
//! `RUMORMILL_SEEDS=1000..2000` runs other seeds than the few that every test run does.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    time::Duration,
};

use rumormill_core::{
    Config, Mode,
    crdt::{Column, Life, OrSet, PnCounter, RowId, Space, Version},
};
use rumormill_sim::{Disk, Index, Link, Sim};

const SKILLS: Column<OrSet<u64>> = Column::new(Space::SHARED, "skills");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

/// What really happened, written down as it happened.
#[derive(Default)]
struct Truth {
    /// Each life's total at each version of its counter row.
    totals: BTreeMap<(Life, Version), i128>,
    /// Inserts, each of an element of its own, and the write that did it.
    inserts: BTreeMap<u64, (Life, Version)>,
    /// Removes of an element, and the version of the remover's row that says so.
    removes: Vec<(u64, Life, Version)>,
}

struct Run {
    sim: Sim,
    truth: Truth,
    /// Chance of the schedule, apart from that of the network.
    state: u64,
    nodes: Index,
    faults: BTreeMap<&'static str, u32>,
    watch: Watch,
}

/// What each process has shown so far.
#[derive(Default)]
struct Watch {
    copies: BTreeMap<Index, Copy>,
}

/// One process's table, as its readers saw it.
#[derive(Default)]
struct Copy {
    fingerprint: u64,
    shown: BTreeSet<u64>,
    gone: BTreeSet<u64>,
}

impl Watch {
    /// Looks at a node whose table may have changed. Each element is inserted once, so an element
    /// that was shown and then was not has been removed, and stays so on this copy (I8).
    fn look(&mut self, sim: &Sim, who: Index) {
        if !sim.is_running(who) {
            return;
        }
        let table = sim.node(who).table();
        let copy = self.copies.entry(who).or_default();
        if copy.fingerprint == table.fingerprint() {
            return;
        }
        copy.fingerprint = table.fingerprint();
        let shows = SKILLS.read(table);
        copy.gone.extend(copy.shown.difference(&shows));
        sim.check(copy.gone.is_disjoint(&shows), "what was removed on a copy stays removed there");
        copy.shown = shows;
    }
}

#[test]
fn whatever_happens_tables_agree_and_the_truth_is_kept() {
    let mut faults = BTreeMap::new();
    for seed in seeds() {
        let run = Run::new(seed).go();
        for (fault, times) in run.faults {
            *faults.entry(fault).or_insert(0) += times;
        }
    }
    println!("{faults:?}");
    let kinds = ["crash", "cut", "loss", "kept", "stale", "lost", "remove", "leave"];
    assert!(kinds.iter().all(|kind| faults.contains_key(kind)), "each fault happened");
}

fn seeds() -> Range<u64> {
    let chosen = std::env::var("RUMORMILL_SEEDS").ok();
    let chosen = chosen.as_deref().and_then(|seeds| seeds.split_once(".."));
    let parse = |text: &str| text.parse().expect("RUMORMILL_SEEDS is a range such as 0..100");
    chosen.map_or(0..150, |(start, end)| parse(start)..parse(end))
}

impl Run {
    fn new(seed: u64) -> Self {
        let end = seed + 1;
        let command = format!(
            "RUMORMILL_SEEDS={seed}..{end} cargo test -p rumormill-sim --test random_faults"
        );
        let mode = [Mode::Push, Mode::Pull, Mode::PushPull][usize::from(seed % 3 == 1) * 2];
        let config = Config { mode, forget_after: Duration::from_secs(30), ..Config::DEFAULT };
        let sim = Sim::new(seed, config).replay_with(command).trace_lines(100_000);
        let faults = BTreeMap::new();
        let watch = Watch::default();
        let mut run = Self { sim, truth: Truth::default(), state: seed, nodes: 0, faults, watch };
        run.nodes = 2 + run.below(6);
        let first = run.sim.start();
        for _ in 1..run.nodes {
            let node = run.sim.start();
            run.sim.join(node, first);
        }
        run
    }

    fn go(mut self) -> Self {
        for _ in 0..60 {
            self.happen();
            let pause = Duration::from_millis(u64::from(self.below(1_500)));
            let watch = &mut self.watch;
            self.sim.run_until(pause, |sim, touched| {
                watch.look(sim, touched);
                false
            });
        }
        self.check_traffic();
        self.heal_everything();
        let held = self.held();
        let equal = self.sim.run_until_equal(Duration::from_secs(120));
        self.sim.check(equal.is_some(), "all tables are equal two minutes after everything healed");
        self.check_nothing_held_was_lost(&held);
        self.check_counter();
        self.check_set();
        self.check_silence();
        self
    }

    /// Draws one thing to happen.
    fn happen(&mut self) {
        let who = self.below(self.nodes);
        let running = self.sim.is_running(who);
        match self.below(14) {
            0..=2 if running => self.count(who),
            3..=4 if running => self.insert(who),
            5..=6 if running => self.remove(who),
            7 if running => self.sim.save(who),
            8 if running && self.sim.nodes().count() > 1 => {
                self.note("crash");
                self.sim.crash_without_saving(who);
            }
            9 if running && self.below(4) == 0 && self.sim.nodes().count() > 1 => {
                self.note("leave");
                self.sim.leave(who);
                self.sim.run(Duration::from_secs(1));
                self.sim.crash_without_saving(who);
            }
            10..=11 if !running => self.restart(who),
            12 => {
                self.note("cut");
                let half: Vec<_> = (0..self.nodes).filter(|_| self.below(2) == 0).collect();
                self.sim.cut(&half);
            }
            13 => {
                self.note("loss");
                let share = |percent: u32| f64::from(percent) / 100.0;
                let loss = share(self.below(40));
                let (duplicate, reorder) = (share(self.below(20)), share(self.below(20)));
                self.sim.set_link(Link { loss, duplicate, reorder, ..Link::LAN });
            }
            _ => self.sim.heal(),
        }
    }

    fn count(&mut self, who: Index) {
        let by = i64::from(self.below(9)) - 4;
        self.sim.update(who, |w| CALLS.add(w, by)).expect("a count fits a cell");
        let (life, version) = self.own_row(who, Space::STATS);
        let before = self.truth.totals.get(&(life, version - 1)).copied().unwrap_or(0);
        self.truth.totals.insert((life, version), before + i128::from(by));
    }

    fn insert(&mut self, who: Index) {
        let element = self.truth.inserts.len() as u64;
        self.sim.update(who, |w| SKILLS.insert(w, &element)).expect("a number fits a cell");
        self.truth.inserts.insert(element, self.own_row(who, Space::SHARED));
    }

    fn remove(&mut self, who: Index) {
        let seen = SKILLS.read(self.sim.node(who).table());
        let turn = self.below(1 + u32::try_from(seen.len()).expect("few elements"));
        let Some(element) = seen.into_iter().nth(turn as usize) else { return };
        self.note("remove");
        self.sim.update(who, |w| SKILLS.remove(w, &element)).expect("a kill fits a cell");
        let (life, version) = self.own_row(who, Space::SHARED);
        self.truth.removes.push((element, life, version));
    }

    fn restart(&mut self, who: Index) {
        let disk = [Disk::Kept, Disk::Stale, Disk::Lost][self.below(3) as usize];
        self.watch.copies.remove(&who);
        self.note(match disk {
            Disk::Kept => "kept",
            Disk::Stale => "stale",
            Disk::Lost => "lost",
        });
        let seed = self.sim.nodes().next().map_or(who, |(seed, _)| seed);
        self.sim.restart(who, disk, seed);
    }

    fn heal_everything(&mut self) {
        self.sim.heal();
        self.sim.set_link(Link::LAN);
        for who in 0..self.nodes {
            if !self.sim.is_running(who) {
                self.restart(who);
            }
        }
    }

    /// The greatest version of each row that some running node holds.
    fn held(&self) -> BTreeMap<RowId, Version> {
        let mut held = BTreeMap::new();
        for row in self.sim.nodes().flat_map(|(_, node)| node.table().rows()) {
            let version = held.entry(row.id()).or_default();
            *version = row.version().max(*version);
        }
        held.retain(|id, _| !id.space.is_ephemeral());
        held
    }

    fn check_nothing_held_was_lost(&self, held: &BTreeMap<RowId, Version>) {
        let (_, node) = self.sim.nodes().next().expect("all nodes run");
        for (id, version) in held {
            self.sim.check(node.table().version(*id) >= *version, "what somebody held is held");
        }
    }

    fn check_counter(&self) {
        let (_, node) = self.sim.nodes().next().expect("all nodes run");
        let rows = node.table().rows_in(Space::STATS);
        let totals = rows.map(|row| self.truth.totals[&(row.id().life, row.version())]);
        let expected: i128 = totals.sum();
        self.sim.check(CALLS.read(node.table()) == expected, "the counter is exact");
    }

    /// An element is there if its insert was heard of and no remove of it was. If there was a
    /// remove that nobody remembers, the owner may have obeyed it or not: who holds the owner's
    /// erasing of the insert need not have heard of the remover.
    fn check_set(&self) {
        let (_, node) = self.sim.nodes().next().expect("all nodes run");
        let heard = |life: Life, version: Version| {
            node.table().version(RowId { space: Space::SHARED, life }) >= version
        };
        let seen = SKILLS.read(node.table());
        for (element, &(life, version)) in &self.truth.inserts {
            let removes = || self.truth.removes.iter().filter(|remove| remove.0 == *element);
            let removed = removes().any(|&(_, by, at)| heard(by, at));
            let forgotten = !removed && removes().next().is_some();
            let expected = heard(life, version) && !removed;
            let agrees = seen.contains(element) == expected;
            let obeyed = forgotten && !seen.contains(element);
            self.sim.check(agrees || obeyed, "the set is as edits heard of say");
        }
    }

    /// Answers are bounded by what timers open: at most 25 conversations a node and second (a
    /// comparison, three attempts of a probe, fifteen rumors or pulls, a seed's retries), each of
    /// at most eight datagrams in so small a table, a duplicate of each, from either side.
    fn check_traffic(&self) {
        let sent: u64 = self.sim.nodes().map(|(_, node)| node.stats().datagrams_sent).sum();
        let node_seconds = self.sim.now().as_secs() * u64::from(self.nodes) + 1;
        self.sim
            .check(sent / node_seconds <= 25 * 8 * 2 * 2, "answers draw no answers without end");
    }

    /// What nobody changes does not travel, and liveness costs what it costs.
    fn check_silence(&mut self) {
        self.sim.run(Duration::from_secs(90));
        let traffic = |sim: &Sim| {
            let stats = || sim.nodes().map(|(_, node)| node.stats());
            let deltas: u64 = stats().map(|stats| stats.deltas_sent).sum();
            (deltas, stats().map(|stats| stats.bytes_sent).sum::<u64>())
        };
        let before = traffic(&self.sim);
        self.sim.run(Duration::from_secs(20));
        let after = traffic(&self.sim);
        self.sim.check(after.0 == before.0, "no row travels when nothing changes");
        // Pulling costs its fingerprints: five periods a second, three peers each.
        let budget = 20 * u64::from(self.nodes) * 1_000;
        self.sim.check(after.1 - before.1 <= budget, "a quiet population falls silent");
    }

    fn own_row(&self, who: Index, space: Space) -> (Life, Version) {
        let node = self.sim.node(who);
        let id = RowId { space, life: node.life() };
        (id.life, node.table().version(id))
    }

    fn note(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_insert(0) += 1;
    }

    /// SplitMix64, of Steele, Lea and Flood (OOPSLA 2014), figure 16.
    fn below(&mut self, bound: u32) -> u32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed >> 33) % u64::from(bound)).expect("below a bound of 32 bits")
    }
}
