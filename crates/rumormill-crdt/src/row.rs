//! A row: the cells of one life in one space, as its owner left them at some head.

use alloc::vec::Vec;
use core::ops::RangeBounds;

use serde::Serialize;

use crate::{
    Candidate, Cell, Content, DeltaCell, DeltaParts, Dependency, Head, HeadVerifier, Refused,
    RowDelta, RowId, Signature, Timestamp, Version,
    before::Before,
    cells::{Cells, Plan},
    codec::{encoded_len, varint_len},
    delta::{Since, names_content},
    hash::floor_hash,
};

/// A row: the cells of one life in one space, as its owner left them at some head (I3). Its
/// content is a function of its id and version (I6).
#[derive(Clone, Debug)]
pub struct Row<K, V> {
    id: RowId,
    head: Head,
    cells: Cells<K, V>,
    before: Before,
    /// Whether the next write of the owner begins a new growth.
    is_told: bool,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Row<K, V> {
    pub(crate) fn new(id: RowId) -> Self {
        Self::from_parts(id, Head::default(), Cells::new())
    }

    fn from_parts(id: RowId, head: Head, cells: Cells<K, V>) -> Self {
        Self { id, head, cells, before: Before::default(), is_told: false }
    }

    /// Puts a row together from a delta that has all of it: what
    /// [`delta_since`](Self::delta_since) returns for version 0 and `usize::MAX` bytes. With it a
    /// program that stored rows as encoded deltas gets them back.
    ///
    /// # Errors
    ///
    /// [`Refused::Gap`] if the delta does not start at 0 or is a piece, [`Refused::Hash`] if its
    /// cells do not add up.
    pub fn from_whole(delta: &RowDelta<K, V>) -> Result<Self, Refused> {
        if delta.from() > 0 || !delta.is_complete() {
            return Err(Refused::Gap { version: 0 });
        }
        let head = delta.head().clone();
        let cells = Cells::of_whole(delta.cells());
        let adds_up = hash_of(cells.hash(), head.floor) == head.hash;
        if adds_up { Ok(Self::from_parts(delta.id(), head, cells)) } else { Err(Refused::Hash) }
    }

    /// Puts a row together from cells that add up to `head`.
    pub(crate) fn from_cells(id: RowId, head: Head, cells: Cells<K, V>) -> Self {
        debug_assert_eq!(hash_of(cells.hash(), head.floor), head.hash, "a row is whole");
        Self::from_parts(id, head, cells)
    }

    /// The digest of what the row holds. Costs a walk over the cells, of a small row, or of a
    /// large one that was not verified here.
    pub fn content(&self) -> Content {
        self.cells.content(self.head.floor)
    }

    /// The row, as it is shown to whoever verifies heads.
    ///
    /// # Errors
    ///
    /// What the verifier says.
    pub fn verify(&self, verifier: &mut dyn HeadVerifier<K, V>) -> Result<(), Refused> {
        let get = |key: &K| self.get(key);
        verifier.verify(&Candidate::new(self.id, &self.head, self.content(), true, &get))
    }

    /// The owner, the life and the space.
    pub const fn id(&self) -> RowId {
        self.id
    }

    /// What the owner says of the row at this version.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// How many writes the row has seen.
    pub const fn version(&self) -> Version {
        self.head.version
    }

    /// Returns the value under `key`; nothing if it was never set or was erased.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.cells.cell(key)?.value.as_ref()
    }

    /// Returns what the row holds under `key`, be it a value or a tombstone.
    pub fn cell(&self, key: &K) -> Option<&Cell<V>> {
        self.cells.cell(key)
    }

    /// Returns the cell that the given write made, unless it was overwritten or forgotten since.
    pub fn at(&self, version: Version) -> Option<(&K, &Cell<V>)> {
        self.cells.at(version)
    }

