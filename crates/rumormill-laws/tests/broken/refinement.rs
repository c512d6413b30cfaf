//! A set whose remove does nothing, and a counter that forgets what it counted when it starts
//! again. Both obey every law of joins.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rumormill_crdt::{Life, ReplicaId};
use rumormill_laws::{Check, Crdt, Heard, laws_of};

use crate::caught;

#[derive(Clone, Debug)]
enum Edit {
    Insert(u8),
    Remove(u8),
}

#[derive(Clone)]
struct Hoard(BTreeSet<u8>);

impl Crdt for Hoard {
    type Edit = Edit;
    type Read = BTreeSet<u8>;

    fn new(_: Life) -> Self {
        Self(BTreeSet::new())
    }

    fn edit(&mut self, edit: &Edit) {
        if let Edit::Insert(element) = edit {
            self.0.insert(*element);
        }
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
fn a_remove_that_does_nothing_is_caught() {
    let edits = prop_oneof![(0..3u8).prop_map(Edit::Insert), (0..3u8).prop_map(Edit::Remove)];
    caught(laws_of::<Hoard>(edits), Check::Refinement, 2);
}

/// Keeps a total per replica, not per life.
#[derive(Clone)]
struct Totals {
    own: ReplicaId,
    totals: BTreeMap<ReplicaId, u64>,
}

impl Crdt for Totals {
    type Edit = u8;
    type Read = u64;

    fn new(life: Life) -> Self {
        Self { own: life.replica, totals: BTreeMap::new() }
    }

    fn edit(&mut self, by: &u8) {
        *self.totals.entry(self.own).or_default() += u64::from(*by);
    }

    fn join(&mut self, other: &Self) {
        for (replica, total) in &other.totals {
            let known = self.totals.entry(*replica).or_default();
            *known = (*total).max(*known);
        }
    }

    fn read(&self) -> u64 {
        self.totals.values().sum()
    }

    fn specified(heard: &Heard<'_, u8>) -> u64 {
        heard.edits().map(|it| u64::from(*it.edit())).sum()
    }
}

#[test]
fn a_restart_that_counts_anew_is_caught() {
    caught(laws_of::<Totals>(1..9u8), Check::Refinement, 4);
}
