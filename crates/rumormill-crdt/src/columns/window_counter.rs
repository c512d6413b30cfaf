//! A counter of what happened lately.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::{g_counter::count_up, ring, stand_alone};
use crate::{Column, ColumnType, KeyKind, Table, WriteError, Writer, codec};

stand_alone! {
    /// A counter of what happened lately: "refusals in the last five minutes". Its value over a
    /// window of time buckets is the sum of all increments heard of that fell into one of them,
    /// except those whose own life also counted in a bucket that lies a multiple of
    /// [`BUCKETS`](Self::BUCKETS) later.
    ///
    /// A time bucket is the number of an interval, say the Unix time divided by five seconds;
    /// whoever edits and whoever reads names it, since no clock is read here. Each life keeps its
    /// own totals for its latest buckets in a ring of cells in its own row. Datar, Gionis, Indyk
    /// and Motwani, "Maintaining Stream Statistics over Sliding Windows" (SIAM Journal on
    /// Computing 31, 2002), trade memory for error in such windows; here counts are exact and the
    /// edge of the window is one bucket coarse. Windows longer than the ring see the ring.
    ///
    /// ```
    /// use rumormill_crdt::{Life, ReplicaId, WindowCounter};
    ///
    /// let mut ann = WindowCounter::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = WindowCounter::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.add(100, 1)?;
    /// bob.add(101, 2)?;
    /// ann.join(&bob);
    /// assert_eq!(ann.read(101, 2), 3);
    /// assert_eq!(ann.read(102, 2), 2);
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    WindowCounter
}

impl WindowCounter {
    /// How many buckets of one life are kept.
    pub const BUCKETS: u64 = ring::BUCKETS;

    /// Counts up in the bucket `now`. Says whether it counted: a bucket whose place a later one
    /// has taken is too late.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life's increments in one bucket would exceed 2^64 - 1.
    pub fn add(&mut self, now: u64, by: u64) -> Result<bool, WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.add(writer, now, by))
    }

    /// Reads the total over the `buckets` buckets that end with `now`.
    #[must_use]
    pub fn read(&self, now: u64, buckets: u64) -> u128 {
        Self::COLUMN.read(self.replica.table(), now, buckets)
    }

    /// Reads the total of each bucket that is kept.
    #[must_use]
    pub fn buckets(&self) -> BTreeMap<u64, u128> {
        Self::COLUMN.buckets(self.replica.table())
    }
}

impl Column<WindowCounter> {
    /// Counts up in the bucket `now`. Says whether it counted: a bucket whose place a later one
    /// has taken is too late.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life's increments in one bucket would exceed 2^64 - 1,
    /// and [`WriteError::RowFull`].
    pub fn add(&self, writer: &mut Writer<'_>, now: u64, by: u64) -> Result<bool, WriteError> {
        self.edit_bucket(writer, KeyKind::Window, now, |total: Option<u64>| {
            count_up(total.unwrap_or(0), by)
        })
    }

    /// Reads the total over the `buckets` buckets that end with `now`, over all lives.
    #[must_use]
    pub fn read(&self, table: &Table, now: u64, buckets: u64) -> u128 {
        self.window::<u64>(table, KeyKind::Window, now, buckets).map(u128::from).sum()
    }

    /// Reads the total of each bucket that is kept, over all lives.
    #[must_use]
    pub fn buckets(&self, table: &Table) -> BTreeMap<u64, u128> {
        let mut totals = BTreeMap::new();
        for (_, _, (bucket, total)) in self.parts::<(u64, u64)>(table, KeyKind::Window) {
            *totals.entry(bucket).or_default() += u128::from(total);
        }
        totals
    }
}

impl ColumnType for WindowCounter {
    const KINDS: &'static [KeyKind] = &[KeyKind::Window];

    type Read = BTreeMap<u64, u128>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.buckets(table)
    }

    fn is_cell(_: KeyKind, _: &[u8], value: &[u8]) -> bool {
        codec::decode::<(u64, u64)>(value).is_ok()
    }
}
