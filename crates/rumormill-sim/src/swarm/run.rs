//! Runs a plan: a storm, then all is mended, then rest.

use core::{panic::AssertUnwindSafe, time::Duration};
use std::{collections::BTreeMap, panic::catch_unwind};

use rumormill_core::crdt::{RowId, Table};

use super::{
    coverage::Coverage,
    judges::Judges,
    oracle::{Agreement, Detection, Kept, rest},
    plan::{Plan, SEEDS},
    report::Outcome,
    weather::Weather,
    workload::Workload,
};
use crate::{Chance, Index, Sim};

/// How often it is looked whether all agree.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const SECOND: Duration = Duration::from_secs(1);

/// The longest that tables may differ after all was mended.
const AGREE_MAX: Duration = Duration::from_secs(120);

/// The same where a budget holds nodes back.
const AGREE_ON_BUDGET_MAX: Duration = Duration::from_secs(360);

/// A run under way.
pub(super) struct Run<'p, W: Workload> {
    pub(super) plan: &'p Plan,
    pub(super) sim: Sim,
    pub(super) judges: Judges<'p, W>,
    pub(super) weather: Weather,
    /// Which fault has befallen a node.
    pub(super) befallen: BTreeMap<Index, usize>,
    /// The second process of a node that has one.
    pub(super) twins: BTreeMap<Index, Index>,
    pub(super) injected: BTreeMap<&'static str, u64>,
    pub(super) coverage: Coverage,
    node_time: Duration,
    ticked_at: Duration,
    edits: u64,
    agreed_after: Option<Duration>,
    detected_after: Option<Duration>,
}

/// Something that happens at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    End(usize),
    Begin(usize),
    Save(Index),
    Write(usize),
}

impl Plan {
    /// Runs it. All oracles look on.
    #[must_use]
    pub fn run<W: Workload + 'static>(&self) -> Outcome {
        self.run_with_trace::<W>(0)
    }

    /// Runs it, and keeps the last lines of what happened.
    #[must_use]
    pub fn run_with_trace<W: Workload + 'static>(&self, lines_max: usize) -> Outcome {
        let run = || {
            let sim = Sim::new(self.seed, self.config.clone()).trace_lines(lines_max);
            let sim = if self.is_signed { sim.signed() } else { sim };
            Run::<W>::new(self, sim).go()
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Outcome::of_panic(&*panic))
    }

    fn moments(&self) -> Vec<(Duration, Moment)> {
        let schedule = &self.schedule;
        let faults = || schedule.faults.iter().enumerate();
        let begins = faults().map(|(number, it)| (it.at, Moment::Begin(number)));
        let ends = faults().map(|(number, it)| (it.ends(), Moment::End(number)));
        let saves = schedule.saves.iter().map(|(at, who)| (*at, Moment::Save(*who)));
        let writes =
            schedule.writes.iter().enumerate().map(|(number, it)| (it.0, Moment::Write(number)));
        let moments = begins.chain(ends).chain(saves).chain(writes);
        let mut moments: Vec<_> = moments.filter(|(at, _)| *at < self.storm).collect();
        moments.sort_unstable();
        moments
    }
}

