//! What really happened: every edit, and every state in which an owner left a row.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rumormill_crdt::{Bytes, Column, Key, LwwRegister, OrSet, PnCounter, Row, Table};
use rumormill_crdt::{RowId, Space, Version};

use super::{
    specification::{Edit, Reads, What},
    typed,
};

pub(crate) const SET: Column<OrSet<u8>> = Column::new(Space::SHARED, "set");
pub(crate) const COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "counter");
pub(crate) const REGISTER: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "register");

pub(crate) type TableRow = Row<Key, Bytes>;

/// A sentence that says which invariant broke, and how.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) String);

/// What every check returns.
pub(crate) type Check = Result<(), Broken>;

/// Fails with a sentence unless `held`.
pub(crate) fn ensure(held: bool, sentence: impl FnOnce() -> String) -> Check {
    if held { Ok(()) } else { Err(Broken(sentence())) }
}

/// What really happened, seen from outside.
#[derive(Default)]
pub(crate) struct Truth {
    pub(crate) edits: Vec<Edit>,
    rows: BTreeMap<(RowId, Version), Arc<TableRow>>,
}

impl Truth {
    /// Notes an edit that `table`'s owner has just made.
    pub(crate) fn note(&mut self, table: &Table, space: Space, what: What) {
        let row = RowId { space, life: table.life() };
        self.edits.push(Edit { row, version: table.version(row), what });
    }

    /// Notes the state in which an owner left its row.
    pub(crate) fn mint(&mut self, row: &Arc<TableRow>) -> Check {
        let name = (row.id(), row.version());
        ensure(self.rows.insert(name, Arc::clone(row)).is_none(), || {
            format!("I1: version {} of {:?} was minted twice", row.version(), row.id())
        })
    }

    /// The row as its owner left it at that version.
    pub(crate) fn row(&self, id: RowId, version: Version) -> Option<&Arc<TableRow>> {
        self.rows.get(&(id, version))
    }

    /// The edits that a holder of `table` has heard of: an edit is heard of iff its row is held
    /// at its version or a later one.
    pub(crate) fn heard(&self, table: &Table) -> Vec<&Edit> {
        self.edits.iter().filter(|edit| table.version(edit.row) >= edit.version).collect()
    }
}

/// Everything that the types read from a table.
pub(crate) fn reads(table: &Table) -> Reads {
    let set = SET.read(table);
    let contained: BTreeSet<u8> = (0..=9).filter(|it| SET.contains(table, it)).collect();
    assert_eq!(set, contained, "`contains` and `read` are one rule");
    let said = table.rows_in(Space::SELF).filter_map(|row| {
        let word = row.get(&Key::raw("word"))?;
        Some((row.id().life, *word.first()?))
    });
    Reads {
        set,
        count: COUNTER.read(table),
        register: REGISTER.read(table),
        said: said.collect(),
        typed: typed::reads(table),
    }
}
