//! A struct of columns of one table, as a program would have it: edits of one do not disturb
//! another, and rows of different spaces travel apart.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rumormill_crdt::{Column, OrSet, PnCounter, Space, Table, Writer};
use rumormill_laws::{Columns, EditId, Heard, laws_of_rows};

use crate::ran::check;

static SKILLS: Column<OrSet<u8>> = Column::new(Space::SHARED, "skills");
static PEERS: Column<OrSet<u8>> = Column::new(Space::SHARED, "peers");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

enum Agent {}

#[derive(Clone, Debug)]
enum Edit {
    Insert(Which, u8),
    /// Removes an element; once resolved, it names the inserts that it removes.
    Remove(Which, u8, Vec<EditId>),
    Call(i8),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Which {
    Skills,
    Peers,
}

impl Which {
    fn column(self) -> &'static Column<OrSet<u8>> {
        match self {
            Self::Skills => &SKILLS,
            Self::Peers => &PEERS,
        }
    }
}

#[derive(Debug, PartialEq)]
struct Read {
    skills: BTreeSet<u8>,
    peers: BTreeSet<u8>,
    calls: i128,
}

impl Columns for Agent {
    type Edit = Edit;
    type Read = Read;

    fn edit(writer: &mut Writer<'_>, edit: &Edit) {
        let done = match edit {
            Edit::Insert(set, element) => set.column().insert(writer, element),
            Edit::Remove(set, element, _) => set.column().remove(writer, element).map(drop),
            Edit::Call(by) => CALLS.add(writer, (*by).into()),
        };
        done.expect("there is room");
    }

    fn read(table: &Table) -> Read {
        let (skills, peers) = (SKILLS.read(table), PEERS.read(table));
        Read { skills, peers, calls: CALLS.read(table) }
    }

    fn specified(heard: &Heard<'_, Edit>) -> Read {
        let set = |which| standing(heard, which).into_iter().map(|(_, element)| element).collect();
        let calls = heard.edits().map(|it| if let Edit::Call(by) = it.edit() { *by } else { 0 });
        let calls = calls.map(i128::from).sum();
        Read { skills: set(Which::Skills), peers: set(Which::Peers), calls }
    }

    fn resolve(edit: &Edit, heard: &Heard<'_, Edit>) -> Edit {
        let Edit::Remove(which, element, _) = edit else { return edit.clone() };
        let inserts = standing(heard, *which).into_iter().filter(|(_, it)| it == element);
        Edit::Remove(*which, *element, inserts.map(|(id, _)| id).collect())
    }
}

/// The latest inserts of every life that no remove names.
fn standing(heard: &Heard<'_, Edit>, which: Which) -> Vec<(EditId, u8)> {
    let mut latest = BTreeMap::new();
    for edit in heard.edits() {
        match edit.edit() {
            Edit::Insert(into, element) if *into == which => {
                latest.insert((edit.author(), *element), edit);
            }
            Edit::Insert(..) | Edit::Remove(..) | Edit::Call(_) => {}
        }
    }
    latest.retain(|_, insert| {
        !insert.observers().any(|later| match later.edit() {
            Edit::Remove(_, _, inserts) => inserts.contains(&insert.id()),
            Edit::Insert(..) | Edit::Call(_) => false,
        })
    });
    latest.into_iter().map(|((_, element), insert)| (insert.id(), element)).collect()
}

fn edits() -> impl Strategy<Value = Edit> {
    let which = || prop_oneof![Just(Which::Skills), Just(Which::Peers)];
    prop_oneof![
        2 => (which(), 0..2u8).prop_map(|(set, element)| Edit::Insert(set, element)),
        2 => (which(), 0..2u8).prop_map(|(set, element)| Edit::Remove(set, element, Vec::new())),
        1 => any::<i8>().prop_map(Edit::Call),
    ]
}

#[test]
fn as_columns() {
    let laws = laws_of_rows::<Agent>(edits());
    check(&laws.removal(
        |edit| if let Edit::Insert(set, element) = edit { Some((*set, *element)) } else { None },
        |read: &Read, (set, element)| match set {
            Which::Skills => read.skills.contains(element),
            Which::Peers => read.peers.contains(element),
        },
    ));
}
