//! What deltas give is what a join gives.

use super::joined;
use crate::{Check, Crdt, Transfer, Who, check::Checked, world::World};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of the deltas that one replica lacks of another.
    pub(crate) fn delta_laws(&mut self, (a, x): (Who, &T), (b, y): (Who, &T)) -> Checked {
        if !self.on(Check::DeltaLaws) {
            return Ok(());
        }
        // Without what is still arriving at x, which a join does not count.
        let x = joined(&[x]);
        let deltas = M::parcels(y, &M::digest(&x));
        let whole = joined(&[&x, y]);
        let mut taken = x.clone();
        deltas.iter().for_each(|delta| M::deliver(delta, &mut taken));
        self.gives(&taken, &whole, || format!("what {a} lacks of {b} gives {a}"))?;
        deltas.iter().rev().chain(&deltas).for_each(|delta| M::deliver(delta, &mut taken));
        self.gives(&taken, &whole, || format!("what {a} lacks of {b} gives {a}, repeated,"))?;
        let mut backwards = x.clone();
        deltas.iter().rev().chain(&deltas).for_each(|delta| M::deliver(delta, &mut backwards));
        self.gives(&backwards, &whole, || {
            format!("what {a} lacks of {b} gives {a}, backwards and then in order,")
        })
    }

    fn gives(&mut self, taken: &T, whole: &T, how: impl FnOnce() -> String) -> Checked {
        let same = taken.same(whole);
        self.ensure(Check::DeltaLaws, same, || {
            format!("{} {:?}, and a join gives {:?}", how(), taken.read(), whole.read())
        })
    }
}
