//! Join is commutative, associative and idempotent on states that were reached.

use super::State;
use crate::{
    Check, Crdt, Transfer,
    check::{Broken, Checked},
    world::World,
};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of two replicas as they are, and a state that was reached earlier.
    pub(crate) fn join_laws(&mut self, a: &State<T>, b: &State<T>, c: &State<T>) -> Checked {
        if !self.on(Check::JoinLaws) {
            return Ok(());
        }
        // Whoever takes in deltas may hold some that wait for others. Those are not told, and a
        // join may end their waiting, so what is joined is what is told.
        let join = |x: &T, y: &T| {
            let mut x = if M::BY_DELTA { self.joined(&[x]) } else { x.clone() };
            x.join(y);
            x
        };
        let ((x, y, z), (a, b, c)) = ((&a.value, &b.value, &c.value), (&a.name, &b.name, &c.name));
        let (xy, yx) = (join(x, y), join(y, x));
        equal(&xy, &yx, || format!("{a} joined with {b} is not {b} joined with {a}"))?;
        equal(&join(&xy, y), &xy, || format!("{a} joined with {b} twice is not once"))?;
        equal(&join(&xy, x), &xy, || format!("{a} joined with {b} lacks something of {a}"))?;
        let (xz, zx) = (self.joined(&[x, z]), self.joined(&[z, x]));
        equal(&xz, &zx, || format!("{a} joined with {c} is not {c} joined with {a}"))?;
        let (left, right) =
            (self.joined(&[&self.joined(&[x, y]), z]), self.joined(&[x, &self.joined(&[y, z])]));
        equal(&left, &right, || {
            format!("({a} with {b}) joined with {c} is not {a} joined with ({b} with {c})")
        })?;
        let (read, reads) = (xy.read(), yx.read());
        let pure = read == reads;
        self.ensure(Check::JoinLaws, pure, || {
            format!(
                "{a} joined with {b} is the same in both orders, and reads {read:?} or {reads:?}"
            )
        })
    }
}

fn equal<T: Crdt>(one: &T, other: &T, how: impl FnOnce() -> String) -> Checked {
    if one.same(other) {
        return Ok(());
    }
    let how = format!("{}: {:?} and {:?}", how(), one.read(), other.read());
    Err(Broken { check: Check::JoinLaws, how })
}
