//! Equal digests mean equal states, and whoever is sent nothing lacks nothing.

use super::joined;
use crate::{Check, Crdt, Transfer, Who, check::Checked, world::World};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of a replica and another state that was reached.
    pub(crate) fn digest_completeness(&mut self, (a, x): (Who, &T), (b, y): (&str, &T)) -> Checked {
        if !self.on(Check::DigestCompleteness) {
            return Ok(());
        }
        let (dx, dy) = (M::digest(x), M::digest(y));
        let same = dx != dy || (x.same(y) && x.read() == y.read());
        self.ensure(Check::DigestCompleteness, same, || {
            let (x, y) = (x.read(), y.read());
            format!("{a} and {b} have equal digests and are not the same: {x:?} and {y:?}")
        })?;
        self.ensure(Check::DigestCompleteness, M::parcels(x, &dx).is_empty(), || {
            format!("{a} lacks something of itself")
        })?;
        if !M::parcels(y, &dx).is_empty() {
            return Ok(());
        }
        let (alone, both) = (joined(&[x]), joined(&[x, y]));
        self.ensure(Check::DigestCompleteness, alone.same(&both), || {
            let (x, y) = (alone.read(), both.read());
            format!(
                "{a} is sent nothing of {b} and reads {x:?}, and would read {y:?} joined with it"
            )
        })
    }
}
