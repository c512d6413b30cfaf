//! `Map` of crdts 7.3.2, of registers that keep concurrent values, edited and merged. A merge with
//! a map that lacks a key takes from the key's value what it knew of other keys, and an overwritten
//! value, merged once more, then counts as concurrent.

use std::collections::{BTreeMap, BTreeSet};

use crdts::{CmRDT, CvRDT, MVReg, Map};
use rumormill_crdt::Life;
use rumormill_laws::{Crdt, Heard, Laws, laws_of};

use crate::edit::{MapEdit, map_edits};

#[derive(Clone)]
pub(crate) struct MapOfRegisters {
    actor: u64,
    map: Map<u8, MVReg<u8, u64>, u64>,
}

impl Crdt for MapOfRegisters {
    type Edit = MapEdit;
    type Read = BTreeMap<u8, BTreeSet<u8>>;

    fn new(life: Life) -> Self {
        Self { actor: life.epoch, map: Map::new() }
    }

    fn edit(&mut self, edit: &MapEdit) {
        let operation = match edit {
            MapEdit::Put(key, value) => {
                let context = self.map.read_ctx().derive_add_ctx(self.actor);
                self.map.update(*key, context, |register, context| register.write(*value, context))
            }
            MapEdit::Remove(key) => self.map.rm(*key, self.map.get(key).derive_rm_ctx()),
        };
        self.map.apply(operation);
    }

    fn join(&mut self, other: &Self) {
        self.map.merge(other.map.clone());
    }

    fn read(&self) -> Self::Read {
        let entries = self.map.iter().map(|entry| entry.val);
        entries.map(|(key, value)| (*key, value.read().val.into_iter().collect())).collect()
    }

    /// Under each key, the values that nobody has removed or overwritten.
    fn specified(heard: &Heard<'_, MapEdit>) -> Self::Read {
        let mut standing = BTreeMap::<u8, BTreeSet<u8>>::new();
        for put in heard.edits() {
            let MapEdit::Put(key, value) = put.edit() else { continue };
            let gone = put.observers().any(|later| match later.edit() {
                MapEdit::Put(other, _) | MapEdit::Remove(other) => other == key,
            });
            if !gone {
                standing.entry(*key).or_default().insert(*value);
            }
        }
        standing
    }
}

pub(crate) fn laws() -> Laws<MapOfRegisters> {
    laws_of(map_edits())
}
