//! The rows that readers see.

mod journal;

use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};

use serde::Serialize;
use smallvec::SmallVec;

use self::journal::Journal;
use crate::{
    Cell, Dependency, Head, Horizon, Life, ReplicaId, Row, RowId, RowPool, Space, Timestamp,
    Version,
    hash::row_hash,
    order::{Order, Position},
};

pub use self::journal::Change;

/// The rows that readers see, findable by id, by number and by the moment of their last change.
///
/// Invariants: `by_id` has exactly the numbers of the rows in `slots`, `len` of them, in the order of
/// their ids; `fingerprint` sums up all rows.
#[derive(Clone, Debug)]
pub(crate) struct Rows<K, V> {
    by_id: Order<u32>,
    len: usize,
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
            by_id: Order::new(),
            len: 0,
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
        let position = self.at_or_after(row.id());
        if let Some(number) = self.number_at(position, row.id()) {
            self.replace(number, row);
        } else {
            let number = self.add(position, row);
            self.note_growth(number, 0);
        }
    }

    fn replace(&mut self, number: u32, row: Arc<Row<K, V>>) {
        let Some(entry) = &mut self.slots[number as usize] else { return };
        let before = core::mem::replace(&mut entry.row, row).version();
        self.note_growth(number, before);
    }

    /// Changes a row in place, or a new one; a row that readers hold on to is copied first.
    pub(crate) fn change<R>(&mut self, id: RowId, change: impl FnOnce(&mut Row<K, V>) -> R) -> R {
        let number = self.number(id);
        let entry = number.and_then(|number| self.slots[number as usize].as_mut());
        let (Some(number), Some(entry)) = (number, entry) else {
            let mut row = Row::new(id);
            let result = change(&mut row);
            self.show(Arc::new(row));
            return result;
        };
        let before = entry.row.version();
        let result = change(Arc::make_mut(&mut entry.row));
        if entry.row.version() > before {
            self.note_growth(number, before);
        }
        result
    }

    fn add(&mut self, position: Position, row: Arc<Row<K, V>>) -> u32 {
        let entry = Some(Entry { row, changed: 0 });
        let number = self.free.pop().unwrap_or_else(|| {
            if self.slots.len() == self.slots.capacity() {
                // Doubling the room would leave a third of it unused.
                self.slots.reserve_exact(self.slots.len() / 8 + 4);
            }
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("2^32 rows do not fit into memory")
        });
        self.slots[number as usize] = entry;
        self.by_id.insert(position, number);
        self.len += 1;
        number
    }

    /// Drops the rows of earlier lives of the replica in the space of `id`, but not of `kept`.
    pub(crate) fn drop_older_lives(&mut self, id: RowId, kept: Life) {
        let first = RowId::first_of(id.space, id.life.replica);
        let end = self.at_or_after(id);
        if self.last_before(end).is_none_or(|row| row.id() < first) {
            return;
        }
        let older = self.between(self.at_or_after(first), end);
        let older: Vec<RowId> = older.map(|row| row.id()).collect();
        for id in older.into_iter().filter(|id| id.life != kept) {
            self.remove(id);
        }
    }

    /// Drops a row. Only the table knows which may go.
    pub(crate) fn remove(&mut self, id: RowId) {
        let position = self.at_or_after(id);
        let Some(number) = self.number_at(position, id) else { return };
        self.by_id.remove(position);
        self.len -= 1;
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

    fn note_growth(&mut self, number: u32, before: Version) {
        let Some(entry) = &mut self.slots[number as usize] else { return };
        entry.changed = self.journal.note_growth(number, before);
        let growth = entry.row.version().wrapping_sub(before);
        self.fingerprint = self.fingerprint.wrapping_add(share(entry.row.id(), growth));
        self.journal.forget_early(self.len);
    }

    /// The number of a row: it stays while the row does, and is used again for other rows.
    pub(crate) fn number(&self, id: RowId) -> Option<u32> {
        self.number_at(self.at_or_after(id), id)
    }

    pub(crate) fn numbered(&self, number: u32) -> Option<&Arc<Row<K, V>>> {
        self.slots.get(number as usize)?.as_ref().map(|entry| &entry.row)
    }

    /// The number at a position, if that is where this row is.
    fn number_at(&self, position: Position, id: RowId) -> Option<u32> {
        self.by_id.at(position).filter(|number| self.id_of(*number) == Some(id))
    }

    fn id_of(&self, number: u32) -> Option<RowId> {
        self.numbered(number).map(|row| row.id())
    }

    /// Where the first row is whose id is not less.
    fn at_or_after(&self, id: RowId) -> Position {
        self.by_id.first_not(|number| self.id_of(number) < Some(id))
    }

    /// Where the first row is whose id is greater.
    fn after(&self, id: RowId) -> Position {
        self.by_id.first_not(|number| self.id_of(number) <= Some(id))
    }

    fn last_before(&self, position: Position) -> Option<&Arc<Row<K, V>>> {
        self.numbered(self.by_id.before(position)?)
    }

    fn between(
        &self,
        start: Position,
        end: Position,
    ) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        self.rows(self.by_id.between(start, end))
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
        let newest = || self.last_before(self.after(RowId::last_of(id.space, id.life.replica)));
        // Were it another replica's row, or one of another space, it would come before `id`.
        id.space.is_ephemeral() && newest().is_some_and(|row| row.id() > id)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        self.rows(self.by_id.iter())
    }

    pub(crate) fn from(&self, start: RowId) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let numbers = self.by_id.from(self.at_or_after(start));
        numbers.filter_map(|number| self.numbered(number))
    }

    /// The spaces that hold rows, found without a walk over these.
    pub(crate) fn spaces(&self) -> impl Iterator<Item = Space> {
        let at_or_after = |space: Space| {
            let first = RowId::first_of(space, ReplicaId(0));
            self.from(first).next().map(|row| row.id().space)
        };
        let next = move |space: &Space| at_or_after(Space(space.0.checked_add(1)?));
        core::iter::successors(at_or_after(Space(0)), next)
    }

    pub(crate) fn in_space(&self, space: Space) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let first = RowId::first_of(space, ReplicaId(0));
        let last = RowId::last_of(space, ReplicaId(u64::MAX));
        self.between(self.at_or_after(first), self.after(last))
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
        let first = RowId::first_of(space, replica);
        self.between(self.at_or_after(first), self.after(RowId::last_of(space, replica)))
    }

    pub(crate) fn changed_after(&self, moment: u64) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let lately = self.journal.growths_after(moment).into_iter().flatten();
        let lately = lately.filter_map(|(number, moment)| {
            let entry = self.slots[number as usize].as_ref()?;
            (entry.changed == moment).then_some(&entry.row)
        });
        self.all_changed_after(moment).into_iter().map(|entry| &entry.row).chain(lately)
    }

    /// The same by a look at all rows, where the journal does not go back so far.
    fn all_changed_after(&self, moment: u64) -> Vec<&Entry<K, V>> {
        if self.journal.growths_after(moment).is_some() {
            return Vec::new();
        }
        let entries = self.slots.iter().flatten();
        let mut changed: Vec<_> = entries.filter(|entry| entry.changed > moment).collect();
        changed.sort_unstable_by_key(|entry| entry.changed);
        changed
    }

    pub(crate) fn changes_after(&self, moment: u64) -> Option<SmallVec<[Change; 2]>> {
        self.journal.changes_after(moment, |number| self.id_of(number))
    }

    /// Shares the rows that changed after a moment with other tables.
    pub(crate) fn share(&mut self, moment: u64, pool: &mut RowPool<K, V>)
    where
        Cell<V>: PartialEq,
    {
        let Self { slots, journal, .. } = self;
        let Some(growths) = journal.growths_after(moment) else {
            slots.iter_mut().flatten().for_each(|entry| pool.share(&mut entry.row));
            return;
        };
        for (number, _) in growths {
            if let Some(entry) = &mut slots[number as usize] {
                pool.share(&mut entry.row);
            }
        }
    }

    pub(crate) const fn moment(&self) -> u64 {
        self.journal.moment()
    }

    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
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

    /// Whatever the moment, the rows that changed after it are found, in the order in which they did.
    fn check_changed(rows: &Rows<u8, u8>, changed: &BTreeMap<RowId, u64>) {
        for moment in [0, rows.moment() / 2, rows.moment().saturating_sub(3), rows.moment()] {
            let mut later: Vec<_> = changed.iter().filter(|(_, at)| **at > moment).collect();
            later.sort_by_key(|(_, at)| **at);
            let found = rows.changed_after(moment).map(|row| row.id());
            assert!(found.eq(later.iter().map(|(id, _)| **id)), "after {moment}");
        }
    }

    proptest! {
        /// Rows grow and go at random; whoever looks now and then is told what changed since.
        #[test]
        fn changes_are_told_from_what_rows_were(steps in prop::collection::vec((0..12u64, 0..4u8), 1..300)) {
            let mut rows: Rows<u8, u8> = Rows::new();
            let mut model: BTreeMap<RowId, Version> = BTreeMap::new();
            let (mut seen, mut numbers, mut seen_at) = (model.clone(), BTreeMap::new(), 0);
            let mut changed = BTreeMap::new();
            for (replica, kind) in steps {
                let id = id(replica);
                match kind {
                    0 => {
                        rows.remove(id);
                        model.remove(&id);
                        changed.remove(&id);
                    }
                    1 | 2 => {
                        rows.change(id, |row| row.touch(Timestamp(1)));
                        *model.entry(id).or_default() += 1;
                        changed.insert(id, rows.moment());
                    }
                    _ => {
                        check(&rows, &model);
                        check_changed(&rows, &changed);
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
