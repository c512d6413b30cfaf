//! The checks, each in a file of its name.

use rumormill_crdt::{Life, ReplicaId};

use crate::{
    Check, Crdt, Transfer, Who,
    check::{Broken, Checked},
    world::World,
};

mod collection;
mod convergence;
mod deltas;
mod digests;
mod join;
mod refinement;
mod removal;
mod wire;

/// Somebody who only reads.
const OBSERVER: Life = Life { replica: ReplicaId(0), epoch: 0 };

/// A state that was reached, and its name in sentences.
#[derive(Clone)]
pub(crate) struct State<T> {
    pub(crate) name: String,
    pub(crate) value: T,
}

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Checks everything about the replica that took part in a step.
    pub(crate) fn check(&mut self, who: Who) -> Result<Option<Who>, Broken> {
        let Some(x) = self.state(who) else { return Ok(None) };
        self.on(Check::NoPanic);
        self.laws(&x, who)?;
        self.no_resurrection(who)?;
        self.refinement(who)?;
        let name = format!("{who} as of step {}", self.step);
        self.past.push(State { name, ..x });
        Ok(Some(who))
    }

    /// Checks the laws on a replica, others, and states that were reached earlier.
    fn laws(&mut self, x: &State<T>, who: Who) -> Checked {
        let others: Vec<Who> = self.everybody().into_iter().filter(|it| *it != who).collect();
        let others: Vec<State<T>> = others.into_iter().filter_map(|who| self.state(who)).collect();
        let earlier = self.earlier();
        for y in self.some_of(&others) {
            self.same_bytes(&x.value, &y.value)?;
            self.delta_laws(x, y)?;
            self.sent_what_is_lacking(x, y)?;
            for z in &earlier {
                self.join_laws(x, y, z)?;
            }
        }
        others.iter().chain(&earlier).try_for_each(|y| self.equal_digests(x, y))
    }

    /// States that were reached earlier.
    fn earlier(&self) -> Vec<State<T>> {
        let start = State { name: "the start".to_owned(), value: self.fresh(OBSERVER) };
        if self.past.is_empty() { vec![start] } else { self.some_of(&self.past).to_vec() }
    }

    /// One, chosen by how much has happened; or all, if a single check is made. So that, once a
    /// check is known to fail, every shorter history in which it fails is found.
    fn some_of<'s>(&self, states: &'s [State<T>]) -> &'s [State<T>] {
        if self.watch.wanted.len() == 1 {
            return states;
        }
        let number = self.past.len().wrapping_mul(0x9e37_79b9) >> 5;
        number.checked_rem(states.len()).map_or(states, |nth| &states[nth..=nth])
    }

    fn state(&self, who: Who) -> Option<State<T>> {
        let value = self.nodes.get(&who)?.value.clone();
        Some(State { name: who.to_string(), value })
    }

    /// All states, joined by somebody who only reads.
    fn joined(&self, states: &[&T]) -> T {
        let mut joined = self.fresh(OBSERVER);
        for state in states {
            joined.join(state);
        }
        joined
    }
}
