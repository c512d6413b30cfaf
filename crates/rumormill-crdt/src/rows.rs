//! The rows that readers see.

mod journal;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use serde::Serialize;
use smallvec::SmallVec;

use self::journal::Journal;
use crate::{
    Dependency, Head, Horizon, Life, ReplicaId, Row, RowId, Space, Timestamp, Version,
    hash::row_hash,
};

pub use self::journal::Change;

/// The rows that readers see, findable by id, by number and by the moment of their last change.
///
/// Invariants: `by_id` numbers exactly the rows in `slots`; `fingerprint` sums up all rows.
#[derive(Clone, Debug)]
pub(crate) struct Rows<K, V> {
    by_id: BTreeMap<RowId, u32>,
    slots: Vec<Option<Entry<K, V>>>,
    /// Slots to be used again.
    free: Vec<u32>,
    journal: Journal,
    fingerprint: u64,
    /// What is stamped earlier, and is not there, does not come back.
    horizon: Horizon,
    /// The replicas that were evicted.
    graves: BTreeSet<ReplicaId>,
}

#[derive(Clone, Debug)]
struct Entry<K, V> {
    row: Arc<Row<K, V>>,
    /// The moment of its last change.
    changed: u64,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Rows<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            journal: Journal::default(),
            fingerprint: 0,
            horizon: Horizon::uniform(Timestamp(0)),
            graves: BTreeSet::new(),
        }
    }

    /// Makes a row visible, in place of an earlier version of it.
    pub(crate) fn show(&mut self, row: Arc<Row<K, V>>) {
        let id = row.id();
        if let Some(entry) = self.entry_mut(id) {
            let before = core::mem::replace(&mut entry.row, row).version();
            self.note_growth(id, before);
        } else {
            self.add(row);
            self.note_growth(id, 0);
        }
    }

    /// Changes a row in place, or a new one; a row that readers hold on to is copied first.
    pub(crate) fn change<R>(&mut self, id: RowId, change: impl FnOnce(&mut Row<K, V>) -> R) -> R {
        let Some(entry) = self.entry_mut(id) else {
            let mut row = Row::new(id);
            let result = change(&mut row);
            self.show(Arc::new(row));
            return result;
        };
        let before = entry.row.version();
        let result = change(Arc::make_mut(&mut entry.row));
        if entry.row.version() > before {
            self.note_growth(id, before);
        }
        result
    }

    fn add(&mut self, row: Arc<Row<K, V>>) {
        let id = row.id();
        let entry = Some(Entry { row, changed: 0 });
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("2^32 rows do not fit into memory")
        });
        self.slots[number as usize] = entry;
        self.by_id.insert(id, number);
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
        let Some(number) = self.by_id.remove(&id) else { return };
        if let Some(entry) = self.slots[number as usize].take() {
            let version = entry.row.version();
            self.fingerprint = self.fingerprint.wrapping_sub(share(id, version));
            self.free.extend(self.journal.note_drop(id, number, version));
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

    fn note_growth(&mut self, id: RowId, before: Version) {
        let Some(number) = self.number(id) else { return };
        let Some(entry) = &mut self.slots[number as usize] else { return };
        entry.changed = self.journal.note_growth(number, before);
        let growth = entry.row.version().wrapping_sub(before);
        self.fingerprint = self.fingerprint.wrapping_add(share(id, growth));
        if self.journal.is_long(self.by_id.len()) {
            let slots = &self.slots;
            self.journal.compact(|number, moment| {
                slots[number as usize].as_ref().is_none_or(|it| it.changed != moment)
            });
        }
    }

    /// The number of a row: it stays while the row does, and is used again for other rows.
    pub(crate) fn number(&self, id: RowId) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn numbered(&self, number: u32) -> Option<&Arc<Row<K, V>>> {
        self.slots.get(number as usize)?.as_ref().map(|entry| &entry.row)
    }

    fn entry_mut(&mut self, id: RowId) -> Option<&mut Entry<K, V>> {
        let number = self.number(id)?;
        self.slots[number as usize].as_mut()
    }

    fn rows(
        &self,
        numbers: impl DoubleEndedIterator<Item = u32>,
    ) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        numbers.filter_map(|number| self.numbered(number))
    }

    pub(crate) fn get(&self, id: RowId) -> Option<&Arc<Row<K, V>>> {
        self.numbered(self.number(id)?)
    }

    pub(crate) fn head(&self, id: RowId) -> Option<&Head> {
        self.get(id).map(|row| row.head())
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
        self.rows(self.by_id.values().copied())
    }

    pub(crate) fn from(&self, start: RowId) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.rows(self.by_id.range(start..).map(|(_, number)| *number))
    }

    /// The spaces that hold rows, found without a walk over these.
    pub(crate) fn spaces(&self) -> impl Iterator<Item = Space> {
        let at_or_after = |space: Space| {
            let first = RowId::first_of(space, ReplicaId(0));
            self.by_id.range(first..).next().map(|(id, _)| id.space)
        };
        let next = move |space: &Space| at_or_after(Space(space.0.checked_add(1)?));
        core::iter::successors(at_or_after(Space(0)), next)
    }

    pub(crate) fn in_space(&self, space: Space) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let first = RowId::first_of(space, ReplicaId(0));
        let last = RowId::last_of(space, ReplicaId(u64::MAX));
        self.rows(self.by_id.range(first..=last).map(|(_, number)| *number))
    }

    /// Walks the rows of one replica in all spaces.
    pub(crate) fn of_replica(&self, replica: ReplicaId) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.spaces().flat_map(move |space| self.of(space, replica))
    }

    pub(crate) fn of(
        &self,
        space: Space,
        replica: ReplicaId,
    ) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        let ids = RowId::first_of(space, replica)..=RowId::last_of(space, replica);
        self.rows(self.by_id.range(ids).map(|(_, number)| *number))
    }

    pub(crate) fn changed_after(&self, moment: u64) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.journal.growths_after(moment).filter_map(|(number, moment)| {
            let entry = self.slots[number as usize].as_ref()?;
            (entry.changed == moment).then_some(&entry.row)
        })
    }

    pub(crate) fn changes_after(&self, moment: u64) -> Option<SmallVec<[Change; 2]>> {
        self.journal.changes_after(moment, |number| self.numbered(number).map(|row| row.id()))
    }

    pub(crate) const fn moment(&self) -> u64 {
        self.journal.moment()
    }

    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

