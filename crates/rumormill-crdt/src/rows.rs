//! The rows that readers see.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map},
    sync::Arc,
    vec::Vec,
};

use serde::Serialize;

use crate::{
    Dependency, Head, Horizon, Life, ReplicaId, Row, RowId, Space, Timestamp, Version,
    hash::row_hash,
};

/// The rows that readers see, findable by id and by the moment of their last change.
///
/// Invariants: `changes` has each row at its `changed`; `fingerprint` sums up all rows.
#[derive(Clone, Debug)]
pub(crate) struct Rows<K, V> {
    by_id: BTreeMap<RowId, Entry<K, V>>,
    /// Every change, by ascending moment. Where a row changed again since, or went, the change is
    /// stale; stale ones are dropped before they outnumber the rows.
    changes: VecDeque<(u64, RowId)>,
    /// The moment of the last change; counts changes since the table was made.
    moment: u64,
    fingerprint: u64,
    /// What is stamped earlier, and is not there, does not come back.
    horizon: Horizon,
    /// The replicas that were evicted.
    graves: BTreeSet<ReplicaId>,
}

/// So many stale changes are not worth dropping.
const CHANGES_STALE_MIN: usize = 64;

#[derive(Clone, Debug)]
struct Entry<K, V> {
    row: Arc<Row<K, V>>,
    changed: u64,
    /// The row's share in the fingerprint.
    share: u64,
}

impl<K, V> Entry<K, V> {
    /// An entry of which no change is noted yet.
    const fn new(row: Arc<Row<K, V>>) -> Self {
        Self { row, changed: 0, share: 0 }
    }
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Rows<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
            changes: VecDeque::new(),
            moment: 0,
            fingerprint: 0,
            horizon: Horizon::uniform(Timestamp(0)),
            graves: BTreeSet::new(),
        }
    }

    /// Makes a row visible, in place of an earlier version of it.
    pub(crate) fn show(&mut self, row: Arc<Row<K, V>>) {
        let id = row.id();
        match self.by_id.entry(id) {
            btree_map::Entry::Occupied(mut known) => known.get_mut().row = row,
            btree_map::Entry::Vacant(room) => drop(room.insert(Entry::new(row))),
        }
        self.note_change(id);
    }

    /// Changes a row in place, or a new one; a row that readers hold on to is copied first.
    pub(crate) fn change<R>(&mut self, id: RowId, change: impl FnOnce(&mut Row<K, V>) -> R) -> R {
        let entry = self.by_id.entry(id).or_insert_with(|| Entry::new(Arc::new(Row::new(id))));
        let from = entry.row.version();
        let result = change(Arc::make_mut(&mut entry.row));
        if entry.row.version() > from {
            self.note_change(id);
        }
        result
    }

    /// Drops the rows of earlier lives of the replica in the space of `id`, but not of `kept`.
    pub(crate) fn drop_older_lives(&mut self, id: RowId, kept: Life) {
        let first = RowId::first_of(id.space, id.life.replica);
        let older: Vec<RowId> = self.by_id.range(first..id).map(|(id, _)| *id).collect();
        for id in older.into_iter().filter(|id| id.life != kept) {
            self.remove(id);
        }
    }

    /// Drops a row. Only the table knows which may go.
    pub(crate) fn remove(&mut self, id: RowId) {
        if let Some(entry) = self.by_id.remove(&id) {
            self.moment += 1;
            self.fingerprint = self.fingerprint.wrapping_sub(entry.share);
        }
    }

    /// Lets rows that are stamped earlier be gone for good once they are gone.
    pub(crate) fn move_horizon(&mut self, horizon: Horizon) {
        self.horizon = horizon;
    }

    pub(crate) const fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// Says whether what carries this stamp has expired.
    pub(crate) fn is_expired(&self, space: Space, stamped: Timestamp) -> bool {
        stamped < self.horizon.of(space)
    }

    /// Refuses the lives of a replica from here on.
    pub(crate) fn mark_grave(&mut self, replica: ReplicaId) {
        self.graves.insert(replica);
    }

    pub(crate) fn unmark_grave(&mut self, replica: ReplicaId) {
        self.graves.remove(&replica);
    }

    pub(crate) fn graves(&self) -> impl Iterator<Item = ReplicaId> {
        self.graves.iter().copied()
    }

    pub(crate) fn is_evicted(&self, replica: ReplicaId) -> bool {
        self.graves.contains(&replica)
    }

    fn note_change(&mut self, id: RowId) {
        let Some(entry) = self.by_id.get_mut(&id) else { return };
        self.moment += 1;
        self.changes.push_back((self.moment, id));
        entry.changed = self.moment;
        self.fingerprint = self.fingerprint.wrapping_sub(entry.share);
        entry.share = row_hash(id, entry.row.version());
        self.fingerprint = self.fingerprint.wrapping_add(entry.share);
        if self.changes.len() > 2 * self.by_id.len() + CHANGES_STALE_MIN {
            let by_id = &self.by_id;
            self.changes
                .retain(|(moment, id)| by_id.get(id).is_some_and(|it| it.changed == *moment));
        }
    }

    pub(crate) fn get(&self, id: RowId) -> Option<&Arc<Row<K, V>>> {
        self.by_id.get(&id).map(|entry| &entry.row)
    }

    pub(crate) fn head(&self, id: RowId) -> Option<&Head> {
        self.by_id.get(&id).map(|entry| entry.row.head())
    }

    pub(crate) fn version(&self, id: RowId) -> Version {
        self.head(id).map_or(0, |head| head.version)
    }

    /// Says whether a dependency is met: by the row itself; by a newer life of its owner where
    /// only the newest counts; or because no copy of the row can come that would not meet it.
    pub(crate) fn meet(&self, id: RowId, dependency: Dependency) -> bool {
        self.version(id) >= dependency.version
            || self.supersede(id)
            || self.is_evicted(id.life.replica)
            || (self.is_expired(id.space, dependency.timestamp) && self.get(id).is_none())
    }

    /// Says whether a newer life counts in place of this one.
    pub(crate) fn supersede(&self, id: RowId) -> bool {
        let newest = || self.of(id.space, id.life.replica).next_back();
        id.space.is_ephemeral() && newest().is_some_and(|row| row.id().life > id.life)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        self.by_id.values().map(|entry| &entry.row)
    }

    pub(crate) fn from(&self, start: RowId) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.by_id.range(start..).map(|(_, entry)| &entry.row)
    }

    pub(crate) fn in_space(&self, space: Space) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let first = RowId::first_of(space, ReplicaId(0));
        let last = RowId::last_of(space, ReplicaId(u64::MAX));
        self.by_id.range(first..=last).map(|(_, entry)| &entry.row)
    }

    pub(crate) fn of(
        &self,
        space: Space,
        replica: ReplicaId,
    ) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        let ids = RowId::first_of(space, replica)..=RowId::last_of(space, replica);
        self.by_id.range(ids).map(|(_, entry)| &entry.row)
    }

    pub(crate) fn changed_after(&self, moment: u64) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let first = self.changes.partition_point(|(changed, _)| *changed <= moment);
        self.changes.range(first..).filter_map(|(changed, id)| {
            let entry = self.by_id.get(id)?;
            (entry.changed == *changed).then_some(&entry.row)
        })
    }

    pub(crate) const fn moment(&self) -> u64 {
        self.moment
    }

    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}
