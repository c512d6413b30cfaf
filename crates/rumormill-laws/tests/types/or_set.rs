//! A set in which removal removes what was seen.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rumormill_crdt::{Column, OrSet, Space, Table, Writer};
use rumormill_laws::{Collects, Columns, EditId, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const SET: Column<OrSet<u8>> = Column::new(Space::SHARED, "set");

enum Set {}

#[derive(Clone, Debug)]
enum Edit {
    Insert(u8),
    /// Removes an element; once resolved, it names the inserts that it removes.
    Remove(u8, Vec<EditId>),
}

impl Columns for Set {
    type Edit = Edit;
    type Read = BTreeSet<u8>;

    fn edit(writer: &mut Writer<'_>, edit: &Edit) {
        match edit {
            Edit::Insert(element) => SET.insert(writer, element).expect("there is room"),
            Edit::Remove(element, _) => drop(SET.remove(writer, element).expect("there is room")),
        }
    }

    fn read(table: &Table) -> BTreeSet<u8> {
        SET.read(table)
    }

    /// The elements of which some life's latest insert has been removed by no edit.
    fn specified(heard: &Heard<'_, Edit>) -> BTreeSet<u8> {
        standing(heard).into_iter().map(|(_, element)| element).collect()
    }

    /// A remove removes the inserts that its replica sees in the set.
    fn resolve(edit: &Edit, heard: &Heard<'_, Edit>) -> Edit {
        let Edit::Remove(element, _) = edit else { return edit.clone() };
        let inserts = standing(heard).into_iter().filter(|(_, it)| it == element);
        Edit::Remove(*element, inserts.map(|(id, _)| id).collect())
    }
}

fn standing(heard: &Heard<'_, Edit>) -> Vec<(EditId, u8)> {
    let mut latest = BTreeMap::new();
    for edit in heard.edits() {
        if let Edit::Insert(element) = edit.edit() {
            latest.insert((edit.author(), *element), edit);
        }
    }
    latest.retain(|_, insert| {
        !insert.observers().any(|later| match later.edit() {
            Edit::Remove(_, inserts) => inserts.contains(&insert.id()),
            Edit::Insert(_) => false,
        })
    });
    latest.into_iter().map(|((_, element), insert)| (insert.id(), element)).collect()
}

fn edits() -> impl Strategy<Value = Edit> {
    let element = || prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2)];
    prop_oneof![
        element().prop_map(Edit::Insert),
        element().prop_map(|element| Edit::Remove(element, Vec::new())),
    ]
}

fn brought(edit: &Edit) -> Option<u8> {
    if let Edit::Insert(element) = edit { Some(*element) } else { None }
}

alone!(
    Alone,
    OrSet<u8>,
    Set,
    |set, _, edit| match edit {
        Edit::Insert(element) => set.insert(element).expect("there is room"),
        Edit::Remove(element, _) => drop(set.remove(element).expect("there is room")),
    },
    OrSet::read
);

impl Collects for Alone {
    fn collect(&mut self) {
        self.value.collect();
    }
}

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Set>(edits()).removal(brought, BTreeSet::contains));
}

#[test]
fn alone() {
    let laws = laws_of::<Alone>(edits()).deltas().eviction().sizes().collection();
    check(&laws.removal(brought, BTreeSet::contains));
}
