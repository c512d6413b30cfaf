//! A set whose remove leaves no trace, so that whoever has not heard of it brings the element back.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rumormill_crdt::Life;
use rumormill_laws::{Check, Crdt, Heard, laws_of};

use crate::caught;

#[derive(Clone, Debug)]
enum Edit {
    Insert(u8),
    Remove(u8),
}

#[derive(Clone)]
struct Forgetful(BTreeSet<u8>);

impl Crdt for Forgetful {
    type Edit = Edit;
    type Read = BTreeSet<u8>;

    fn new(_: Life) -> Self {
        Self(BTreeSet::new())
    }

    fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Insert(element) => self.0.insert(*element),
            Edit::Remove(element) => self.0.remove(element),
        };
    }

    fn join(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    fn read(&self) -> BTreeSet<u8> {
        self.0.clone()
    }

    fn specified(heard: &Heard<'_, Edit>) -> BTreeSet<u8> {
        let standing = heard.edits().filter_map(|insert| {
            let Edit::Insert(element) = insert.edit() else { return None };
            let mut later = insert.observers();
            let removed = later.any(|it| matches!(it.edit(), Edit::Remove(it) if it == element));
            (!removed).then_some(*element)
        });
        standing.collect()
    }
}

#[test]
fn what_comes_back_is_caught() {
    let edits = prop_oneof![(0..3u8).prop_map(Edit::Insert), (0..3u8).prop_map(Edit::Remove)];
    let laws = laws_of::<Forgetful>(edits);
    let laws = laws.removal(
        |edit| if let Edit::Insert(element) = edit { Some(*element) } else { None },
        BTreeSet::contains,
    );
    caught(laws, Check::NoResurrection, 4);
}
