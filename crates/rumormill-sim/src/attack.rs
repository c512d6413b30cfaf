//! Whether anybody who is well can be made to look dead.
//!
//! A small population, one of whose members is the victim: it runs, and is reached. For some seconds
//! attackers say whatever can be said against it, to anybody, in anybody's name: suspicions, verdicts
//! and words that it is there, of incarnations small, large and the largest; that it said good-bye; later
//! versions and lives of its rows. The attackers are somebody outside, or members, fewer than it takes to
//! confirm a suspicion.

use core::time::Duration;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use rumormill_core::{
    Config, Liveness,
    crdt::{Bytes, Key, Life, ReplicaId, Row},
    forging::{Forger, Lie},
};

use crate::{Chance, Index, Sim, sim::slander};

/// How often somebody tries to make a member look dead.
#[derive(Clone, Debug)]
pub struct Attack {
    /// Draws everything.
    pub seed: u64,
}

/// What came of one attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AttackReport {
    /// Whether members signed what they wrote.
    pub is_signed: bool,
    /// How many lies were told.
    pub lies: u64,
    /// How many members took the victim for dead, or for gone, however shortly.
    pub misled: u64,
    /// The longest time that one of them did.
    pub longest: Duration,
    /// Whether anybody did for longer than a refutation takes, or still does in the end.
    pub succeeded: bool,
}

/// A refutation takes as long as news takes to reach all: three rumor periods, among so few.
const REFUTED_AFTER: Duration = Duration::from_millis(600);

/// How long attackers go on, and how long it is waited afterwards.
const LASTS: Duration = Duration::from_secs(8);
const AFTER: Duration = Duration::from_secs(4);

/// So often each attacker says something.
const EVERY: Duration = Duration::from_millis(50);

impl Attack {
    /// Runs it.
    #[must_use]
    pub fn run(&self) -> AttackReport {
        let mut chance = Chance::new(self.seed ^ 0x4154_5441_434b_2121);
        let nodes = 5 + u32::try_from(chance.below(6)).unwrap_or(0);
        let is_signed = chance.happens(0.5);
        let config = Config::DEFAULT;
        let most = u32::try_from(config.suspicion_confirmations).unwrap_or(0);
        let sim = Sim::new(self.seed, config).trace_lines(0);
        let mut sim = if is_signed { sim.signed() } else { sim };
        let first = sim.start();
        for _ in 1..nodes {
            let who = sim.start();
            sim.join(who, first);
        }
        sim.run(Duration::from_secs(2));
        let insiders = u32::try_from(chance.below(u64::from(most) + 1)).unwrap_or(0);
        let mut siege = Siege::begin(sim, chance, insiders, is_signed);
        while siege.sim.now() < siege.ends {
            siege.attack();
            siege.watch(EVERY);
        }
        siege.watch(AFTER);
        siege.conclude()
    }
}

/// An attack under way.
struct Siege {
    sim: Sim,
    chance: Chance,
    /// Where nobody signs, anybody can write another's rows, and rows are let alone.
    is_signed: bool,
    victim: Index,
    /// Members from this one on are attackers; nobody, if it is somebody outside.
    first_insider: Index,
    forgers: Vec<(Index, Forger)>,
    ends: Duration,
    /// Since when a member takes the victim for gone.
    misled: BTreeMap<Index, Duration>,
    report: AttackReport,
}

impl Siege {
    fn begin(mut sim: Sim, mut chance: Chance, insiders: u32, is_signed: bool) -> Self {
        let nodes = Index::try_from(sim.slots()).expect("few nodes");
        let first_insider = nodes - insiders;
        let forgers = if insiders == 0 {
            // Somebody who knows the name of the population, at an address where no member is.
            let life = Life { replica: ReplicaId(chance.draw()), epoch: 1 };
            vec![(sim.unoccupied(), Forger::new(life, &Config::DEFAULT, chance.draw()))]
        } else {
            let insiders = first_insider..nodes;
            insiders.map(|who| (who, sim.forger(who, chance.draw()))).collect()
        };
        let victim = Index::try_from(chance.below(u64::from(first_insider))).expect("few nodes");
        let ends = sim.now() + LASTS;
        let report = AttackReport { is_signed, ..AttackReport::default() };
        let misled = BTreeMap::new();
        Self { sim, chance, is_signed, victim, first_insider, forgers, ends, misled, report }
    }

    /// Each attacker says something to somebody.
    fn attack(&mut self) {
        let lives: Vec<Life> = self.sim.nodes().map(|(_, node)| node.life()).collect();
        let rows: Vec<Arc<Row<Key, Bytes>>> = self.rows_of_the_victim();
        let Self { sim, chance, is_signed, victim, forgers, report, .. } = self;
        for (who, forger) in forgers {
            let mut any = || lives[usize::try_from(chance.below(lives.len() as u64)).unwrap_or(0)];
            let (about, accuser, sender) = (lives[*victim as usize], any(), any());
            let is_about_row = *is_signed && chance.happens(0.2);
            let told = if is_about_row {
                let lies = Lie::ALL.iter().filter(|(lie, _)| !lie.is_about_own_rows());
                let lies: Vec<Lie> = lies.map(|(lie, _)| *lie).collect();
                let lie = lies[usize::try_from(chance.below(lies.len() as u64)).unwrap_or(0)];
                let row = &rows[usize::try_from(chance.below(rows.len() as u64)).unwrap_or(0)];
                forger.lie(lie, row)
            } else {
                slander(chance, forger, about, accuser, sender)
            };
            let to = Index::try_from(chance.below(lives.len() as u64)).expect("few nodes");
            if let Some(told) = told.filter(|_| to != *who) {
                report.lies += 1;
                sim.inject(*who, to, &told);
            }
        }
    }

    fn rows_of_the_victim(&self) -> Vec<Arc<Row<Key, Bytes>>> {
        let life = self.sim.node(self.victim).life();
        let rows = self.sim.node(self.victim).table().rows();
        rows.filter(|row| row.id().life == life).map(Arc::clone).collect()
    }

    /// Lets time pass, and looks at all who are honest after everything that happens.
    fn watch(&mut self, span: Duration) {
        let Self { sim, victim, first_insider, misled, report, .. } = self;
        let victim_is = sim.replica(*victim);
        sim.run_until(span, |sim, touched| {
            if touched < *first_insider && touched != *victim {
                let liveness = sim.node(touched).liveness(victim_is);
                let is_misled = matches!(liveness, Some(Liveness::Dead | Liveness::Left) | None);
                note(misled, report, touched, is_misled, sim.now());
            }
            false
        });
    }

    fn conclude(mut self) -> AttackReport {
        let now = self.sim.now();
        for since in self.misled.values() {
            self.report.longest = self.report.longest.max(now - *since);
        }
        self.report.succeeded = !self.misled.is_empty() || self.report.longest > REFUTED_AFTER;
        self.report
    }
}

/// Takes note of what a member takes the victim for.
fn note(
    misled: &mut BTreeMap<Index, Duration>,
    report: &mut AttackReport,
    who: Index,
    is_misled: bool,
    now: Duration,
) {
    if is_misled {
        if let Entry::Vacant(place) = misled.entry(who) {
            place.insert(now);
            report.misled += 1;
        }
    } else if let Some(since) = misled.remove(&who) {
        report.longest = report.longest.max(now - since);
    }
}
