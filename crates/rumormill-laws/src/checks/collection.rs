//! Nobody can tell whether somebody has collected.

use super::joined;
use crate::{Check, Crdt, Transfer, Who, check::Checked, world::World};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of a replica that has just collected, and its state before.
    pub(crate) fn collection_invisible(&mut self, who: Who, before: &T) -> Checked {
        if !self.on(Check::CollectionInvisible) {
            return Ok(());
        }
        let Some(node) = self.nodes.get(&who) else { return Ok(()) };
        let after = node.value.clone();
        self.reads_alike(before, &after, || format!("{who} itself reads"))?;
        for other in self.everybody().into_iter().filter(|it| *it != who) {
            let Some(node) = self.nodes.get(&other) else { continue };
            let (mut told_before, mut told_after) = (node.value.clone(), node.value.clone());
            told_before.join(before);
            told_after.join(&after);
            self.reads_alike(&told_before, &told_after, || {
                format!("{other}, joined with {who}, reads")
            })?;
        }
        let pairs: Vec<(T, T)> = self
            .flights
            .iter()
            .map(|flight| {
                let (mut before, mut after) = (before.clone(), after.clone());
                M::deliver(&flight.parcel, &mut before);
                M::deliver(&flight.parcel, &mut after);
                (before, after)
            })
            .collect();
        for (before, after) in pairs {
            self.reads_alike(&before, &after, || {
                format!("{who} reads, once it gets what was sent before,")
            })?;
        }
        let earlier = self.past.get(self.past.len() / 2).cloned();
        let Some(earlier) = earlier else { return Ok(()) };
        let (without, with) = (joined(&[&earlier, before]), joined(&[&earlier, &after]));
        self.reads_alike(&without, &with, || format!("an earlier state, joined with {who}, reads"))
    }

    fn reads_alike(&mut self, before: &T, after: &T, how: impl FnOnce() -> String) -> Checked {
        let (before, after) = (before.read(), after.read());
        self.ensure(Check::CollectionInvisible, before == after, || {
            format!("{} {before:?} without the collection and {after:?} with it", how())
        })
    }
}