    /// Walks all cells, tombstones included, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.cells.iter()
    }

    /// Walks the values under a range of keys, with the write that made each.
    pub fn range(&self, keys: impl RangeBounds<K>) -> impl Iterator<Item = (&K, Version, &V)> {
        let cells = self.cells.range(keys);
        cells.filter_map(|(key, cell)| Some((key, cell.version, cell.value.as_ref()?)))
    }

    /// How many cells there are, tombstones included.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Says whether there are no cells at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the cells are tombstones.
    pub fn tombstones(&self) -> usize {
        self.cells.tombstones()
    }

    /// Returns what a copy at `version` lacks, in at most `len_max` encoded bytes.
    ///
    /// A copy that is below the floor, and has not taken in that floor, gets the row from its
    /// beginning. If not everything fits, the delta is a piece: it ends before the first cell
    /// that does not, and one more cell would exceed `len_max`. Costs O(log n + d) for d cells.
    /// `None` if the copy lacks nothing, or if `len_max` has no room for the head and the next
    /// cell.
    pub fn delta_since(&self, since: impl Into<Since>, len_max: usize) -> Option<RowDelta<K, V>> {
        let Since { version, floor } = since.into();
        if version >= self.version() {
            return None;
        }
        let from = if version.max(floor) < self.head.floor { 0 } else { version };
        let fixed = encoded_len(&(self.id, from, &self.head));
        let len = |to: Version, cells: usize, cells_len: usize| {
            fixed + varint_len(to) + varint_len(cells as u64) + cells_len
        };
        let mut later = self.cells.since(from).peekable();
        let mut to = later.peek().map_or(self.version(), |(_, first)| first.version - 1);
        let (mut cells, mut cells_len) = (Vec::new(), 0);
        // A piece of a signed row says what the whole row holds.
        let is_signed = self.head.signature.is_some();
        let is_named = |to: Version| names_content(is_signed, to, self.version());
        let len_within = |to: Version| {
            let is_piece = is_named(to);
            len_max.saturating_sub(if is_piece { size_of::<Content>() } else { 0 })
        };
        if len(to, 0, 0) > len_within(to) {
            return None;
        }
        while let Some((key, cell)) = later.next() {
            cells_len += encoded_len(&(cell.version, key, cell.value.as_ref()));
            let reaches = later.peek().map_or(self.version(), |(_, next)| next.version - 1);
            if len(reaches, cells.len() + 1, cells_len) > len_within(reaches) {
                break;
            }
            let Cell { version, value } = cell.clone();
            cells.push(DeltaCell { version, key: key.clone(), value });
            to = reaches;
        }
        let head = self.head.clone();
        let content = is_named(to).then(|| self.content());
        let parts = DeltaParts { id: self.id, from, to, head, content, cells };
        (to > from).then(|| RowDelta::of_row(parts))
    }

    /// The owner's write: takes the next version (I1).
    pub(crate) fn write(&mut self, timestamp: Timestamp, key: K, value: Option<V>) -> Version {
        self.begin_growth();
        let version = self.version() + 1;
        self.cells.put(version, key, value);
        self.advance(timestamp);
        version
    }

    /// The owner's collection: drops tombstones with version <= `before`, raises the floor in the
    /// same step, and is itself a write. Does nothing if there is no such tombstone.
    pub(crate) fn forget(&mut self, timestamp: Timestamp, before: Version) -> bool {
        let before = before.min(self.version());
        self.begin_growth();
        if !self.cells.forget(before) {
            return false;
        }
        self.head.floor = self.head.floor.max(before);
        self.advance(timestamp);
        true
    }

    /// The owner's sign of life: a write that changes no cell.
    pub(crate) fn touch(&mut self, timestamp: Timestamp) {
        self.begin_growth();
        let before = self.head.timestamp;
        self.head.version += 1;
        self.head.timestamp = before.max(timestamp);
        let goes_on = self.head.timestamp.period() == before.period();
        self.head.recent = if goes_on { self.head.recent + 1 } else { 1 };
        self.head.signature = None;
    }

    /// Adds the owner's signature of the head as it is.
    pub fn sign(&mut self, signature: Signature) {
        self.head.signature = Some(signature);
        self.cells.keep_sums();
    }

    /// Keeps what it takes to work out [`content`](Self::content) without a walk, if the row is
    /// large.
    pub fn keep_sums(&mut self) {
        self.cells.keep_sums();
    }

    /// Makes the head depend on `on` being held at `at`, or later. Only together with a write.
    pub(crate) fn depend(&mut self, on: RowId, at: Dependency) {
        self.begin_growth();
        self.before.same_dependencies = false;
        let known = self.head.dependencies.entry(on).or_default();
        *known = at.max(*known);
    }

    /// Drops the dependencies on rows that are gone. Only together with a write.
    pub(crate) fn shed_dependencies(&mut self, gone: impl Fn(RowId) -> bool) {
        self.begin_growth();
        let count = self.head.dependencies.len();
        self.head.dependencies.retain(|on, _| !gone(*on));
        self.before.same_dependencies &= self.head.dependencies.len() == count;
    }

    /// Takes note that others were told of the row as it is.
    pub(crate) const fn mark_told(&mut self) {
        self.is_told = true;
    }

    fn begin_growth(&mut self) {
        if core::mem::take(&mut self.is_told) {
            self.before = Before::of(&self.head, self.cells.len());
        }
    }

    pub(crate) const fn before(&self) -> Before {
        self.before
    }

    pub(crate) const fn cells(&self) -> &Cells<K, V> {
        &self.cells
    }

    fn advance(&mut self, timestamp: Timestamp) {
        self.touch(timestamp);
        self.head.hash = hash_of(self.cells.hash(), self.head.floor);
    }

    /// Works out what taking in a delta that reaches its head does, or refuses it.
    pub(crate) fn plan_whole(&self, delta: &RowDelta<K, V>) -> Result<Plan, Refused> {
        delta.continues(self.version(), self.head.floor)?;
        let floor = delta.head().floor;
        if floor < self.head.floor {
            return Err(Refused::OldFloor);
        }
        let plan = self.cells.plan(self.version(), delta.from(), floor, delta.cells());
        if hash_of(plan.hash, floor) == delta.head().hash { Ok(plan) } else { Err(Refused::Hash) }
    }

    /// The hash of the row after it takes in the cells of a delta from `from`.
    pub(crate) fn hash_after(
        &self,
        from: Version,
        floor: Version,
        listed: &[DeltaCell<K, V>],
    ) -> u64 {
        hash_of(self.cells.plan(self.version(), from, floor, listed).hash, floor)
    }

    /// Shows a verifier the row as it would be after a plan made for the same delta.
    pub(crate) fn verify_planned(
        &self,
        plan: &mut Plan,
        delta: &RowDelta<K, V>,
        verifier: &mut dyn HeadVerifier<K, V>,
    ) -> Result<(), Refused> {
        let (head, version) = (delta.head(), self.version());
        let content = self.cells.content_after(plan, version, head.floor, delta.cells());
        let get = |key: &K| self.cells.get_after(plan, version, delta.cells(), key);
        verifier.verify(&Candidate::new(self.id, head, content, true, &get))
    }

    /// Carries out a plan made for this row and the same delta.
    pub(crate) fn carry_out(&mut self, plan: Plan, delta: &RowDelta<K, V>) {
        self.before = Before::of(&self.head, self.cells.len());
        self.before.same_dependencies = self.head.dependencies == delta.head().dependencies;
        self.cells.carry_out(plan, self.head.version, delta.cells());
        self.head = delta.head().clone();
    }

    pub(crate) fn copy_cells(&self) -> Cells<K, V> {
        self.cells.clone()
    }
}

/// The hash that a head gives for cells whose shares sum up to `cells`.
pub(crate) fn hash_of(cells: u64, floor: Version) -> u64 {
    cells.wrapping_add(floor_hash(floor))
}

impl<K: Ord + Clone + Serialize, V: Eq + Clone + Serialize> Eq for Row<K, V> {}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> PartialEq for Row<K, V>
where
    Cell<V>: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.head == other.head && self.iter().eq(other.iter())
    }
}
