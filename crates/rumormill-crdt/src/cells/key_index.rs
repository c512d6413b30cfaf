//! The places of cells in the order of their keys.

use alloc::vec::Vec;

use smallvec::SmallVec;

use super::log::Place;

/// Places in the order of the keys they hold. The keys themselves are in the log; whoever looks
/// something up says how a place compares.
///
/// Invariant: chunks are not empty and have at most `CHUNK_LEN_MAX` places.
#[derive(Clone, Debug)]
pub(super) struct KeyIndex {
    chunks: SmallVec<[Vec<Place>; 1]>,
}

/// Where in the index a key is, or would be. Behind the last place of a chunk only at the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    chunk: usize,
    offset: usize,
}

/// Inserting moves half a chunk on average: 1 KiB.
const CHUNK_LEN_MAX: usize = 512;

/// How full chunks are after a compaction: most of the way, so that the next insert has room.
const CHUNK_LEN_PACKED: usize = CHUNK_LEN_MAX / 8 * 7;

impl KeyIndex {
    pub(super) fn new() -> Self {
        Self { chunks: SmallVec::new() }
    }

    /// Finds the first place that is not `before` what is looked for.
    pub(super) fn first_not(&self, before: impl Fn(Place) -> bool) -> Position {
        let begins_before = |chunk: &Vec<Place>| chunk.first().is_some_and(|it| before(*it));
        let later = self.chunks.partition_point(begins_before);
        let Some(chunk) = later.checked_sub(1) else { return Position { chunk: 0, offset: 0 } };
        let offset = self.chunks[chunk].partition_point(|place| before(*place));
        if offset == self.chunks[chunk].len() && later < self.chunks.len() {
            return Position { chunk: later, offset: 0 };
        }
        Position { chunk, offset }
    }

    /// The place at a position; nothing at the end.
    pub(super) fn at(&self, Position { chunk, offset }: Position) -> Option<Place> {
        self.chunks.get(chunk)?.get(offset).copied()
    }

    /// Walks the places from a position on.
    pub(super) fn from(&self, at: Position) -> impl Iterator<Item = Place> {
        let mut later = self.chunks.iter().skip(at.chunk);
        let first = later.next().and_then(|chunk| chunk.get(at.offset..));
        first.unwrap_or_default().iter().chain(later.flatten()).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Place> {
        self.chunks.iter().flatten().copied()
    }

    /// Puts a place before the one at a position.
    pub(super) fn insert(&mut self, Position { chunk, offset }: Position, place: Place) {
        let Some(here) = self.chunks.get_mut(chunk) else {
            self.chunks.push(Vec::from([place]));
            return;
        };
        if here.len() < CHUNK_LEN_MAX {
            here.insert(offset, place);
            return;
        }
        // Keys that come in ascending order leave full chunks behind them.
        let at_the_end = offset == here.len();
        let mut upper = here.split_off(if at_the_end { offset } else { here.len() / 2 });
        match offset.checked_sub(here.len()) {
            Some(offset) => upper.insert(offset, place),
            None => here.insert(offset, place),
        }
        self.chunks.insert(chunk + 1, upper);
    }

    /// Puts another place where one is: the same key, written again.
    pub(super) fn replace(&mut self, Position { chunk, offset }: Position, place: Place) {
        let known = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(offset));
        *known.expect("what is replaced is there") = place;
    }

    pub(super) fn remove(&mut self, Position { chunk, offset }: Position) {
        self.chunks[chunk].remove(offset);
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
    }

    /// Replaces every place and packs the chunks.
    pub(super) fn renumber(&mut self, new: impl Fn(Place) -> Place) {
        let old = core::mem::replace(self, Self::new());
        for place in old.chunks.into_iter().flatten() {
            if self.chunks.last().is_none_or(|last| last.len() == CHUNK_LEN_PACKED) {
                self.chunks.push(Vec::new());
            }
            let last = self.chunks.last_mut().expect("a chunk with room is there");
            last.push(new(place));
        }
    }
}
