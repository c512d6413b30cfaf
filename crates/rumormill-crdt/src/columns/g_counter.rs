//! A counter that only goes up.

use core::time::Duration;

use super::stand_alone;
use crate::{Column, ColumnType, Key, KeyKind, Table, WriteError, Writer, codec};

stand_alone! {
    /// A counter. Its value is the sum of all increments heard of.
    ///
    /// Shapiro, Preguica, Baquero and Zawirski, "A comprehensive study of Convergent and
    /// Commutative Replicated Data Types" (INRIA RR-7506, 2011), section 3.1.1. Each life keeps
    /// its own total in its own row, so loss, duplication and restarts change nothing: rows of
    /// ended lives keep counting.
    ///
    /// ```
    /// use rumormill_crdt::{GCounter, Life, ReplicaId};
    ///
    /// let mut ann = GCounter::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = GCounter::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.add(5)?;
    /// bob.add(2)?;
    /// ann.join(&bob);
    /// ann.join(&bob);
    /// assert_eq!(ann.read(), 7);
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    GCounter
}

impl GCounter {
    /// Counts up.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life's increments would exceed 2^64 - 1.
    pub fn add(&mut self, by: u64) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.add(writer, by))
    }

    /// Reads the total.
    #[must_use]
    pub fn read(&self) -> u128 {
        Self::COLUMN.read(self.replica.table())
    }
}

impl Column<GCounter> {
    /// Counts up.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life's increments would exceed 2^64 - 1, and
    /// [`WriteError::RowFull`].
    pub fn add(&self, writer: &mut Writer<'_>, by: u64) -> Result<(), WriteError> {
        let total = self.own(writer, &self.key()).unwrap_or(0);
        self.put(writer, self.key(), &count_up(total, by)?)
    }

    /// Reads the total over all lives.
    #[must_use]
    pub fn read(&self, table: &Table) -> u128 {
        let totals = self.cells::<u64>(table, self.key());
        totals.map(|(_, total)| u128::from(total)).sum()
    }

    fn key(&self) -> Key {
        Key::column(KeyKind::Increments, self.name())
    }
}

impl ColumnType for GCounter {
    const KINDS: &'static [KeyKind] = &[KeyKind::Increments];

    type Read = u128;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(_: KeyKind, _: &[u8], value: &[u8]) -> bool {
        codec::decode::<u64>(value).is_ok()
    }
}

/// The total of one life after counting up.
pub(super) fn count_up(total: u64, by: u64) -> Result<u64, WriteError> {
    total.checked_add(by).ok_or(WriteError::CounterFull)
}