impl<'p, W: Workload + 'static> Run<'p, W> {
    fn new(plan: &'p Plan, sim: Sim) -> Self {
        Self {
            plan,
            sim,
            judges: Judges::new(plan),
            weather: Weather::default(),
            befallen: BTreeMap::new(),
            twins: BTreeMap::new(),
            injected: BTreeMap::new(),
            coverage: Coverage::new(),
            node_time: Duration::ZERO,
            ticked_at: Duration::ZERO,
            edits: 0,
            agreed_after: None,
            detected_after: None,
        }
    }

    fn go(mut self) -> Outcome {
        let _ = self.populate() || self.weather_the_storm() || self.mend() || self.rest();
        let mut faults = self.sim.mishaps().clone();
        faults.extend(self.injected.iter().map(|(kind, count)| (*kind, *count)));
        Outcome {
            hash: self.sim.run_hash(),
            node_time: self.node_time,
            datagrams: self.sim.datagrams_sent(),
            edits: self.edits,
            faults,
            agreed_after: self.agreed_after,
            detected_after: self.detected_after,
            covered: self.coverage.conclude(&self.sim),
            trace: self.sim.trace(),
            violation: self.judges.into_violation(),
        }
    }

    /// Each part of a run says whether it ended the run.
    fn populate(&mut self) -> bool {
        for _ in 0..self.plan.nodes {
            self.start();
        }
        if self.plan.is_acquainted {
            self.sim.acquaint();
        }
        // Who is away for too long forgets everybody and is forgotten: seeds bring it back.
        (0..self.plan.nodes).for_each(|who| self.join(who));
        (0..self.plan.nodes).any(|who| self.judges.look(&self.sim, who))
    }

    pub(super) fn start(&mut self) -> Index {
        let who = self.sim.start();
        self.judges.look(&self.sim, who);
        who
    }

    /// Joins by the nodes that others join by, whether these run or not.
    pub(super) fn join(&mut self, who: Index) {
        for seed in (0..SEEDS.min(self.plan.nodes)).filter(|seed| *seed != who) {
            self.sim.join(who, seed);
        }
        self.judges.look(&self.sim, who);
    }

    fn weather_the_storm(&mut self) -> bool {
        for (at, moment) in self.plan.moments() {
            if self.advance_to(at) {
                return true;
            }
            match moment {
                Moment::End(number) => self.end(number),
                Moment::Begin(number) => self.begin(number),
                Moment::Save(who) => self.save(who),
                Moment::Write(number) => self.write(number),
            }
        }
        self.advance_to(self.plan.storm)
    }

    fn save(&mut self, who: Index) {
        if self.sim.is_running(who) {
            self.sim.save(who);
        }
    }

    fn write(&mut self, number: usize) {
        let (_, who, seed) = self.plan.schedule.writes[number];
        if !self.sim.is_running(who) || self.is_asleep(who) {
            return;
        }
        let mut chance = Chance::new(seed);
        let seen = self.judges.copies.of(who).map(|copy| copy.heard.clone()).unwrap_or_default();
        let before = self.sim.node(who).table().bookmark();
        let done = self.sim.update(who, |writer| W::edit(number as u64, &mut chance, writer));
        if let Some((space, edit)) = done {
            let table: &Table = self.sim.node(who).table();
            let row = RowId { space, life: table.life() };
            if let Some(written) = table.row(row) {
                let (version, stamp) = (written.version(), written.head().timestamp);
                if table.bookmark() != before {
                    let verdict = self.judges.history.is_later(stamp, &seen);
                    self.judges.find(
                        &self.sim,
                        "an edit is stamped after all it had heard of",
                        verdict,
                    );
                }
                let place = self.judges.history.note((row, version), stamp, edit, seen);
                self.judges.copies.hear_at_once(row, version, place);
                self.edits += 1;
            }
        }
        self.judges.look(&self.sim, who);
    }

    /// Ends whatever is wrong, and waits until all tables are equal.
    fn mend(&mut self) -> bool {
        self.end_all();
        let mut kept = Kept::default();
        kept.note(&self.judges.scene(&self.sim));
        let budget = self.plan.config.bytes_per_second;
        let limit = budget.map_or(AGREE_MAX, |_| AGREE_ON_BUDGET_MAX);
        if self.agree_within(limit, "all tables are equal once all is mended") {
            return true;
        }
        self.agreed_after = Some(self.sim.now().saturating_sub(self.plan.storm));
        let verdict = kept.judge(&self.judges.scene(&self.sim));
        self.judges.find(&self.sim, "what anybody held is kept", verdict)
    }

    fn agree_within(&mut self, limit: Duration, claim: &'static str) -> bool {
        let begun = self.sim.now();
        let agreement = Agreement::on(&self.sim, self.plan);
        while !agreement.is_reached(&self.sim) {
            if self.advance(LOOK_EVERY) {
                return true;
            }
            if self.sim.now() - begun > limit {
                let lacks = agreement.lacks(&self.sim);
                let verdict = Err(format!("after {limit:?} they differ in {lacks}"));
                return self.judges.find(&self.sim, claim, verdict);
            }
        }
        let are_equal = self.plan.forgets() || self.sim.tables_are_equal();
        let verdict = if are_equal { Ok(()) } else { Err("their cells differ".to_owned()) };
        self.judges.find(&self.sim, claim, verdict)
    }

    fn rest(&mut self) -> bool {
        self.advance(rest(self.plan))
            || self.agree_within(10 * SECOND, "tables stay equal at rest")
            || self.judges.judge_at_rest(&self.sim)
            || self.lose_one()
    }

    /// Lets one node crash, and waits until all know.
    fn lose_one(&mut self) -> bool {
        let running: Vec<_> = self.sim.nodes().map(|(who, _)| who).collect();
        let [_, .., gone] = running[..] else { return false };
        let detection = Detection { gone, at: self.sim.now() };
        self.crash(gone, false);
        let limit = Detection::limit(&self.plan.config, running.len());
        while !detection.is_known(&self.judges.scene(&self.sim)) {
            if self.advance(LOOK_EVERY) {
                return true;
            }
            if self.sim.now() - detection.at > limit {
                let verdict = detection.judge(&self.judges.scene(&self.sim));
                return self.judges.find(&self.sim, "a crash is found out in time", verdict);
            }
        }
        self.detected_after = Some(self.sim.now() - detection.at);
        false
    }

    fn advance(&mut self, span: Duration) -> bool {
        self.advance_to(self.sim.now() + span)
    }

    fn advance_to(&mut self, end: Duration) -> bool {
        while self.sim.now() < end {
            let tick = self.ticked_at + SECOND;
            let begun = self.sim.now();
            let running = u32::try_from(self.sim.nodes().count()).expect("fewer than 2^32");
            let Self { sim, judges, .. } = self;
            let span = end.min(tick) - begun;
            sim.run_until(span, |sim, touched| judges.look(sim, touched));
            self.node_time += (self.sim.now() - begun) * running;
            if self.judges.has_found() {
                return true;
            }
            if self.sim.now() >= tick {
                self.ticked_at = tick;
                self.drift();
                self.lie();
                self.judges.look_each_second(&self.sim);
            }
        }
        self.judges.has_found()
    }
}
