//! The checks, each in a file of its name.

use rumormill_crdt::{Life, ReplicaId};

use crate::{Check, Crdt, Transfer, Who, check::Broken, world::World};

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

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Checks everything about the replica that took part in a step.
    pub(crate) fn check(&mut self, who: Who) -> Result<Option<Who>, Broken> {
        if !self.nodes.contains_key(&who) {
            return Ok(None);
        }
        self.on(Check::NoPanic);
        self.laws(who)?;
        self.no_resurrection(who)?;
        self.refinement(who)?;
        if let Some(node) = self.nodes.get(&who) {
            self.past.push(node.value.clone());
        }
        Ok(Some(who))
    }

    /// Checks the laws on the replica, another one, and a state that was reached earlier. Which
    /// ones, the length of the history says.
    fn laws(&mut self, who: Who) -> Result<(), Broken> {
        let length = self.past.len();
        let others: Vec<Who> = self.everybody().into_iter().filter(|it| *it != who).collect();
        let (Some(other), Some(x)) = (
            length.checked_rem(others.len()).map(|nth| others[nth]),
            self.nodes.get(&who).map(|node| node.value.clone()),
        ) else {
            return Ok(());
        };
        let y = self.nodes[&other].value.clone();
        let z = self.past.get(length / 2).cloned().unwrap_or_else(|| T::new(OBSERVER));
        self.same_bytes(&x, &y)?;
        self.join_laws((who, &x), (other, &y), &z)?;
        self.delta_laws((who, &x), (other, &y))?;
        for (name, y) in [(other.to_string(), &y), ("an earlier state".to_owned(), &z)] {
            self.digest_completeness((who, &x), (&name, y))?;
        }
        Ok(())
    }
}

/// All states, joined by somebody who only reads.
fn joined<T: Crdt>(states: &[&T]) -> T {
    let mut joined = T::new(OBSERVER);
    for state in states {
        joined.join(state);
    }
    joined
}
