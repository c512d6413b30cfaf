//! The cells of one row, findable by key and by version.

mod log;

use alloc::{collections::BTreeSet, vec::Vec};
use core::ops::{Bound, RangeBounds};

use serde::Serialize;
use smallvec::SmallVec;

use self::log::{Log, Place};
use crate::{
    Content, DeltaCell, Version,
    content::{HASHED_WHOLE_MAX, Lanes, Whole},
    hash::cell_hash,
    order::{Order, Position},
};

/// What a row holds under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<V> {
    /// The write that put it there.
    pub version: Version,
    /// The value, or nothing: a tombstone.
    pub value: Option<V>,
}

/// The cells of one row: in the order of their versions, their places in the order of their keys,
/// tombstones by version, the running hash, and the running sums of a large row that is signed.
///
/// Invariant: all five say the same; versions are unique.
#[derive(Clone, Debug)]
pub(crate) struct Cells<K, V> {
    log: Log<K, V>,
    by_key: Order<Place>,
    tombstones: BTreeSet<Version>,
    hash: u64,
    /// Only where somebody has asked for the content of so many cells.
    lanes: Option<Lanes>,
}

/// What taking in the cells of a delta will do, worked out before anything changes.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The cells that go although nothing takes their place.
    doomed: SmallVec<[Place; 4]>,
    /// Where the keys of the news are, or would be.
    found: SmallVec<[Found; 4]>,
    /// All cells that go, by place.
    gone: SmallVec<[Place; 4]>,
    /// The running hash afterwards.
    pub(crate) hash: u64,
    /// The running sums afterwards, if they were worked out.
    lanes: Option<Lanes>,
}

impl Plan {
    /// How many of the news are under keys that are not there.
    pub(crate) fn new_keys(&self) -> usize {
        self.found.iter().filter(|found| found.place.is_none()).count()
    }
}

