//! What a seed stands for: a population, its configuration, what is written, and what goes wrong.

use core::{num::NonZeroU32, time::Duration};
use std::collections::BTreeSet;

use rumormill_core::{Config, Mode, crdt::Retention};

use super::fault::{Fault, Planned, Schedule};
use crate::{Chance, Delays, Disk, Index, Vice, Vices};

/// What a seed stands for. Plain data: the same plan gives the same run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Draws all of the rest, and all chance in the run.
    pub seed: u64,
    /// How many nodes there are in the beginning.
    pub nodes: Index,
    /// How each of them behaves.
    pub config: Config,
    /// Whether they know each other from the first moment. They join the first two in any case.
    pub is_acquainted: bool,
    /// Whether they sign what they write.
    pub is_signed: bool,
    /// How long things go wrong. After that all is mended.
    pub storm: Duration,
    /// What happens meanwhile.
    pub schedule: Schedule,
}

const SECOND: Duration = Duration::from_secs(1);

/// In a population below this, one fault follows upon the other.
const FEW: Index = 9;

/// Nodes that others join by. They may fail, but they come back.
pub(crate) const SEEDS: Index = 2;

/// The longest that a wall clock may be ahead where nothing is to be refused.
const SKEW_MAX: Duration = Duration::from_secs(2);

impl Plan {
    /// Draws a plan.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        Self::draw_of(seed, |dice| dice.one_in(16))
    }

    /// Draws a plan in which members sign and some of them lie, if there are enough.
    #[must_use]
    pub fn draw_among_liars(seed: u64) -> Self {
        Self::draw_of(seed, |_| true)
    }

    fn draw_of(seed: u64, signs: fn(&mut Dice) -> bool) -> Self {
        let mut dice = Dice(Chance::new(seed ^ 0x5157_4152_4d50_4c41));
        let nodes = dice.population();
        let retains = dice.one_in(8);
        let storm = if retains { dice.span(280, 340) } else { dice.span(120, 270) };
        let mut config = dice.config(retains);
        let mut schedule = Schedule {
            faults: dice.faults(nodes, storm, retains),
            writes: dice.writes(nodes, storm),
            saves: dice.saves(nodes, storm),
        };
        let is_acquainted = dice.one_in(2);
        // Dice of their own: all of this is drawn beside what was drawn before.
        let mut dice = Dice(Chance::new(seed ^ 0x5349_474e_4544_2121));
        let is_signed = signs(&mut dice) && !retains && nodes > SEEDS + 1;
        if is_signed {
            schedule.faults.extend(dice.insiders(nodes, storm));
            dice.bound_origins(&mut config);
        }
        if nodes > SEEDS && dice.one_in(8) {
            schedule.faults.push(dice.small_table(nodes, storm));
        }
        if nodes > SEEDS && dice.one_in(3) {
            schedule.faults.extend(dice.leavers(nodes, storm, retains));
        }
        if dice.one_in(8) {
            schedule.writes.extend(dice.burst(nodes, storm));
            schedule.writes.sort_unstable();
        }
        schedule.faults.sort_by_key(|it| it.at);
        if dice.one_in(4) {
            config.limits.stagings_max = dice.between(1, 6) as usize;
        }
        Self { seed, nodes, config, is_acquainted, is_signed, storm, schedule }
    }

    /// The kinds of faults that there are.
    #[must_use]
    pub fn kinds() -> Vec<&'static str> {
        let mut dice = Dice(Chance::new(0));
        let all = (0..KINDS).flat_map(|kind| core::iter::repeat_n(kind, 64));
        let drawn = all.filter_map(|kind| dice.fault(kind, 9, SECOND));
        let mut kinds: Vec<_> = drawn.map(|planned| planned.fault.kind()).collect();
        let others = [Fault::Away(0), Fault::SmallTable(0, 0), Fault::Insider(0, Vices::default())];
        kinds.extend(others.map(|it| it.kind()));
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Whether rows of ended lives are dropped while it runs.
    #[must_use]
    pub fn forgets(&self) -> bool {
        self.config.retention != Retention::FOREVER
    }
}

