//! Who judges a run.

mod agreement;
mod bounds;
mod collection;
mod detection;
mod kept;
mod liars;
mod meetings;
mod members;
mod reads;
mod refusals;
mod rows;
mod silence;

use core::time::Duration;
use std::collections::BTreeSet;

use rumormill_core::crdt::ReplicaId;

use super::{
    copies::{Copies, Touched},
    history::History,
    plan::Plan,
    workload::Workload,
};
use crate::{Sim, spread::to_f64};

pub(crate) use self::{agreement::Agreement, detection::Detection, kept::Kept};
use self::{
    bounds::Bounds, collection::Collection, liars::Liars, meetings::Meetings, members::Members,
    reads::Reads, refusals::Refusals, rows::Rows, silence::Silence,
};

/// What an oracle sees: everything.
pub(crate) struct Scene<'s, W: Workload> {
    pub(crate) sim: &'s Sim,
    pub(crate) plan: &'s Plan,
    pub(crate) history: &'s History<W::Edit>,
    pub(crate) copies: &'s Copies,
    /// Members that lied.
    pub(crate) liars: &'s BTreeSet<ReplicaId>,
}

/// A sentence that says what should have been.
pub(crate) type Verdict = Result<(), String>;

/// Judges a run while it goes on, and at its end. Each says nothing of what it was not told to
/// look at.
pub(crate) trait Oracle<W: Workload> {
    /// What it is called where it finds something.
    fn name(&self) -> &'static str;

    /// Looks at a process whose table changed.
    fn look(&mut self, _scene: &Scene<'_, W>, _touched: &Touched) -> Verdict {
        Ok(())
    }

    /// Looks at everybody, each second.
    fn each_second(&mut self, _scene: &Scene<'_, W>) -> Verdict {
        Ok(())
    }

    /// Judges a population that was left alone for a while.
    fn at_rest(&mut self, _scene: &Scene<'_, W>) -> Verdict {
        Ok(())
    }
}

/// All that look on all the time.
pub(crate) fn all<W: Workload + 'static>() -> Vec<Box<dyn Oracle<W>>> {
    vec![
        Box::new(Rows),
        Box::new(Reads::<W>::new()),
        Box::new(Refusals),
        Box::new(Bounds::default()),
        Box::new(Members::default()),
        Box::new(Collection),
        Box::new(Silence::default()),
        Box::new(Meetings),
        Box::new(Liars),
    ]
}

/// Fails with a sentence unless something holds.
fn ensure(holds: bool, sentence: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(sentence()) }
}

/// How long a population is left alone before it is judged: markers are forgotten, dead members
/// found out, refutations heard; and then for a while, in which nothing may happen.
pub(crate) fn rest(plan: &Plan) -> Duration {
    plan.config.forget_after * 2 + Duration::from_secs(240)
}

fn per_second(count: u64, span: Duration) -> f64 {
    to_f64(count) / span.as_secs_f64()
}
