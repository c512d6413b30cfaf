//! `ORSet` of crdt-kit 0.5.1: `compact_tombstones` is said to be safe at any time, and a peer that
//! has not heard of the remove brings the element back.

use std::collections::BTreeSet;

use crdt_kit::{Crdt as _, ORSet};
use rumormill_crdt::Life;
use rumormill_laws::{Collects, Crdt, Heard, Laws, laws_of};

use crate::edit::{SetEdit, set_edits};

#[derive(Clone)]
pub(crate) struct ObservedRemoveSet(ORSet<u8>);

impl Crdt for ObservedRemoveSet {
    type Edit = SetEdit;
    type Read = BTreeSet<u8>;

    fn new(life: Life) -> Self {
        Self(ORSet::new(life.epoch))
    }

    fn edit(&mut self, edit: &SetEdit) {
        match edit {
            SetEdit::Insert(element) => self.0.insert(*element),
            SetEdit::Remove(element) => drop(self.0.remove(element)),
        }
    }

    fn join(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }

    fn read(&self) -> BTreeSet<u8> {
        self.0.iter().copied().collect()
    }

    fn specified(heard: &Heard<'_, SetEdit>) -> BTreeSet<u8> {
        standing(heard)
    }
}

/// The elements of which some insert has been seen by no remove.
pub(crate) fn standing(heard: &Heard<'_, SetEdit>) -> BTreeSet<u8> {
    let standing = heard.edits().filter_map(|insert| {
        let SetEdit::Insert(element) = insert.edit() else { return None };
        let mut later = insert.observers();
        let removed = later.any(|it| matches!(it.edit(), SetEdit::Remove(it) if it == element));
        (!removed).then_some(*element)
    });
    standing.collect()
}

impl Collects for ObservedRemoveSet {
    fn collect(&mut self) {
        self.0.compact_tombstones();
    }
}

/// Without ever compacting.
pub(crate) fn laws() -> Laws<ObservedRemoveSet> {
    laws_of(set_edits()).removal(
        |edit| if let SetEdit::Insert(element) = edit { Some(*element) } else { None },
        BTreeSet::contains,
    )
}
