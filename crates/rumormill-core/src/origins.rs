//! How fast the rows of one replica may grow here, whoever passes them on.
//!
//! What is too fast waits: it is refused, and found again by comparison. So who writes faster than it may
//! is heard of later, and in larger pieces, and takes nobody else's time.

use alloc::collections::BTreeMap;
use core::{num::NonZeroU32, time::Duration};

use rumormill_crdt::{Bytes, Key, ReplicaId, RowDelta};

use crate::{Config, Instant};

/// So many replicas have an account of their own at a time; the others share one.
const ACCOUNTS_MAX: usize = 4_096;

const WINDOW: Duration = Duration::from_secs(1);

/// What came of the rows of each replica in the present second.
#[derive(Debug)]
pub(crate) struct Origins {
    bytes_max: NonZeroU32,
    cells_max: NonZeroU32,
    began_at: Instant,
    spent: BTreeMap<ReplicaId, Spent>,
    spent_by_others: Spent,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    bytes: u32,
    cells: u32,
}

impl Origins {
    pub(crate) const fn new(now: Instant, config: &Config) -> Self {
        Self {
            bytes_max: config.origin_bytes_per_second,
            cells_max: config.origin_cells_per_second,
            began_at: now,
            spent: BTreeMap::new(),
            spent_by_others: Spent { bytes: 0, cells: 0 },
        }
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        if now.since(self.began_at) >= WINDOW {
            self.began_at = now;
            self.spent.clear();
            self.spent_by_others = Spent::default();
        }
    }

    /// Says whether a delta may be taken in by now.
    pub(crate) fn allows(&mut self, delta: &RowDelta<Key, Bytes>) -> bool {
        let (bytes_max, cells_max) = (self.bytes_max.get(), self.cells_max.get());
        let spent = self.account(delta.id().life.replica);
        spent.bytes < bytes_max && spent.cells < cells_max
    }

    /// Takes note of a delta that was news.
    pub(crate) fn charge(&mut self, delta: &RowDelta<Key, Bytes>) {
        let few = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let len = |value: &Bytes| value.len();
        let lens = delta.cells().iter().map(|it| it.key.len() + it.value.as_ref().map_or(0, len));
        let (bytes, cells) = (few(lens.sum()), few(delta.cells().len()));
        let spent = self.account(delta.id().life.replica);
        spent.bytes = spent.bytes.saturating_add(bytes);
        spent.cells = spent.cells.saturating_add(cells);
    }

    fn account(&mut self, replica: ReplicaId) -> &mut Spent {
        if self.spent.len() >= ACCOUNTS_MAX && !self.spent.contains_key(&replica) {
            return &mut self.spent_by_others;
        }
        self.spent.entry(replica).or_default()
    }
}
