//! Numbers in the order of what they stand for.

use alloc::vec::Vec;
use core::cmp::Ordering;

use smallvec::SmallVec;

/// Numbers, or places, in the order of the keys they stand for. The keys themselves are elsewhere;
/// whoever looks something up says how a number compares.
///
/// Invariant: chunks are not empty and have at most `CHUNK_LEN_MAX` numbers.
#[derive(Clone, Debug)]
pub(crate) struct Order<T> {
    chunks: SmallVec<[Vec<T>; 1]>,
}

/// Where in an order a number is, or would be. Behind the last number of a chunk only at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    chunk: usize,
    offset: usize,
}

/// Inserting moves half a chunk on average: 1 KiB.
const CHUNK_LEN_MAX: usize = 512;

/// How full chunks are after a compaction: most of the way, so that the next insert has room.
const CHUNK_LEN_PACKED: usize = CHUNK_LEN_MAX / 8 * 7;

impl<T: Copy> Order<T> {
    pub(crate) fn new() -> Self {
        Self { chunks: SmallVec::new() }
    }

    /// Finds the first number that is not `before` what is looked for.
    pub(crate) fn first_not(&self, before: impl Fn(T) -> bool) -> Position {
        let begins_before = |chunk: &Vec<T>| chunk.first().is_some_and(|it| before(*it));
        let later = self.chunks.partition_point(begins_before);
        let Some(chunk) = later.checked_sub(1) else { return Position { chunk: 0, offset: 0 } };
        let offset = self.chunks[chunk].partition_point(|number| before(*number));
        if offset == self.chunks[chunk].len() && later < self.chunks.len() {
            return Position { chunk: later, offset: 0 };
        }
        Position { chunk, offset }
    }

    /// The number at a position; nothing at the end.
    pub(crate) fn at(&self, Position { chunk, offset }: Position) -> Option<T> {
        self.chunks.get(chunk)?.get(offset).copied()
    }

    /// The number before a position; nothing at the beginning.
    pub(crate) fn before(&self, Position { chunk, offset }: Position) -> Option<T> {
        match offset.checked_sub(1) {
            Some(offset) => self.chunks.get(chunk)?.get(offset).copied(),
            None => self.chunks.get(chunk.checked_sub(1)?)?.last().copied(),
        }
    }

    /// How many numbers come before a position.
    pub(crate) fn rank(&self, Position { chunk, offset }: Position) -> usize {
        self.chunks.iter().take(chunk).map(Vec::len).sum::<usize>() + offset
    }

    /// The number that so many come before.
    pub(crate) fn nth(&self, mut rank: usize) -> Option<T> {
        for chunk in &self.chunks {
            match chunk.get(rank) {
                Some(number) => return Some(*number),
                None => rank -= chunk.len(),
            }
        }
        None
    }

    /// Walks the numbers from a position on.
    pub(crate) fn from(&self, at: Position) -> impl Iterator<Item = T> {
        let mut later = self.chunks.iter().skip(at.chunk);
        let first = later.next().and_then(|chunk| chunk.get(at.offset..));
        first.unwrap_or_default().iter().chain(later.flatten()).copied()
    }

    /// Walks the numbers from a position to before another.
    pub(crate) fn between(
        &self,
        start: Position,
        end: Position,
    ) -> impl DoubleEndedIterator<Item = T> {
        let chunk = |at: usize| self.chunks.get(at).map(Vec::as_slice).unwrap_or_default();
        let (first, last) = match start.chunk.cmp(&end.chunk) {
            Ordering::Less => {
                (chunk(start.chunk).get(start.offset..), chunk(end.chunk).get(..end.offset))
            }
            Ordering::Equal => (chunk(start.chunk).get(start.offset..end.offset), None),
            Ordering::Greater => (None, None),
        };
        let inner = self.chunks.get(start.chunk + 1..end.chunk).unwrap_or_default();
        let [first, last] = [first, last].map(Option::unwrap_or_default);
        first.iter().chain(inner.iter().flatten()).chain(last).copied()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = T> {
        self.chunks.iter().flatten().copied()
    }

    /// Puts a number before the one at a position.
    pub(crate) fn insert(&mut self, Position { chunk, offset }: Position, number: T) {
        let Some(here) = self.chunks.get_mut(chunk) else {
            self.chunks.push(Vec::from([number]));
            return;
        };
        if here.len() < CHUNK_LEN_MAX {
            here.insert(offset, number);
            return;
        }
        // Keys that come in ascending order leave full chunks behind them.
        let at_the_end = offset == here.len();
        let mut upper = here.split_off(if at_the_end { offset } else { here.len() / 2 });
        match offset.checked_sub(here.len()) {
            Some(offset) => upper.insert(offset, number),
            None => here.insert(offset, number),
        }
        self.chunks.insert(chunk + 1, upper);
    }

    /// Puts another number where one is: the same key, written again.
    pub(crate) fn replace(&mut self, Position { chunk, offset }: Position, number: T) {
        let known = self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(offset));
        *known.expect("what is replaced is there") = number;
    }

    pub(crate) fn remove(&mut self, Position { chunk, offset }: Position) {
        self.chunks[chunk].remove(offset);
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
    }

    /// Replaces every number and packs the chunks.
    pub(crate) fn renumber(&mut self, new: impl Fn(T) -> T) {
        let old = core::mem::replace(self, Self::new());
        *self = Self::packed(old.chunks.into_iter().flatten().map(new));
    }

    /// Numbers that come in their order, in chunks that have some room.
    pub(crate) fn packed(numbers: impl Iterator<Item = T>) -> Self {
        let mut order = Self::new();
        for number in numbers {
            if order.chunks.last().is_none_or(|last| last.len() == CHUNK_LEN_PACKED) {
                order.chunks.push(Vec::new());
            }
            let last = order.chunks.last_mut().expect("a chunk with room is there");
            last.push(number);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        /// Numbers that stand for themselves come and go, some of them one after the other.
        #[test]
        fn numbers_are_in_order(steps in vec((0..3u8, 0..3_000u32, 1..400u32), 1..40)) {
            let (mut order, mut plain) = (Order::new(), alloc::collections::BTreeSet::new());
            for (kind, first, count) in steps {
                for number in first..first + count {
                    let at = order.first_not(|it: u32| it < number);
                    if kind == 0 && plain.remove(&number) {
                        order.remove(at);
                    } else if kind > 0 && plain.insert(number) {
                        order.insert(at, number);
                    }
                }
                let [start, end] = [first / 2, first].map(|it| order.first_not(|at| at < it));
                prop_assert!(order.iter().eq(plain.iter().copied()));
                prop_assert!(order.from(end).eq(plain.range(first..).copied()));
                prop_assert_eq!(order.before(end), plain.range(..first).next_back().copied());
                prop_assert_eq!(order.rank(end), plain.range(..first).count());
                let nth = order.nth(first as usize);
                prop_assert_eq!(nth, plain.iter().nth(first as usize).copied());
                let within = plain.range(first / 2..first).copied();
                prop_assert!(order.between(start, end).eq(within.clone()));
                prop_assert!(order.between(start, end).rev().eq(within.rev()));
                prop_assert!(first < 2 || plain.range(first / 2..first).next().is_none()
                    || order.between(end, start).next().is_none());
            }
        }
    }
}
