//! Cuts a schedule down to what still fails.

use super::{
    plan::Plan,
    report::{Outcome, Violation},
    workload::Workload,
};

/// A plan that fails, cut down as far as so many tries went.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// What is left.
    pub plan: Plan,
    /// What came of it, with the last lines of its trace.
    pub outcome: Outcome,
    /// How many runs it took.
    pub tries: u32,
}

/// The trace around a violation has so many lines.
const TRACE_LINES: usize = 200;

impl Plan {
    /// Leaves out faults and writes, halves at first and then less and less, as long as the same
    /// oracle finds something in what is left; at most so many runs.
    ///
    /// Delta debugging, by Zeller and Hildebrandt (2002), with complements alone.
    #[must_use]
    pub fn shrink<W: Workload + 'static>(&self, found: &Violation, tries_max: u32) -> Shrunk {
        let mut shrinking =
            Shrinking { plan: self.clone(), oracle: found.oracle, tries: tries_max };
        // What comes after the violation had no part in it.
        let happens = |at| at <= found.at;
        shrinking.plan.schedule.faults.retain(|it| happens(it.at));
        shrinking.plan.schedule.writes.retain(|it| happens(it.0));
        if !shrinking.still_fails::<W>(&shrinking.plan.clone()) {
            shrinking.plan = self.clone();
        }
        shrinking.cut::<W, _>(|plan| &mut plan.schedule.faults);
        shrinking.cut::<W, _>(|plan| &mut plan.schedule.writes);
        shrinking.cut::<W, _>(|plan| &mut plan.schedule.saves);
        let outcome = shrinking.plan.run_with_trace::<W>(TRACE_LINES);
        Shrunk { plan: shrinking.plan, outcome, tries: tries_max - shrinking.tries }
    }
}

struct Shrinking {
    plan: Plan,
    oracle: &'static str,
    tries: u32,
}

impl Shrinking {
    fn still_fails<W: Workload + 'static>(&mut self, plan: &Plan) -> bool {
        self.tries -= 1;
        plan.run::<W>().violation.is_some_and(|it| it.oracle == self.oracle)
    }

    /// Leaves out stretches of one of the lists.
    fn cut<W: Workload + 'static, T>(&mut self, list: impl Fn(&mut Plan) -> &mut Vec<T>) {
        let mut len = list(&mut self.plan).len();
        while len > 0 {
            let mut start = 0;
            while start < list(&mut self.plan).len() && self.tries > 0 {
                let mut without = self.plan.clone();
                let whole = list(&mut without);
                let end = whole.len().min(start + len);
                whole.drain(start..end);
                if self.still_fails::<W>(&without) {
                    self.plan = without;
                } else {
                    start += len;
                }
            }
            len /= 2;
        }
    }
}
