//! The least and the greatest value of late.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::{ring, stand_alone};
use crate::{Column, ColumnType, KeyKind, Table, WriteError, Writer, codec};

stand_alone! {
    /// The least and the greatest value of late. Over a window of time buckets they are those of
    /// all values heard of that were recorded in one of them, except those whose own life also
    /// recorded in a bucket that lies a multiple of [`BUCKETS`](Self::BUCKETS) later; nothing if
    /// there are none.
    ///
    /// Extremes of all times tell little, since one outlier stays for ever; so each is bound to a
    /// time bucket, as in [`WindowCounter`](crate::WindowCounter). A value between the extremes
    /// that its life has recorded in the same bucket writes nothing.
    ///
    /// ```
    /// use rumormill_crdt::{Life, MinMax, ReplicaId};
    ///
    /// let mut ann = MinMax::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = MinMax::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.record(100, 250)?;
    /// bob.record(101, -40)?;
    /// ann.join(&bob);
    /// assert_eq!(ann.read(101, 2), Some((-40, 250)));
    /// assert_eq!(ann.read(102, 2), Some((-40, -40)));
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    MinMax
}

impl MinMax {
    /// How many buckets of one life are kept.
    pub const BUCKETS: u64 = ring::BUCKETS;

    /// Records a value in the bucket `now`. Says whether it counts: a bucket whose place a later
    /// one has taken is too late.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn record(&mut self, now: u64, value: i64) -> Result<bool, WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.record(writer, now, value))
    }

    /// Reads the least and the greatest value of the `buckets` buckets that end with `now`.
    #[must_use]
    pub fn read(&self, now: u64, buckets: u64) -> Option<(i64, i64)> {
        Self::COLUMN.read(self.replica.table(), now, buckets)
    }

    /// Reads the least and the greatest value of each bucket that is kept.
    #[must_use]
    pub fn buckets(&self) -> BTreeMap<u64, (i64, i64)> {
        Self::COLUMN.buckets(self.replica.table())
    }
}

impl Column<MinMax> {
    /// Records a value in the bucket `now`. Says whether it counts: a bucket whose place a later
    /// one has taken is too late.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn record(
        &self,
        writer: &mut Writer<'_>,
        now: u64,
        value: i64,
    ) -> Result<bool, WriteError> {
        self.edit_bucket(writer, KeyKind::Extremes, now, |known| Ok(widened(known, (value, value))))
    }

    /// Reads the least and the greatest value of the `buckets` buckets that end with `now`, over
    /// all lives.
    #[must_use]
    pub fn read(&self, table: &Table, now: u64, buckets: u64) -> Option<(i64, i64)> {
        let extremes = self.window::<(i64, i64)>(table, KeyKind::Extremes, now, buckets);
        extremes.fold(None, |known, more| Some(widened(known, more)))
    }

    /// Reads the least and the greatest value of each bucket that is kept, over all lives.
    #[must_use]
    pub fn buckets(&self, table: &Table) -> BTreeMap<u64, (i64, i64)> {
        let mut extremes = BTreeMap::new();
        for (_, _, (bucket, more)) in self.parts::<(u64, (i64, i64))>(table, KeyKind::Extremes) {
            let known = extremes.get(&bucket).copied();
            extremes.insert(bucket, widened(known, more));
        }
        extremes
    }
}

impl ColumnType for MinMax {
    const KINDS: &'static [KeyKind] = &[KeyKind::Extremes];

    type Read = BTreeMap<u64, (i64, i64)>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.buckets(table)
    }

    fn is_cell(_: KeyKind, _: &[u8], value: &[u8]) -> bool {
        codec::decode::<(u64, (i64, i64))>(value).is_ok()
    }
}

fn widened(known: Option<(i64, i64)>, (least, greatest): (i64, i64)) -> (i64, i64) {
    let (min, max) = known.unwrap_or((least, greatest));
    (min.min(least), max.max(greatest))
}
