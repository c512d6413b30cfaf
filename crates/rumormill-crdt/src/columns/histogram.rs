//! A distribution of values, for percentiles.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::{g_counter::count_up, stand_alone};
use crate::{Column, ColumnType, Key, KeyKind, Table, WriteError, Writer, codec};

stand_alone! {
    /// A distribution. It holds every value of all records heard of, each rounded to a
    /// [`Distribution`]'s bucket, and answers which value lies at a given fraction.
    ///
    /// The buckets are those of Tene's HdrHistogram with 5 bits below the leading one: 32 a power
    /// of two, and one for each value below 64. Answers are integers, within 1/64 of a recorded
    /// value (1.6 %). Each life keeps its own counts in its own row, in cells of 32 buckets, one
    /// for each power of two that occurs, so that a record rewrites one cell of less than 390
    /// bytes and the sum over lives counts nothing twice. To record much, collect in a
    /// `Distribution` of your own and [`add`](Self::add) it now and then.
    ///
    /// ```
    /// use rumormill_crdt::{Histogram, Life, ReplicaId};
    ///
    /// let mut ann = Histogram::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = Histogram::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// for micros in 1..=900 {
    ///     ann.record(micros)?;
    /// }
    /// bob.record(90_000)?;
    /// ann.join(&bob);
    /// let all = ann.read();
    /// assert_eq!(all.len(), 901);
    /// assert_eq!(all.quantile(1, 2), Some(452), "within 1/64 of 451");
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    Histogram
}

const GROUP_LEN: usize = 32;
const GROUPS: u8 = 60;

/// The 32 counts of one cell.
type Group = [u64; GROUP_LEN];

/// Counts of values in logarithmic buckets: what a [`Histogram`] reads as, and what to record
/// into where every nanosecond counts. Takes 256 bytes for each power of two that occurs.
///
/// Values below 32 are group 0, bucket v. A value whose highest bit is e >= 5 is in group e - 4,
/// bucket (v >> (e - 5)) - 32: the five bits below the highest.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Distribution {
    /// Groups with a count, each under its number.
    groups: BTreeMap<u8, Group>,
}

impl Distribution {
    /// Records a value. A bucket stays at 2^64 - 1 once it is there.
    pub fn record(&mut self, value: u64) {
        let (group, bucket) = place(value);
        let count = &mut self.groups.entry(group).or_default()[bucket];
        *count = count.saturating_add(1);
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> u128 {
        self.groups.values().flatten().copied().map(u128::from).sum()
    }

    /// Says whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Returns the value at `numerator / denominator` of all values in ascending order, within
    /// 1/64: the middle of the bucket of the least value v such that at least that fraction of
    /// all values is at most v. `quantile(99, 100)` is the 99th percentile; fractions above 1
    /// count as 1. Nothing if there are no values or the denominator is 0.
    #[must_use]
    pub fn quantile(&self, numerator: u32, denominator: u32) -> Option<u64> {
        let wanted = self.len() * u128::from(numerator.min(denominator));
        let rank = wanted.checked_add(u128::from(denominator.checked_sub(1)?))?;
        let rank = (rank / u128::from(denominator)).max(1);
        let mut below = 0;
        for (group, counts) in &self.groups {
            for (bucket, count) in counts.iter().enumerate() {
                below += u128::from(*count);
                if below >= rank {
                    return Some(middle(*group, bucket));
                }
            }
        }
        None
    }

    fn add_group(&mut self, group: u8, counts: &Group) {
        if *counts == Group::default() {
            return;
        }
        let own = self.groups.entry(group).or_default();
        for (own, more) in own.iter_mut().zip(counts) {
            *own = own.saturating_add(*more);
        }
    }
}

impl Histogram {
    /// Records a value.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life would have more than 2^64 - 1 values in a bucket.
    pub fn record(&mut self, value: u64) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.record(writer, value))
    }

    /// Records all values of a distribution.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`], as [`record`](Self::record); values before the full bucket's
    /// cell are recorded.
    pub fn add(&mut self, values: &Distribution) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.add(writer, values))
    }

    /// Reads all values.
    #[must_use]
    pub fn read(&self) -> Distribution {
        Self::COLUMN.read(self.replica.table())
    }
}

impl Column<Histogram> {
    /// Records a value.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life would have more than 2^64 - 1 values in a bucket,
    /// and [`WriteError::RowFull`].
    pub fn record(&self, writer: &mut Writer<'_>, value: u64) -> Result<(), WriteError> {
        let (group, bucket) = place(value);
        let mut one = [0; GROUP_LEN];
        one[bucket] = 1;
        self.add_group(writer, group, &one)
    }

    /// Records all values of a distribution: one cell for each power of two that occurs.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record); cells before the one that failed are written.
    pub fn add(&self, writer: &mut Writer<'_>, values: &Distribution) -> Result<(), WriteError> {
        values.groups.iter().try_for_each(|(group, more)| self.add_group(writer, *group, more))
    }

    /// Reads all values, over all lives.
    #[must_use]
    pub fn read(&self, table: &Table) -> Distribution {
        let mut all = Distribution::default();
        for (_, part, counts) in self.parts::<Group>(table, KeyKind::Buckets) {
            if let [group @ 0..GROUPS] = part {
                all.add_group(*group, &counts);
            }
        }
        all
    }

    fn add_group(
        &self,
        writer: &mut Writer<'_>,
        group: u8,
        more: &Group,
    ) -> Result<(), WriteError> {
        let key = Key::part(KeyKind::Buckets, self.name(), &[group]);
        let mut counts = self.own(writer, &key).unwrap_or([0; GROUP_LEN]);
        for (count, more) in counts.iter_mut().zip(more) {
            *count = count_up(*count, *more)?;
        }
        self.put(writer, key, &counts)
    }
}

impl ColumnType for Histogram {
    const KINDS: &'static [KeyKind] = &[KeyKind::Buckets];

    type Read = Distribution;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(_: KeyKind, part: &[u8], value: &[u8]) -> bool {
        matches!(part, [0..GROUPS]) && codec::decode::<Group>(value).is_ok()
    }
}

/// The group and the bucket of a value.
fn place(value: u64) -> (u8, usize) {
    let highest = value.checked_ilog2().unwrap_or(0);
    let (group, shift) = if highest < 5 { (0, 0) } else { (highest - 4, highest - 5) };
    let bucket = (value >> shift).to_be_bytes()[7] & 31;
    (group.to_be_bytes()[3], usize::from(bucket))
}

/// The value that stands for a bucket: its middle, rounded up.
fn middle(group: u8, bucket: usize) -> u64 {
    let (group, bucket) = (u64::from(group), bucket as u64);
    match group.checked_sub(1) {
        None | Some(0) => 32 * group + bucket,
        Some(shift) => ((32 + bucket) << shift) + (1 << (shift - 1)),
    }
}
