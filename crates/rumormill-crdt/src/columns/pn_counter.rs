//! A counter that goes up and down.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{g_counter::count_up, stand_alone};
use crate::{Column, Key, KeyKind, Table, WriteError, Writer};

stand_alone! {
    /// A counter. Its value is the sum of all increments heard of less all decrements heard of.
    ///
    /// Shapiro, Preguica, Baquero and Zawirski, "A comprehensive study of Convergent and
    /// Commutative Replicated Data Types" (INRIA RR-7506, 2011), section 3.1.3. Each life keeps
    /// its own two totals in its own row, so loss, duplication and restarts change nothing: rows
    /// of ended lives keep counting.
    ///
    /// ```
    /// use rumormill_crdt::{Life, PnCounter, ReplicaId};
    ///
    /// let mut ann = PnCounter::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = PnCounter::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.add(5)?;
    /// bob.add(-2)?;
    /// ann.join(&bob);
    /// ann.join(&bob);
    /// assert_eq!(ann.read(), 3);
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    PnCounter
}

impl PnCounter {
    /// Counts up, or down if `by` is negative.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life's increments or decrements would exceed
    /// 2^64 - 1.
    pub fn add(&mut self, by: i64) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.add(writer, by))
    }

    /// Reads the total.
    #[must_use]
    pub fn read(&self) -> i128 {
        Self::COLUMN.read(self.replica.table())
    }
}

impl Column<PnCounter> {
    /// Counts up, or down if `by` is negative.
    ///
    /// # Errors
    ///
    /// [`WriteError::CounterFull`] if this life's increments or decrements would exceed
    /// 2^64 - 1, and [`WriteError::RowFull`].
    pub fn add(&self, writer: &mut Writer<'_>, by: i64) -> Result<(), WriteError> {
        let Totals(ups, downs) = self.own(writer, &self.key()).unwrap_or_default();
        let (up, down) = if by < 0 { (0, by.unsigned_abs()) } else { (by.unsigned_abs(), 0) };
        let totals = Totals(count_up(ups, up)?, count_up(downs, down)?);
        self.put(writer, self.key(), &totals)
    }

    /// Reads the total over all lives.
    #[must_use]
    pub fn read(&self, table: &Table) -> i128 {
        let cells = self.cells(table, self.key());
        cells.map(|(_, totals): (_, Totals)| totals.value()).sum()
    }

    fn key(&self) -> Key {
        Key::column(KeyKind::Counter, self.name())
    }
}

/// All increments and all decrements of one life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Totals(u64, u64);

impl Totals {
    fn value(self) -> i128 {
        i128::from(self.0) - i128::from(self.1)
    }
}
