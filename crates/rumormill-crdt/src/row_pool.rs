//! Rows that several tables of one process hold, each once in memory.

use alloc::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::{Cell, Row, RowId};

/// Rows that are dropped everywhere are looked for when there are so many more than rows that were
/// not.
const UNHELD_MAX: usize = 64;

/// Rows that several tables of one process hold, each once in memory: for a process that runs many
/// nodes of one population.
///
/// Of each row the pool knows the newest version that any table showed it. What a table holds is
/// the same with and without it.
///
/// ```
/// use rumormill_crdt::{Bookmark, Life, Limits, ReplicaId, RowPool, Space, Timestamp, VvMap};
/// use std::sync::Arc;
///
/// let table = |replica| {
///     let life = Life { replica: ReplicaId(replica), epoch: 1 };
///     VvMap::<&str, u32>::new(life, Limits::DEFAULT)
/// };
/// let (mut ann, mut bob, mut pool) = (table(1), table(2), RowPool::new());
/// ann.write(Space::SHARED, Timestamp(1)).set("load", 40);
/// for delta in ann.delta_since(&bob.version_vector()) {
///     bob.admit(&delta).expect("a copy at version 0 takes any whole row");
/// }
/// for table in [&mut ann, &mut bob] {
///     table.share_rows(Bookmark::default(), &mut pool);
/// }
/// let rows = ann.rows().zip(bob.rows());
/// assert!(rows.into_iter().all(|(ours, theirs)| Arc::ptr_eq(ours, theirs)));
/// ```
#[derive(Clone, Debug)]
pub struct RowPool<K, V> {
    newest: BTreeMap<RowId, Arc<Row<K, V>>>,
    /// How many rows were left when the unheld were dropped last.
    held: usize,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> RowPool<K, V>
where
    Cell<V>: PartialEq,
{
    /// A pool of no rows.
    #[must_use]
    pub const fn new() -> Self {
        Self { newest: BTreeMap::new(), held: 0 }
    }

    /// How many rows there are, some of which no table may hold any more: at most 64 more than twice
    /// as many as tables held at some time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    /// Says whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    /// Puts the row of the pool in place of an equal one, or gives the pool one that is newer.
    pub(crate) fn share(&mut self, row: &mut Arc<Row<K, V>>) {
        match self.newest.get_mut(&row.id()) {
            Some(known) if Arc::ptr_eq(known, row) || known.version() > row.version() => {}
            Some(known) if known == row && known.before() == row.before() => {
                *row = Arc::clone(known);
            }
            Some(known) => *known = Arc::clone(row),
            None => {
                self.newest.insert(row.id(), Arc::clone(row));
                self.drop_unheld();
            }
        }
    }

    fn drop_unheld(&mut self) {
        if self.newest.len() > 2 * self.held + UNHELD_MAX {
            self.newest.retain(|_, row| Arc::strong_count(row) > 1);
            self.held = self.newest.len();
        }
    }
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Default for RowPool<K, V>
where
    Cell<V>: PartialEq,
{
    fn default() -> Self {
        Self::new()
    }
}
