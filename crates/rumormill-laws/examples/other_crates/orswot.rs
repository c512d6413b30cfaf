//! `Orswot` of crdts 7.3.2, a set whose removes leave no tombstones, edited and merged: as it
//! should be.

use std::collections::BTreeSet;

use crdts::{CmRDT, CvRDT, Orswot};
use rumormill_crdt::Life;
use rumormill_laws::{Crdt, Heard, Laws, laws_of};

use crate::{
    edit::{SetEdit, set_edits},
    or_set::standing,
};

#[derive(Clone)]
pub(crate) struct TombstoneFreeSet {
    actor: u64,
    set: Orswot<u8, u64>,
}

impl Crdt for TombstoneFreeSet {
    type Edit = SetEdit;
    type Read = BTreeSet<u8>;

    fn new(life: Life) -> Self {
        Self { actor: life.epoch, set: Orswot::new() }
    }

    fn edit(&mut self, edit: &SetEdit) {
        let operation = match edit {
            SetEdit::Insert(element) => {
                self.set.add(*element, self.set.read_ctx().derive_add_ctx(self.actor))
            }
            SetEdit::Remove(element) => {
                self.set.rm(*element, self.set.contains(element).derive_rm_ctx())
            }
        };
        self.set.apply(operation);
    }

    fn join(&mut self, other: &Self) {
        self.set.merge(other.set.clone());
    }

    fn read(&self) -> BTreeSet<u8> {
        self.set.read().val.into_iter().collect()
    }

    fn specified(heard: &Heard<'_, SetEdit>) -> BTreeSet<u8> {
        standing(heard)
    }

    fn same(&self, other: &Self) -> bool {
        self.set == other.set
    }
}

pub(crate) fn laws() -> Laws<TombstoneFreeSet> {
    laws_of(set_edits()).removal(
        |edit| if let SetEdit::Insert(element) = edit { Some(*element) } else { None },
        BTreeSet::contains,
    )
}