/// Where the index has a key, or would have it, and the cell under it, if there is one.
#[derive(Clone, Copy, Debug)]
struct Found {
    position: Position,
    place: Option<Place>,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Cells<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            log: Log::new(),
            by_key: Order::new(),
            tombstones: BTreeSet::new(),
            hash: 0,
            lanes: None,
        }
    }

    /// The cells of a whole row: by ascending version, each under a key of its own.
    pub(crate) fn of_whole(listed: &[DeltaCell<K, V>]) -> Self {
        let mut cells = Self::new();
        let mut placed = Vec::with_capacity(listed.len());
        for DeltaCell { version, key, value } in listed {
            cells.hash = cells.hash.wrapping_add(cell_hash(*version, key, value.as_ref()));
            if value.is_none() {
                cells.tombstones.insert(*version);
            }
            let cell = Cell { version: *version, value: value.clone() };
            placed.push((key, cells.log.push(key.clone(), cell)));
        }
        placed.sort_unstable_by_key(|(key, _)| *key);
        debug_assert!(placed.is_sorted_by(|(a, _), (b, _)| a < b), "keys differ");
        cells.by_key = Order::packed(placed.into_iter().map(|(_, place)| place));
        cells
    }

    /// Puts a cell under a key; its version is above all others.
    pub(crate) fn put(&mut self, version: Version, key: K, value: Option<V>) {
        self.hash = self.hash.wrapping_add(cell_hash(version, &key, value.as_ref()));
        if let Some(lanes) = &mut self.lanes {
            lanes.add_share(version, &key, value.as_ref());
        }
        let found = self.find(&key);
        if let Some((key, old)) = self.replace(found, version, key, value) {
            self.hash = self.hash.wrapping_sub(cell_hash(old.version, &key, old.value.as_ref()));
            if let Some(lanes) = &mut self.lanes {
                lanes.subtract_share(old.version, &key, old.value.as_ref());
            }
        }
        self.compact();
    }

    /// Drops the tombstones with version <= `floor` and says whether there were any.
    pub(crate) fn forget(&mut self, floor: Version) -> bool {
        let doomed: Vec<_> = self.tombstones.range(..=floor).copied().collect();
        for version in &doomed {
            let place = self.log.at(*version).map(|(place, ..)| place);
            if let Some((key, _)) = place.and_then(|place| self.remove(place)) {
                self.hash = self.hash.wrapping_sub(cell_hash(*version, &key, None::<&V>));
                if let Some(lanes) = &mut self.lanes {
                    lanes.subtract_share(*version, &key, None::<&V>);
                }
            }
        }
        self.compact();
        !doomed.is_empty()
    }

    /// Works out what the cells of a delta from `from` do to these, which stand at `version`.
    ///
    /// Three kinds of cell go: those whose key is written again; those in `(from, version]` that
    /// the delta does not list (I5); tombstones up to the floor.
    pub(crate) fn plan(
        &self,
        version: Version,
        from: Version,
        floor: Version,
        listed: &[DeltaCell<K, V>],
    ) -> Plan {
        let is_listed =
            |version: Version| listed.binary_search_by_key(&version, |cell| cell.version).is_ok();
        let mut doomed = SmallVec::<[Place; 4]>::new();
        if from < version {
            let covered = self.log.after(from).filter(|(_, _, cell)| !is_listed(cell.version));
            doomed.extend(covered.map(|(place, ..)| place));
        }
        let buried = self.tombstones.range(..=floor);
        doomed.extend(buried.filter_map(|version| self.log.at(*version)).map(|(place, ..)| place));

        let mut hash = self.hash;
        let mut found = SmallVec::new();
        let mut gone = doomed.clone();
        for cell in news(version, listed) {
            hash = hash.wrapping_add(cell_hash(cell.version, &cell.key, cell.value.as_ref()));
            let known = self.find(&cell.key);
            gone.extend(known.place);
            found.push(known);
        }
        gone.sort_unstable();
        gone.dedup();
        for (key, cell) in gone.iter().map(|place| self.log.entry(*place)) {
            hash = hash.wrapping_sub(cell_hash(cell.version, key, cell.value.as_ref()));
        }
        Plan { doomed, found, gone, hash, lanes: None }
    }

    /// What the cells are, as long as they have this floor.
    pub(crate) fn content(&self, floor: Version) -> Content {
        if self.len() <= HASHED_WHOLE_MAX {
            let whole = self.since(0).fold(Whole::new(floor), |whole, (key, cell)| {
                whole.with(cell.version, key, cell.value.as_ref())
            });
            return whole.content();
        }
        let kept = self.lanes.as_ref().map(|lanes| lanes.content(floor));
        kept.unwrap_or_else(|| self.sum_up().content(floor))
    }

    /// Keeps running sums from here on, if there are so many cells that a walk over them for each
    /// write would cost more.
    pub(crate) fn keep_sums(&mut self) {
        if self.lanes.is_none() && self.len() > HASHED_WHOLE_MAX {
            self.lanes = Some(self.sum_up());
        }
    }

    fn sum_up(&self) -> Lanes {
        let mut lanes = Lanes::new();
        self.since(0).for_each(|(key, cell)| lanes.add(key, cell));
        lanes
    }

    /// What the cells will be once a plan for the cells of a delta, made for these at `version`, is
    /// carried out. What it takes to work that out is kept with the plan.
    pub(crate) fn content_after(
        &self,
        plan: &mut Plan,
        version: Version,
        floor: Version,
        listed: &[DeltaCell<K, V>],
    ) -> Content {
        let news = news(version, listed);
        let stays = |place: &Place| plan.gone.binary_search(place).is_err();
        if self.len() - plan.gone.len() + news.len() <= HASHED_WHOLE_MAX {
            let mut whole = Whole::new(floor);
            for (_, key, cell) in self.log.after(0).filter(|(place, ..)| stays(place)) {
                whole = whole.with(cell.version, key, cell.value.as_ref());
            }
            for DeltaCell { version, key, value } in news {
                whole = whole.with(*version, key, value.as_ref());
            }
            return whole.content();
        }
        let lanes = self.sums_after(plan, news);
        let content = lanes.content(floor);
        plan.lanes = Some(lanes);
        content
    }

    fn sums_after(&self, plan: &Plan, news: &[DeltaCell<K, V>]) -> Lanes {
        let mut lanes = self.lanes.clone().unwrap_or_else(|| self.sum_up());
        for (key, cell) in plan.gone.iter().map(|place| self.log.entry(*place)) {
            lanes.subtract_share(cell.version, key, cell.value.as_ref());
        }
        for DeltaCell { version, key, value } in news {
            lanes.add_share(*version, key, value.as_ref());
        }
        lanes
    }

    /// The value that will be under a key once a plan is carried out.
    pub(crate) fn get_after<'c>(
        &'c self,
        plan: &Plan,
        version: Version,
        listed: &'c [DeltaCell<K, V>],
        key: &K,
    ) -> Option<&'c V> {
        if let Some(cell) = news(version, listed).iter().find(|cell| cell.key == *key) {
            return cell.value.as_ref();
        }
        let place = self.find(key).place.filter(|place| plan.gone.binary_search(place).is_err())?;
        self.log.entry(place).1.value.as_ref()
    }

    /// Carries out a plan made for the same cells and the same delta.
    pub(crate) fn carry_out(
        &mut self,
        mut plan: Plan,
        version: Version,
        listed: &[DeltaCell<K, V>],
    ) {
        let has_sums = plan.lanes.is_some() || self.lanes.is_some();
        let lanes = has_sums.then(|| {
            let known = plan.lanes.take();
            known.unwrap_or_else(|| self.sums_after(&plan, news(version, listed)))
        });
        for place in &plan.doomed {
            self.remove(*place);
        }
        let mut moved = !plan.doomed.is_empty();
        for (cell, found) in news(version, listed).iter().zip(&plan.found) {
            // What was found holds until the first key comes or goes.
            let found = if moved { self.find(&cell.key) } else { *found };
            let (key, value) = (cell.key.clone(), cell.value.clone());
            moved |= self.replace(found, cell.version, key, value).is_none();
        }
        (self.hash, self.lanes) = (plan.hash, lanes);
        self.compact();
    }

    /// Puts a cell under a key, which was found there, and returns what it replaces. The hash is
    /// left to the caller.
    fn replace(
        &mut self,
        found: Found,
        version: Version,
        key: K,
        value: Option<V>,
    ) -> Option<(K, Cell<V>)> {
        if value.is_none() {
            self.tombstones.insert(version);
        }
        let Some(known) = found.place else {
            self.by_key.insert(found.position, self.log.push(key, Cell { version, value }));
            return None;
        };
        let old = self.log.take(known)?;
        self.tombstones.remove(&old.1.version);
        self.by_key.replace(found.position, self.log.push(key, Cell { version, value }));
        Some(old)
    }

    /// Removes a cell and returns it, if it is still there. The hash is left to the caller.
    fn remove(&mut self, place: Place) -> Option<(K, Cell<V>)> {
        let found = self.find(self.log.key(place)?);
        self.by_key.remove(found.position);
        let gone = self.log.take(place)?;
        self.tombstones.remove(&gone.1.version);
        Some(gone)
    }

    /// Closes the holes that removed cells left, when that is due.
    fn compact(&mut self) {
        if !self.log.is_sparse() {
            return;
        }
        let moves = self.log.compact();
        self.by_key.renumber(|old| moves.new_place(old));
    }

    fn find(&self, key: &K) -> Found {
        let position = self.by_key.first_not(|place| self.log.entry(place).0.cmp(key).is_lt());
        let place = self.by_key.at(position);
        Found { position, place: place.filter(|place| self.log.entry(*place).0 == key) }
    }

    pub(crate) fn cell(&self, key: &K) -> Option<&Cell<V>> {
        self.find(key).place.map(|place| self.log.entry(place).1)
    }

    pub(crate) fn at(&self, version: Version) -> Option<(&K, &Cell<V>)> {
        self.log.at(version).map(|(_, key, cell)| (key, cell))
    }

    /// How many keys come before this one.
    pub(crate) fn rank(&self, key: &K) -> usize {
        self.by_key.rank(self.find(key).position)
    }

    /// The cell whose key so many come before.
    pub(crate) fn nth(&self, rank: usize) -> Option<(&K, &Cell<V>)> {
        self.by_key.nth(rank).map(|place| self.log.entry(place))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.by_key.iter().map(|place| self.log.entry(place))
    }

    pub(crate) fn range(&self, keys: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &Cell<V>)> {
        let first = self.by_key.first_not(|place| match keys.start_bound() {
            Bound::Included(start) => self.log.entry(place).0 < start,
            Bound::Excluded(start) => self.log.entry(place).0 <= start,
            Bound::Unbounded => false,
        });
        let entries = self.by_key.from(first).map(|place| self.log.entry(place));
        entries.take_while(move |(key, _)| match keys.end_bound() {
            Bound::Included(end) => *key <= end,
            Bound::Excluded(end) => *key < end,
            Bound::Unbounded => true,
        })
    }

    pub(crate) fn since(&self, version: Version) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.log.after(version).map(|(_, key, cell)| (key, cell))
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn len(&self) -> usize {
        self.log.len()
    }

    pub(crate) fn tombstones(&self) -> usize {
        self.tombstones.len()
    }
}

