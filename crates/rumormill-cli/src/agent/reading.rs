//! What lies under a name in the agent's table, whatever its kind.

use std::collections::{BTreeMap, BTreeSet};

use rumormill::{Column, LwwRegister, OrSet, PnCounter, Space, Table, core::crdt::KeyKind};

const NAME_IS_SHORT: &str = "names that are too long were refused where they came in";

pub(crate) fn register(key: &str) -> Column<LwwRegister<String>> {
    Column::named(Space::SHARED, key).expect(NAME_IS_SHORT)
}

pub(crate) fn set(name: &str) -> Column<OrSet<String>> {
    Column::named(Space::SHARED, name).expect(NAME_IS_SHORT)
}

pub(crate) fn counter(name: &str) -> Column<PnCounter> {
    Column::named(Space::STATS, name).expect(NAME_IS_SHORT)
}

/// What lies under a name. A register, a set and a counter may share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) key: String,
    pub(crate) register: Option<String>,
    pub(crate) set: Option<BTreeSet<String>>,
    pub(crate) counter: Option<i128>,
}

impl Reading {
    pub(crate) fn of(table: &Table, key: String) -> Self {
        let kinds = kinds(table).remove(key.as_str()).unwrap_or_default();
        Self::of_kinds(table, key, &kinds)
    }

    /// Everything that an agent can read.
    pub(crate) fn all(table: &Table) -> Vec<Self> {
        let kinds = kinds(table);
        kinds.iter().map(|(key, kinds)| Self::of_kinds(table, (*key).to_owned(), kinds)).collect()
    }

    fn of_kinds(table: &Table, key: String, kinds: &BTreeSet<KeyKind>) -> Self {
        let has = |kind| kinds.contains(&kind);
        Self {
            register: register(&key).read(table),
            set: has(KeyKind::Add).then(|| set(&key).read(table)),
            counter: has(KeyKind::Counter).then(|| counter(&key).read(table)),
            key,
        }
    }
}

/// The names in the table, and what kinds of cell there are under each. Walks all cells.
fn kinds(table: &Table) -> BTreeMap<&str, BTreeSet<KeyKind>> {
    let mut kinds: BTreeMap<&str, BTreeSet<KeyKind>> = BTreeMap::new();
    for (key, _) in table.rows().flat_map(|row| row.iter()) {
        let name = key.column_name().filter(|name| name.len() <= Column::<()>::NAME_LEN_MAX);
        if let Some((name, kind)) = name.zip(key.kind()) {
            kinds.entry(name).or_default().insert(kind);
        }
    }
    kinds
}
