//! A set that throws the records of its removals away whenever it likes.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rumormill_crdt::Life;
use rumormill_laws::{Check, Collects, Crdt, Heard, laws_of};

use crate::caught;

#[derive(Clone, Debug)]
enum Edit {
    Insert(u8),
    Remove(u8),
}

/// Whatever was ever removed is out.
#[derive(Clone)]
struct Hasty {
    inserted: BTreeSet<u8>,
    removed: BTreeSet<u8>,
}

impl Crdt for Hasty {
    type Edit = Edit;
    type Read = BTreeSet<u8>;

    fn new(_: Life) -> Self {
        Self { inserted: BTreeSet::new(), removed: BTreeSet::new() }
    }

    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Insert(element) => self.inserted.insert(*element),
            Edit::Remove(element) => self.removed.insert(*element),
        };
    }

    fn join(&mut self, other: &Self) {
        self.inserted.extend(&other.inserted);
        self.removed.extend(&other.removed);
    }

    fn read(&self) -> BTreeSet<u8> {
        &self.inserted - &self.removed
    }

    fn specified(heard: &Heard<'_, Edit>) -> BTreeSet<u8> {
        let (mut inserted, mut removed) = (BTreeSet::new(), BTreeSet::new());
        for edit in heard.edits() {
            match edit.edit() {
                Edit::Insert(element) => inserted.insert(*element),
                Edit::Remove(element) => removed.insert(*element),
            };
        }
        &inserted - &removed
    }
}

impl Collects for Hasty {
    fn collect(&mut self) {
        self.inserted = self.read();
        self.removed.clear();
    }
}

#[test]
fn a_collection_that_comes_too_early_is_caught() {
    let edits = prop_oneof![(0..3u8).prop_map(Edit::Insert), (0..3u8).prop_map(Edit::Remove)];
    caught(laws_of::<Hasty>(edits).collection(), Check::CollectionInvisible, 4);
}
