//! What is going to happen.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use rumormill_core::Instant;

use super::{Index, meter::Load};

/// What is going to happen, in the order of time; among equal times, what was queued first comes
/// first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    queued: BinaryHeap<Reverse<Queued>>,
    /// How many things were ever queued.
    count: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Queued {
    at: Instant,
    number: u64,
    what: Occurrence,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Occurrence {
    Wake(Index),
    Arrive(Arrival),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    pub(super) from: Index,
    pub(super) to: Index,
    pub(super) bytes: Box<[u8]>,
    pub(super) load: Load,
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, what: Occurrence) {
        self.count += 1;
        self.queued.push(Reverse(Queued { at, number: self.count, what }));
    }

    /// Takes out what happens next, if that is not after `end`.
    pub(super) fn pop(&mut self, end: Instant) -> Option<(Instant, Occurrence)> {
        self.queued.peek().filter(|Reverse(next)| next.at <= end)?;
        let Reverse(next) = self.queued.pop()?;
        Some((next.at, next.what))
    }
}