/// What a row adds to the fingerprint by having seen so many writes.
pub(crate) fn share(id: RowId, writes: Version) -> u64 {
    row_hash(id).wrapping_mul(writes)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn id(replica: u64) -> RowId {
        RowId { space: Space::SHARED, life: Life { replica: ReplicaId(replica), epoch: 1 } }
    }

    /// Every row is there with its version, under a number of its own.
    fn check(rows: &Rows<u8, u8>, model: &BTreeMap<RowId, Version>) {
        let found = rows.iter().map(|row| (row.id(), row.version()));
        assert!(found.eq(model.iter().map(|(id, version)| (*id, *version))));
        for id in model.keys() {
            let number = rows.number(*id).expect("the row is there");
            assert_eq!(rows.numbered(number).map(|row| row.id()), Some(*id));
        }
        let mut fresh = Rows::<u8, u8>::new();
        for (id, version) in model {
            fresh.change(*id, |row| (0..*version).for_each(|_| row.touch(Timestamp(1))));
        }
        assert_eq!(rows.fingerprint(), fresh.fingerprint());
    }

    proptest! {
        /// Rows grow and go at random; whoever looks now and then is told what changed since.
        #[test]
        fn changes_are_told_from_what_rows_were(steps in prop::collection::vec((0..12u64, 0..4u8), 1..300)) {
            let mut rows: Rows<u8, u8> = Rows::new();
            let mut model: BTreeMap<RowId, Version> = BTreeMap::new();
            let (mut seen, mut numbers, mut seen_at) = (model.clone(), BTreeMap::new(), 0);
            for (replica, kind) in steps {
                let id = id(replica);
                match kind {
                    0 => {
                        rows.remove(id);
                        model.remove(&id);
                    }
                    1 | 2 => {
                        rows.change(id, |row| row.touch(Timestamp(1)));
                        *model.entry(id).or_default() += 1;
                    }
                    _ => {
                        check(&rows, &model);
                        let told = rows.changes_after(seen_at);
                        prop_assert!(told.is_some() || rows.moment() - seen_at > 64);
                        for change in told.unwrap_or_default() {
                            prop_assert_eq!(change.before, seen.get(&change.id).copied().unwrap_or(0));
                            if let Some(number) = numbers.get(&change.id) {
                                prop_assert_eq!(change.number, *number);
                            }
                            seen.remove(&change.id);
                            seen.extend(model.get(&change.id).map(|version| (change.id, *version)));
                        }
                        prop_assert!(seen == model || rows.moment() - seen_at > 64);
                        seen.clone_from(&model);
                        numbers = model.keys().map(|id| (*id, rows.number(*id).unwrap_or(0))).collect();
                        seen_at = rows.moment();
                    }
                }
            }
        }
    }
}
