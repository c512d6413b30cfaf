//! Join is commutative, associative and idempotent on states that were reached.

use std::fmt::Debug;

use super::joined;
use crate::{
    Check, Crdt, Transfer, Who,
    check::{Broken, Checked},
    world::World,
};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of two replicas as they are, and a state that was reached earlier.
    pub(crate) fn join_laws(&mut self, (a, x): (Who, &T), (b, y): (Who, &T), z: &T) -> Checked {
        if !self.on(Check::JoinLaws) {
            return Ok(());
        }
        let join = |x: &T, y: &T| {
            let mut x = x.clone();
            x.join(y);
            x
        };
        let law = |one: &T, other: &T, how: &str| equal(one, other, how);
        let (xy, yx) = (join(x, y), join(y, x));
        law(&xy, &yx, &format!("{a} joined with {b} is not {b} joined with {a}"))?;
        law(&join(&xy, y), &xy, &format!("{a} joined with {b} twice is not {a} joined with {b}"))?;
        law(&join(&xy, x), &xy, &format!("{a} joined with {b} joined with {a} is something new"))?;
        let (xz, zx) = (joined(&[x, z]), joined(&[z, x]));
        law(&xz, &zx, &format!("{a} and an earlier state are joined to two states"))?;
        let (yz, xy) = (joined(&[y, z]), joined(&[x, y]));
        let (left, right) = (joined(&[&xy, z]), joined(&[x, &yz]));
        law(
            &left,
            &right,
            &format!("({a} with {b}) with an earlier state is not {a} with ({b} with it)"),
        )
    }
}

/// Fails unless the two are the same, and read the same.
fn equal<T: Crdt>(one: &T, other: &T, how: &str) -> Checked {
    let (left, right) = (one.read(), other.read());
    if left == right && one.same(other) {
        return Ok(());
    }
    let and = if left == right { states(&left) } else { reads(&left, &right) };
    Err(Broken { check: Check::JoinLaws, how: format!("{how}: {and}") })
}

fn states(read: &impl Debug) -> String {
    format!("both read {read:?}, and they differ")
}

fn reads(left: &impl Debug, right: &impl Debug) -> String {
    format!("{left:?} and {right:?}")
}
