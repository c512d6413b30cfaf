//! When to forget our own erase markers.

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use rumormill_crdt::{Replica, RowId, Space, Version};

use crate::Instant;

/// The marks per space: the age at which a marker goes is kept to within a fourth.
const MARKS: u32 = 4;

/// Remembers which version each of our rows had when, so that markers go by age.
#[derive(Debug)]
pub(crate) struct Forgetting {
    marks: BTreeMap<Space, VecDeque<(Instant, Version)>>,
    next_at: Instant,
}

impl Forgetting {
    pub(crate) fn new(now: Instant, forget_after: Duration) -> Self {
        Self { marks: BTreeMap::new(), next_at: now + forget_after / MARKS }
    }

    /// Marks the present, and forgets in `spaces` what was erased before the oldest mark.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        forget_after: Duration,
        spaces: impl Iterator<Item = Space>,
        replica: &mut Replica,
    ) {
        if self.next_at > now {
            return;
        }
        self.next_at = now + forget_after / MARKS;
        for space in spaces {
            let own = RowId { space, life: replica.table().life() };
            let marks = self.marks.entry(space).or_default();
            marks.push_back((now, replica.table().version(own)));
            let is_old = |mark: &(Instant, Version)| now.since(mark.0) >= forget_after;
            while let Some((_, version)) = marks.front().copied().filter(is_old) {
                marks.pop_front();
                replica.forget(space, version);
            }
        }
    }

    pub(crate) fn begin_life(&mut self) {
        self.marks.clear();
    }

    pub(crate) const fn poll_timeout(&self) -> Instant {
        self.next_at
    }
}
