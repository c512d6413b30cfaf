//! Nobody can tell whether somebody has collected.

use crate::{
    Check, Crdt, Transfer, Who,
    check::{Broken, Checked},
    world::World,
};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of a replica that has just collected, and its state before.
    pub(crate) fn collection_invisible(&mut self, who: Who, before: &T) -> Checked {
        if !self.on(Check::CollectionInvisible) {
            return Ok(());
        }
        let Some(node) = self.nodes.get(&who) else { return Ok(()) };
        let after = node.value.clone();
        alike(who, before, &after, || format!("{who} reads"))?;
        // Equal digests mean equal states: then there is nothing to tell apart.
        if M::BY_DELTA && before.same(&after) && M::digest(before) == M::digest(&after) {
            return Ok(());
        }
        for (other, node) in self.nodes.iter().filter(|(other, _)| **other != who) {
            let (mut told_before, mut told_after) = (node.value.clone(), node.value.clone());
            told_before.join(before);
            told_after.join(&after);
            alike(who, &told_before, &told_after, || format!("{other} with {who}, reads"))?;
        }
        for flight in &self.flights {
            let (mut before, mut after) = (before.clone(), after.clone());
            M::deliver(&flight.parcel, &mut before);
            M::deliver(&flight.parcel, &mut after);
            alike(who, &before, &after, || {
                format!("{who} gets what {} has sent and reads", flight.from)
            })?;
        }
        self.earlier().iter().try_for_each(|earlier| {
            let (without, with) =
                (self.joined(&[&earlier.value, before]), self.joined(&[&earlier.value, &after]));
            alike(who, &without, &with, || format!("{} with {who}, reads", earlier.name))
        })
    }
}

fn alike<T: Crdt>(who: Who, before: &T, after: &T, how: impl FnOnce() -> String) -> Checked {
    let (before, after) = (before.read(), after.read());
    if before == after {
        return Ok(());
    }
    let how = format!("{} {before:?}, and {after:?} since {who} has collected", how());
    Err(Broken { check: Check::CollectionInvisible, how })
}
