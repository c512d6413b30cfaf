//! All oracles, and what they know.

use std::collections::BTreeSet;

use rumormill_core::crdt::ReplicaId;

use super::{
    copies::Copies,
    history::History,
    oracle::{self, Oracle, Scene, Verdict},
    plan::Plan,
    report::Violation,
    workload::Workload,
};
use crate::{Index, Sim};

/// All oracles, and what they know. The first that finds something ends the run.
pub(super) struct Judges<'p, W: Workload> {
    plan: &'p Plan,
    pub(super) history: History<W::Edit>,
    pub(super) copies: Copies,
    oracles: Vec<Box<dyn Oracle<W>>>,
    /// Whose word is not to be trusted.
    pub(super) liars: BTreeSet<ReplicaId>,
    violation: Option<Violation>,
}

impl<'p, W: Workload + 'static> Judges<'p, W> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            history: History::new(),
            copies: Copies::default(),
            oracles: oracle::all(),
            liars: BTreeSet::new(),
            violation: None,
        }
    }

    /// Looks at a process to which something happened. Says whether somebody found something.
    pub(super) fn look(&mut self, sim: &Sim, who: Index) -> bool {
        let Some(touched) = self.copies.look::<W>(sim, &mut self.history, who) else {
            return self.has_found();
        };
        self.ask(sim, |oracle, scene| oracle.look(scene, &touched))
    }

    pub(super) fn look_each_second(&mut self, sim: &Sim) -> bool {
        self.ask(sim, |oracle, scene| oracle.each_second(scene))
    }

    pub(super) fn judge_at_rest(&mut self, sim: &Sim) -> bool {
        self.ask(sim, |oracle, scene| oracle.at_rest(scene))
    }

    pub(super) const fn scene<'s>(&'s self, sim: &'s Sim) -> Scene<'s, W> {
        let Self { plan, history, copies, liars, .. } = self;
        Scene { sim, plan, history, copies, liars }
    }

    pub(super) const fn has_found(&self) -> bool {
        self.violation.is_some()
    }

    /// Takes in what somebody found, unless somebody else was first.
    pub(super) fn find(&mut self, sim: &Sim, oracle: &'static str, verdict: Verdict) -> bool {
        if let (Err(what), false) = (verdict, self.has_found()) {
            self.violation = Some(Violation { oracle, at: sim.now(), what });
        }
        self.has_found()
    }

    pub(super) fn into_violation(self) -> Option<Violation> {
        self.violation
    }

    fn ask(
        &mut self,
        sim: &Sim,
        mut question: impl FnMut(&mut dyn Oracle<W>, &Scene<'_, W>) -> Verdict,
    ) -> bool {
        let Self { plan, history, copies, oracles, liars, .. } = self;
        let scene = Scene { sim, plan, history, copies, liars };
        let found = oracles.iter_mut().find_map(|oracle| {
            let verdict = question(oracle.as_mut(), &scene);
            verdict.is_err().then(|| (oracle.name(), verdict))
        });
        found.map_or(self.has_found(), |(name, verdict)| self.find(sim, name, verdict))
    }
}
