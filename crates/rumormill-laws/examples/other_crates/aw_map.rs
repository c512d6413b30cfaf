//! `AWMap` of crdt-kit 0.5.1: after a merge, the value under a key is that of the greatest tag,
//! and tags are ordered by actor first. So a merge can undo a write that had seen the other.

use std::collections::BTreeMap;

use crdt_kit::{AWMap, Crdt as _};
use rumormill_crdt::Life;
use rumormill_laws::{Crdt, Heard, Laws, laws_of};

use crate::edit::{MapEdit, map_edits};

#[derive(Clone)]
pub(crate) struct AddWinsMap(AWMap<u8, u8>);

impl Crdt for AddWinsMap {
    type Edit = MapEdit;
    type Read = BTreeMap<u8, u8>;

    fn new(life: Life) -> Self {
        Self(AWMap::new(life.epoch))
    }

    fn edit(&mut self, edit: &MapEdit) {
        match edit {
            MapEdit::Put(key, value) => self.0.insert(*key, *value),
            MapEdit::Remove(key) => drop(self.0.remove(key)),
        }
    }

    fn join(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }

    fn read(&self) -> BTreeMap<u8, u8> {
        self.0.iter().map(|(key, value)| (*key, *value)).collect()
    }

    /// Under each key, what nobody has removed or overwritten; of several, that of the greatest
    /// actor.
    fn specified(heard: &Heard<'_, MapEdit>) -> BTreeMap<u8, u8> {
        let standing = heard.edits().filter_map(|put| {
            let MapEdit::Put(key, value) = put.edit() else { return None };
            let gone = put.observers().any(|later| match later.edit() {
                MapEdit::Put(other, _) | MapEdit::Remove(other) => other == key,
            });
            (!gone).then_some((put.author().epoch, *key, *value))
        });
        let mut standing: Vec<_> = standing.collect();
        standing.sort_unstable();
        standing.into_iter().map(|(_, key, value)| (key, value)).collect()
    }
}

pub(crate) fn laws() -> Laws<AddWinsMap> {
    laws_of(map_edits())
}
