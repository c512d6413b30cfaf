//! What deltas give is what a join gives.

use super::State;
use crate::{Check, Crdt, Transfer, check::Checked, world::World};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of the deltas that one replica lacks of another.
    pub(crate) fn delta_laws(&mut self, a: &State<T>, b: &State<T>) -> Checked {
        if !self.on(Check::DeltaLaws) {
            return Ok(());
        }
        // Without what is still arriving at a, which a join does not count.
        let x = self.joined(&[&a.value]);
        let deltas = M::parcels(&b.value, &M::digest(&x));
        let whole = self.joined(&[&x, &b.value]);
        let gives = |taken: &T, order: &str| {
            let (a, b) = (&a.name, &b.name);
            let (read, reads) = (taken.read(), whole.read());
            format!(
                "{a} takes in what it lacks of {b}, {order}: {read:?}, and a join gives {reads:?}"
            )
        };
        let mut taken = x.clone();
        deltas.iter().for_each(|delta| M::deliver(delta, &mut taken));
        let same = taken.same(&whole);
        self.ensure(Check::DeltaLaws, same, || gives(&taken, "in order"))?;
        deltas.iter().rev().chain(&deltas).for_each(|delta| M::deliver(delta, &mut taken));
        let same = taken.same(&whole);
        self.ensure(Check::DeltaLaws, same, || gives(&taken, "more than once"))?;
        let mut backwards = x.clone();
        deltas.iter().rev().chain(&deltas).for_each(|delta| M::deliver(delta, &mut backwards));
        let same = backwards.same(&whole);
        self.ensure(Check::DeltaLaws, same, || gives(&backwards, "backwards and then in order"))
    }
}