fn news<K, V>(version: Version, listed: &[DeltaCell<K, V>]) -> &[DeltaCell<K, V>] {
    &listed[listed.partition_point(|cell| cell.version <= version)..]
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// What the cells are to say, by the plainest means.
    #[derive(Default)]
    struct Plain {
        by_key: BTreeMap<u16, Cell<u16>>,
        version: Version,
    }

    #[derive(Clone, Copy, Debug)]
    enum Edit {
        Set(u16),
        Erase(u16),
        /// Sets as many keys, one after the other, upwards or downwards.
        Run(u16, i16),
        /// Forgets the tombstones of the oldest part of the versions, in quarters.
        Forget(u8),
    }

    fn edits() -> impl Strategy<Value = Vec<Edit>> {
        let key = || 0..4_000u16;
        vec(
            prop_oneof![
                8 => key().prop_map(Edit::Set),
                4 => key().prop_map(Edit::Erase),
                4 => (key(), -600i16..600).prop_map(|(key, len)| Edit::Run(key, len)),
                1 => (0..4u8).prop_map(Edit::Forget),
            ],
            1..120,
        )
    }

    impl Plain {
        fn put(&mut self, cells: &mut Cells<u16, u16>, key: u16, value: Option<u16>) {
            self.version += 1;
            cells.put(self.version, key, value);
            self.by_key.insert(key, Cell { version: self.version, value });
        }

        fn edit(&mut self, cells: &mut Cells<u16, u16>, edit: Edit) {
            match edit {
                Edit::Set(key) => self.put(cells, key, Some(key)),
                Edit::Erase(key) => self.put(cells, key, None),
                Edit::Run(key, len) => {
                    for step in 0..len.unsigned_abs() {
                        let step = if len < 0 { step.wrapping_neg() } else { step };
                        self.put(cells, key.wrapping_add(step), Some(step));
                    }
                }
                Edit::Forget(quarters) => {
                    let floor = self.version / 4 * u64::from(quarters);
                    cells.forget(floor);
                    self.by_key.retain(|_, cell| cell.value.is_some() || cell.version > floor);
                }
            }
        }

        fn check(&self, cells: &Cells<u16, u16>) {
            assert_eq!(cells.len(), self.by_key.len());
            assert!(cells.iter().eq(self.by_key.iter()), "by key");
            assert!(cells.range(1_000..2_000).eq(self.by_key.range(1_000..2_000)), "a range");
            let mut by_version: Vec<_> = self.by_key.iter().collect();
            by_version.sort_by_key(|(_, cell)| cell.version);
            assert!(cells.since(0).eq(by_version.iter().copied()), "by version");
            let half = self.version / 2;
            let later = by_version.iter().copied().filter(|(_, cell)| cell.version > half);
            assert!(cells.since(half).eq(later), "the later half");
            for (key, cell) in &by_version {
                assert_eq!(cells.cell(key), Some(*cell));
                assert_eq!(cells.at(cell.version), Some((*key, *cell)));
            }
            let dead = by_version.iter().filter(|(_, cell)| cell.value.is_none());
            assert_eq!(cells.tombstones(), dead.count());
            let shares = by_version
                .iter()
                .map(|(key, cell)| cell_hash(cell.version, *key, cell.value.as_ref()));
            assert_eq!(cells.hash(), shares.fold(0, u64::wrapping_add));
        }
    }

    proptest! {
        #[test]
        fn cells_are_what_was_put_last_under_each_key(edits in edits()) {
            let (mut cells, mut plain) = (Cells::new(), Plain::default());
            for edit in edits {
                plain.edit(&mut cells, edit);
            }
            plain.check(&cells);
        }

        #[test]
        fn a_whole_row_is_what_its_cells_were_one_after_the_other(edits in edits()) {
            let (mut cells, mut plain) = (Cells::new(), Plain::default());
            for edit in edits {
                plain.edit(&mut cells, edit);
            }
            let listed = |cells: &Cells<u16, u16>| {
                let cells = cells.since(0).map(|(key, Cell { version, value })| {
                    DeltaCell { version: *version, key: *key, value: *value }
                });
                cells.collect::<Vec<_>>()
            };
            let mut whole = Cells::of_whole(&listed(&cells));
            plain.check(&whole);
            // What is written next finds its place.
            plain.edit(&mut whole, Edit::Run(500, 700));
            plain.check(&whole);
        }
    }
}