struct Dice(Chance);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.0.below(u64::from(end))).expect("below 2^32")
    }

    fn between(&mut self, least: u32, end: u32) -> u32 {
        least + self.below(end - least)
    }

    fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    /// To a thousandth of a second.
    fn span(&mut self, least_s: u32, end_s: u32) -> Duration {
        Duration::from_millis(u64::from(self.between(1_000 * least_s, 1_000 * end_s)))
    }

    /// Few find most; 36 on average.
    fn population(&mut self) -> Index {
        match self.below(20) {
            0..4 => self.between(2, 9),
            4..18 => self.between(20, 58),
            _ => self.between(58, 100),
        }
    }

    fn config(&mut self, retains: bool) -> Config {
        let mode = match self.below(10) {
            0 => Mode::Push,
            1 => Mode::Pull,
            2 => Mode::PushPull,
            _ => Mode::PushThenPull,
        };
        let bytes_per_second =
            if self.one_in(8) { Some(self.between(6_000, 20_000)) } else { None };
        Config {
            mode,
            rumor_every: self.rumor_every(mode),
            fanout: self.between(2, 5) as usize,
            zone_bias_per_mille: self.below(751),
            prefer_near: self.one_in(4),
            bytes_per_second: bytes_per_second.and_then(NonZeroU32::new),
            skew_max: SKEW_MAX,
            forget_after: self.span(15, 40),
            retention: if retains {
                Retention::uniform(Some(self.span(130, 160)))
            } else {
                Retention::FOREVER
            },
            ..Config::DEFAULT
        }
    }

    /// Who pulls asks each period, whether there is anything new or not.
    fn rumor_every(&mut self, mode: Mode) -> Duration {
        let millis = match mode {
            Mode::Pull | Mode::PushPull => self.between(600, 1_500),
            Mode::Push | Mode::PushThenPull => self.between(150, 300),
        };
        Duration::from_millis(u64::from(millis))
    }

    /// Each kind is there or not, by a coin of its own: swarm testing (Groce, Zhang, Eide, Chen and
    /// Regehr, ISSTA 2012). What is left out makes room for what is not.
    fn faults(&mut self, nodes: Index, storm: Duration, retains: bool) -> Vec<Planned> {
        let mut faults = Vec::new();
        for kind in 0..KINDS {
            if self.one_in(2) {
                let times = if nodes < FEW { self.between(2, 16) } else { self.between(1, 4) };
                (0..times).for_each(|_| faults.extend(self.fault(kind, nodes, storm)));
            }
        }
        if retains && nodes > SEEDS {
            let who = self.between(SEEDS, nodes);
            let lasts = self.span(180, 240);
            let at = self.span(1, 20);
            faults.push(Planned { at, lasts, fault: Fault::Away(who) });
        }
        if self.one_in(16) {
            self.restart_all(nodes, storm, &mut faults);
        }
        faults.sort_by_key(|it| it.at);
        faults
    }

    /// All processes are killed within some seconds, and come back one by one.
    fn restart_all(&mut self, nodes: Index, storm: Duration, faults: &mut Vec<Planned>) {
        let begins = storm.mul_f64(0.5);
        for who in 0..nodes {
            let fault = Fault::Crash(who, self.disk());
            faults.push(Planned { at: begins + self.span(0, 10), lasts: self.span(1, 30), fault });
        }
    }

    fn fault(&mut self, kind: u32, nodes: Index, storm: Duration) -> Option<Planned> {
        let at = storm.mul_f64(f64::from(self.below(900)) / 1_000.0);
        let lasts = match self.below(3) {
            0 => self.span(20, 90),
            _ if nodes < FEW => self.span(0, 8),
            _ => self.span(1, 20),
        };
        let fault = if kind < NETWORK_KINDS {
            self.network_fault(kind, nodes)
        } else {
            self.node_fault(kind, nodes)?
        };
        Some(Planned { at, lasts, fault })
    }

    fn network_fault(&mut self, kind: u32, nodes: Index) -> Fault {
        let percent = |percent: u32| f64::from(percent) / 100.0;
        match kind {
            0 => Fault::Loss(percent(self.between(1, 60))),
            1 => Fault::Bursts(self.between(3, 60)),
            2 => Fault::Duplication(percent(self.between(1, 50))),
            3 => Fault::Reordering(percent(self.between(1, 40))),
            4 => {
                let spread = Duration::from_millis(u64::from(self.between(1, 60)));
                let heavy = self.one_in(2);
                Fault::TailedDelays(
                    if heavy { Delays::HeavyTailed } else { Delays::Tailed },
                    spread,
                )
            }
            5 => Fault::Corruption(percent(self.between(1, 15))),
            6 => Fault::SmallMtu(self.between(300, 1_200) as usize),
            7 => Fault::Split(self.side(nodes)),
            8 => Fault::OneWay(self.side(nodes)),
            9 => Fault::Bridge(self.side(nodes), self.below(nodes)),
            10 => Fault::Replay(percent(self.between(1, 30))),
            11 => Fault::Junk(percent(self.between(1, 30))),
            _ => {
                let every = Duration::from_millis(u64::from(self.between(100, 5_000)));
                Fault::Flapping(self.side(nodes), every)
            }
        }
    }

    /// Nothing if the population is too small for it.
    fn node_fault(&mut self, kind: u32, nodes: Index) -> Option<Fault> {
        let who = self.below(nodes);
        let other = (nodes > SEEDS).then(|| self.between(SEEDS, nodes));
        let fault = match kind - NETWORK_KINDS {
            0..=2 => Fault::Crash(who, self.disk()),
            3 => Fault::Gone(other?),
            4 => Fault::Leave(who),
            5 => Fault::Pause(who),
            6 => Fault::Slow(who, Duration::from_millis(u64::from(self.between(1, 50)))),
            7 => {
                let most = u32::try_from(SKEW_MAX.as_millis()).expect("seconds");
                Fault::ClockSkew(who, Duration::from_millis(u64::from(self.below(most))))
            }
            8 => Fault::ClockAhead(other?, SECOND * self.between(30, 100_000)),
            9 => Fault::ClockBehind(who, SECOND * self.between(1, 3_600)),
            10 => Fault::ClockDrift(who, self.between(10, 10_000)),
            11 => Fault::Newcomer,
            _ => Fault::Twin(other?),
        };
        Some(fault)
    }

    fn small_table(&mut self, nodes: Index, storm: Duration) -> Planned {
        let at = storm.mul_f64(f64::from(self.below(900)) / 1_000.0);
        let fault = Fault::SmallTable(self.between(SEEDS, nodes), self.between(2, 20));
        Planned { at, lasts: self.span(5, 60), fault }
    }

    /// Some say good-bye within seconds, and stay away for longer than anything is kept if something is not
    /// kept for ever.
    fn leavers(&mut self, nodes: Index, storm: Duration, retains: bool) -> Vec<Planned> {
        let begins = storm.mul_f64(f64::from(self.below(300)) / 1_000.0);
        let leaves = (0..self.between(2, 6)).map(|_| {
            let lasts = if retains { self.span(180, 240) } else { self.span(5, 60) };
            let fault = Fault::Leave(self.between(SEEDS, nodes));
            Planned { at: begins + self.span(0, 10), lasts, fault }
        });
        leaves.collect()
    }

    /// Two nodes write without pause for some seconds.
    fn burst(&mut self, nodes: Index, storm: Duration) -> Vec<(Duration, Index, u64)> {
        let mut at = storm.mul_f64(f64::from(self.below(900)) / 1_000.0);
        let writers = [self.below(nodes), self.below(nodes)];
        let writes = (0..self.between(50, 150)).map(|_| {
            at += Duration::from_millis(u64::from(self.between(1, 100)));
            (at, writers[self.below(2) as usize], self.0.draw())
        });
        writes.filter(|write| write.0 < storm).collect()
    }

    /// Up to a fifth of a population, each with some vices; in one of eight that sign, nobody.
    fn insiders(&mut self, nodes: Index, storm: Duration) -> Vec<Planned> {
        let most = (nodes / 5).max(1);
        let count = if self.one_in(8) { 0 } else { 1 + self.below(most) };
        let liars: BTreeSet<Index> = (0..count).map(|_| self.between(SEEDS, nodes)).collect();
        let liars = liars.into_iter().map(|who| {
            let at = storm.mul_f64(f64::from(self.below(500)) / 1_000.0);
            let lasts = if self.one_in(2) { storm } else { self.span(20, 90) };
            let vices = Vice::all().filter(|_| self.one_in(4)).collect();
            Planned { at, lasts, fault: Fault::Insider(who, vices) }
        });
        liars.collect()
    }

    /// Bounds what one replica may have, or how fast it may write, so that liars get there.
    fn bound_origins(&mut self, config: &mut Config) {
        if self.one_in(2) {
            config.limits.origin_cells_max = self.between(300, 800) as usize;
        } else if let Some(per_second) = NonZeroU32::new(self.between(40, 400)) {
            config.origin_cells_per_second = per_second;
        }
    }

    fn disk(&mut self) -> Disk {
        [Disk::Kept, Disk::Stale, Disk::Lost][self.below(3) as usize]
    }

    /// One node, or about a share of them.
    fn side(&mut self, nodes: Index) -> BTreeSet<Index> {
        if self.one_in(3) {
            return [self.below(nodes)].into();
        }
        let share = self.between(1, 10);
        (0..nodes).filter(|_| self.below(10) < share).collect()
    }

    fn writes(&mut self, nodes: Index, storm: Duration) -> Vec<(Duration, Index, u64)> {
        // Every write goes to everybody.
        let interval_ms = self.between(300, 3_000) * (nodes / 12).max(1);
        let mut writes = Vec::new();
        let mut at = SECOND;
        while at < storm {
            writes.push((at, self.below(nodes), self.0.draw()));
            at += Duration::from_millis(u64::from(self.between(1, 2 * interval_ms)));
        }
        writes
    }

    fn saves(&mut self, nodes: Index, storm: Duration) -> Vec<(Duration, Index)> {
        let mut saves = Vec::new();
        let mut at = SECOND;
        while at < storm {
            saves.push((at, self.below(nodes)));
            at += self.span(1, 10);
        }
        saves
    }
}

/// Kinds of faults of the network.
const NETWORK_KINDS: u32 = 13;

/// Kinds of faults that are drawn, crashes three times.
const KINDS: u32 = NETWORK_KINDS + 13;
