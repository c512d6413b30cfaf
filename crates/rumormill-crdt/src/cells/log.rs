//! Cells in the order in which they were written.

use alloc::vec::Vec;

use crate::{Cell, Version};

/// Where a cell is in a [`Log`], until the log is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u32);

impl Place {
    fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("a row has fewer than 2^32 cells"))
    }

    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where cells went when a log was compacted.
#[derive(Debug)]
pub(super) struct Moves(Vec<Place>);

impl Moves {
    /// Where the cell is that was at a place.
    pub(super) fn new_place(&self, old: Place) -> Place {
        self.0[old.index()]
    }
}

/// Cells by version. A cell that goes leaves a hole; compaction closes all of them.
///
/// Invariants: versions ascend, holes included; every chunk but the last is full; the last slot
/// is not a hole.
#[derive(Clone, Debug)]
pub(super) struct Log<K, V> {
    chunks: Vec<Vec<Slot<K, V>>>,
    holes: usize,
}

#[derive(Clone, Debug)]
struct Slot<K, V> {
    /// Nothing in a hole.
    key: Option<K>,
    /// The value of a hole is nothing, its version that of the cell that went.
    cell: Cell<V>,
}

/// Slots in a chunk: enough that the chunk's own cost does not count, few enough that the slack
/// of the last one does not either.
const CHUNK_LEN: usize = 128;

impl<K, V> Log<K, V> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), holes: 0 }
    }

    /// Puts a cell at the end; its version is above all others.
    pub(super) fn push(&mut self, key: K, cell: Cell<V>) -> Place {
        debug_assert!(self.last_version() < cell.version, "versions ascend");
        let place = self.slots();
        if place.is_multiple_of(CHUNK_LEN) {
            self.chunks.push(Vec::new());
        }
        let last = self.chunks.last_mut().expect("a chunk with room is there");
        last.push(Slot { key: Some(key), cell });
        Place::at(place)
    }

    /// Makes a hole of a cell and returns what was there.
    pub(super) fn take(&mut self, place: Place) -> Option<(K, Cell<V>)> {
        let slot = self.slot_mut(place);
        let key = slot.key.take()?;
        let version = slot.cell.version;
        let value = slot.cell.value.take();
        self.holes += 1;
        self.drop_last_holes();
        Some((key, Cell { version, value }))
    }

    fn drop_last_holes(&mut self) {
        while let Some(chunk) = self.chunks.last_mut() {
            if chunk.last().is_some_and(|slot| slot.key.is_some()) {
                break;
            }
            match chunk.pop() {
                Some(_) => self.holes -= 1,
                None => drop(self.chunks.pop()),
            }
        }
    }

    /// Says whether holes take so much room that closing them is due: often enough that they cost
    /// little memory, seldom enough that they cost little time, which is O(1) for each that was
    /// made.
    pub(super) fn is_sparse(&self) -> bool {
        self.holes > CHUNK_LEN / 4 && self.holes > self.len() / 8
    }

    /// Closes all holes and returns, by old place, the new one; that of a hole means nothing.
    pub(super) fn compact(&mut self) -> Moves {
        let mut moves = Vec::with_capacity(self.slots());
        let old = core::mem::replace(self, Self::new());
        for slot in old.chunks.into_iter().flatten() {
            moves.push(match slot.key {
                Some(key) => self.push(key, slot.cell),
                None => Place(u32::MAX),
            });
        }
        Moves(moves)
    }

    /// The key of a cell; nothing if it is gone.
    pub(super) fn key(&self, place: Place) -> Option<&K> {
        let chunk = self.chunks.get(place.index() / CHUNK_LEN)?;
        chunk.get(place.index() % CHUNK_LEN)?.key.as_ref()
    }

    /// A cell that is not gone.
    pub(super) fn entry(&self, place: Place) -> (&K, &Cell<V>) {
        let slot = &self.chunks[place.index() / CHUNK_LEN][place.index() % CHUNK_LEN];
        (slot.key.as_ref().expect("an index names no holes"), &slot.cell)
    }

    pub(super) fn at(&self, version: Version) -> Option<(Place, &K, &Cell<V>)> {
        let index = self.first_after(version.checked_sub(1)?);
        let Slot { key, cell } = self.chunks.get(index / CHUNK_LEN)?.get(index % CHUNK_LEN)?;
        let found = cell.version == version;
        found.then_some((Place::at(index), key.as_ref()?, cell))
    }

    /// Walks the cells above a version.
    pub(super) fn after(&self, version: Version) -> impl Iterator<Item = (Place, &K, &Cell<V>)> {
        let index = self.first_after(version);
        let mut later = self.chunks.iter().skip(index / CHUNK_LEN);
        let first = later.next().and_then(|chunk| chunk.get(index % CHUNK_LEN..));
        let slots = first.unwrap_or_default().iter().chain(later.flatten());
        let places = (index..).map(Place::at).zip(slots);
        places.filter_map(|(place, slot)| Some((place, slot.key.as_ref()?, &slot.cell)))
    }

    /// How many slots, holes included, are at or below a version.
    fn first_after(&self, version: Version) -> usize {
        let chunks = &self.chunks;
        let begins =
            |chunk: &Vec<Slot<K, V>>| chunk.first().is_some_and(|it| it.cell.version <= version);
        let later = chunks.partition_point(begins);
        let Some(chunk) = later.checked_sub(1) else { return 0 };
        chunk * CHUNK_LEN + chunks[chunk].partition_point(|slot| slot.cell.version <= version)
    }

    fn last_version(&self) -> Version {
        self.chunks.last().and_then(|chunk| chunk.last()).map_or(0, |slot| slot.cell.version)
    }

    fn slots(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK_LEN + last.len())
    }

    pub(super) fn len(&self) -> usize {
        self.slots() - self.holes
    }

    fn slot_mut(&mut self, place: Place) -> &mut Slot<K, V> {
        &mut self.chunks[place.index() / CHUNK_LEN][place.index() % CHUNK_LEN]
    }
}
