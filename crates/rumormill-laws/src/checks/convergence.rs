//! When everybody reaches everybody, all come to rest in one state.

use crate::{
    Check, Crdt, Step, Transfer, Who,
    check::{Broken, Checked},
    edit_set::EditSet,
    world::World,
};

/// A round takes everything one replica further at least, so a few are enough; the bound turns a
/// population that never comes to rest into a failure.
const ROUNDS_MAX: usize = 24;

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Ends a history: everybody reaches everybody until nothing moves; then what is still in
    /// flight arrives everywhere; then everybody reaches everybody again.
    pub(crate) fn converge(&mut self) -> Checked {
        self.come_to_rest()?;
        self.deliver_all()?;
        self.come_to_rest()
    }

    fn come_to_rest(&mut self) -> Checked {
        let held = self.all_heard();
        let mut rounds = 0..ROUNDS_MAX;
        while self.round()? {
            let more = rounds.next().is_some();
            self.ensure(Check::Convergence, more, || {
                format!("no rest after everybody has reached everybody {ROUNDS_MAX} times")
            })?;
            if !more {
                return Ok(());
            }
        }
        if self.on(Check::Convergence) { self.agree(&held) } else { Ok(()) }
    }

    /// Everybody hears everybody, and all collect. Says whether anything moved.
    fn round(&mut self) -> Result<bool, Broken> {
        let mut moved = false;
        for from in self.everybody() {
            for to in self.everybody().into_iter().filter(|to| *to != from) {
                moved |= self.moves(to, &Step::Sync { from, to })?;
            }
        }
        for who in self.everybody() {
            moved |= self.moves(who, &Step::Collect { who })?;
        }
        Ok(moved)
    }

    fn moves(&mut self, who: Who, step: &Step<T::Edit>) -> Result<bool, Broken> {
        let Some(before) = self.nodes.get(&who).map(|node| node.value.clone()) else {
            return Ok(false);
        };
        let taken = self.take(step);
        let after = &self.nodes[&who].value;
        let digests = M::digest(&before) == M::digest(after);
        let moved = taken.is_err() || !digests || !before.same(after);
        let read = moved.then(|| format!("{:?}", after.read()));
        if let (Some(trace), Some(read)) = (&mut self.trace, read) {
            trace.end(step, Some((who, read)));
        }
        taken.map(|_| moved)
    }

    /// All that anybody has heard of.
    fn all_heard(&self) -> EditSet {
        let mut all = EditSet::default();
        self.nodes.values().for_each(|node| all.unite(&node.heard));
        all
    }

    fn agree(&mut self, held: &EditSet) -> Checked {
        for who in self.everybody() {
            let missing = held.first_beyond(&self.nodes[&who].heard);
            let missing = missing.map(|place| format!("{:?}", self.history.entry(place).edit));
            self.ensure(Check::Convergence, missing.is_none(), || {
                format!("all is said, and {who} has not heard of {}", missing.unwrap_or_default())
            })?;
        }
        for pair in self.everybody().windows(2) {
            let (one, other) = (&self.nodes[&pair[0]].value, &self.nodes[&pair[1]].value);
            let (read, reads) = (one.read(), other.read());
            let same = one.same(other) && read == reads;
            self.ensure(Check::Convergence, same, || {
                let (a, b) = (pair[0], pair[1]);
                format!("all is said, and {a} and {b} are not the same: {read:?} and {reads:?}")
            })?;
        }
        Ok(())
    }
}
