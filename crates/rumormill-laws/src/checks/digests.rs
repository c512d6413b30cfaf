//! Equal digests mean equal states, and whoever is sent nothing lacks nothing.

use super::State;
use crate::{Check, Crdt, Transfer, check::Checked, world::World};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of a replica, and another one or a state that was reached earlier.
    pub(crate) fn equal_digests(&mut self, a: &State<T>, b: &State<T>) -> Checked {
        if !self.on(Check::DigestCompleteness) {
            return Ok(());
        }
        let ((x, y), (a, b)) = ((&a.value, &b.value), (&a.name, &b.name));
        let (dx, dy) = (M::digest(x), M::digest(y));
        let same = dx != dy || (x.same(y) && x.read() == y.read());
        self.ensure(Check::DigestCompleteness, same, || {
            let (x, y) = (x.read(), y.read());
            format!("{a} and {b} have equal digests and are not the same: {x:?} and {y:?}")
        })
    }

    /// Of a replica, and another one or a state that was reached earlier.
    pub(crate) fn sent_what_is_lacking(&mut self, a: &State<T>, b: &State<T>) -> Checked {
        if !self.on(Check::DigestCompleteness) {
            return Ok(());
        }
        let ((x, y), (a, b)) = ((&a.value, &b.value), (&a.name, &b.name));
        let digest = M::digest(x);
        self.ensure(Check::DigestCompleteness, M::parcels(x, &digest).is_empty(), || {
            format!("{a} lacks something of itself")
        })?;
        if !M::parcels(y, &digest).is_empty() {
            return Ok(());
        }
        let (alone, both) = (self.joined(&[x]), self.joined(&[x, y]));
        self.ensure(Check::DigestCompleteness, alone.same(&both), || {
            let (x, y) = (alone.read(), both.read());
            format!("{a} is sent nothing of {b}, reads {x:?}, and joined with it would read {y:?}")
        })
    }
}
