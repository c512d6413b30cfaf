//! One's own row, open for writing.

use alloc::collections::BTreeSet;

use serde::Serialize;

use crate::{Dependency, Row, RowId, Timestamp, Version, VvMap};

/// One's own row, open for writing. Each call is one write and takes one version (I1).
#[derive(Debug)]
pub struct RowWriter<'t, K, V> {
    table: &'t mut VvMap<K, V>,
    id: RowId,
    timestamp: Timestamp,
}

impl<'t, K: Ord + Clone + Serialize, V: Clone + Serialize> RowWriter<'t, K, V> {
    pub(crate) const fn new(table: &'t mut VvMap<K, V>, id: RowId, timestamp: Timestamp) -> Self {
        Self { table, id, timestamp }
    }

    /// Puts a value under a key and returns the version that names the write.
    pub fn set(&mut self, key: K, value: V) -> Version {
        let timestamp = self.timestamp;
        self.table.change_own(self.id, |row| row.write(timestamp, key, Some(value)))
    }

    /// Takes the value away from under a key, leaving a tombstone with its own version. Does
    /// nothing if there is no value.
    pub fn erase(&mut self, key: &K) -> bool {
        self.erase_depending(key, None)
    }

    /// Like [`erase`](Self::erase); from this version on, the row may only be shown where the
    /// named row is held as far as named (I13).
    pub fn erase_depending(&mut self, key: &K, on: Option<(RowId, Dependency)>) -> bool {
        if self.row().and_then(|row| row.get(key)).is_none() {
            return false;
        }
        let timestamp = self.timestamp;
        self.table.change_own(self.id, |row| {
            if let Some((on, at)) = on {
                row.depend(on, at);
            }
            row.write(timestamp, key.clone(), None);
        });
        true
    }

    /// Drops the tombstones with version <= `before` and raises the floor, in one write. Does
    /// nothing, and returns false, if there are none.
    pub fn forget(&mut self, before: Version) -> bool {
        if self.row().is_none_or(|row| row.tombstones() == 0) {
            return false;
        }
        let timestamp = self.timestamp;
        self.table.change_own(self.id, |row| row.forget(timestamp, before))
    }

    /// Stamps the row anew, in one write that changes no cell: a sign of life to whoever drops
    /// rows by age. Drops the dependencies on rows that are gone. Does nothing if the row was
    /// never written.
    pub fn touch(&mut self) {
        let Some(row) = self.row() else { return };
        let dependencies = row.head().dependencies.iter();
        let gone: BTreeSet<RowId> = dependencies
            .filter(|(on, at)| self.table.is_gone(**on, **at))
            .map(|(on, _)| *on)
            .collect();
        let timestamp = self.timestamp;
        self.table.change_own(self.id, |row| {
            row.shed_dependencies(|on| gone.contains(&on));
            row.touch(timestamp);
        });
    }

    /// The row as it stands; nothing if it was never written.
    #[must_use]
    pub fn row(&self) -> Option<&Row<K, V>> {
        self.table.row(self.id).map(|row| &**row)
    }
}
