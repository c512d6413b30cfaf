//! A counter that goes up and down.

use alloc::collections::BTreeMap;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{g_counter::count_up, stand_alone};
use crate::{Column, ColumnType, Key, KeyKind, Life, Table, WriteError, Writer, codec};

stand_alone! {
    /// A counter. Its value is the sum of all increments heard of, less all decrements heard of,
    /// that no [`reset`](Self::reset) heard of had heard of.
    ///
    /// Shapiro, Preguica, Baquero and Zawirski, "A comprehensive study of Convergent and
    /// Commutative Replicated Data Types" (INRIA RR-7506, 2011), section 3.1.3. Each life keeps
    /// its own two totals in its own row, so loss, duplication and restarts change nothing: rows
    /// of ended lives keep counting. Totals never fall: a reset notes, in the row of the life that
    /// makes it, the totals of each life that it saw, and readers leave out that much. Of several
    /// resets the greatest totals of each life count, so resets at the same time are one, and
    /// what is counted at the same time as a reset stays.
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
    ///
    /// ann.reset()?;
    /// bob.add(7)?;
    /// ann.join(&bob);
    /// assert_eq!(ann.read(), 7);
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

    /// Takes back all that was heard of, whoever counted it: the counter reads 0 here until more
    /// is heard of. Does not make room for a life whose totals are full.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn reset(&mut self) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.reset(writer))
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

    /// Takes back all that was heard of, whoever counted it. Takes one cell for each life that
    /// counted since this one last reset the counter.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`]; lives met before the row was full are reset.
    pub fn reset(&self, writer: &mut Writer<'_>) -> Result<(), WriteError> {
        let seen: BTreeMap<Life, Totals> = self.cells(writer.table(), self.key()).collect();
        for (life, totals) in seen {
            let key = Key::part(KeyKind::Reset, self.name(), &life.to_bytes());
            let known = self.own(writer, &key).unwrap_or_default();
            if totals.beyond(known) != Totals::default() {
                self.put(writer, key, &totals.max(known))?;
            }
        }
        Ok(())
    }

    /// Reads the total over all lives.
    #[must_use]
    pub fn read(&self, table: &Table) -> i128 {
        let resets = self.resets(table);
        let counted = self.cells(table, self.key()).map(|(life, totals): (_, Totals)| {
            totals.beyond(resets.get(&life).copied().unwrap_or_default()).value()
        });
        counted.sum()
    }

    /// Up to which totals each life is reset. A life may be reset beyond what was heard of it.
    fn resets(&self, table: &Table) -> BTreeMap<Life, Totals> {
        let mut resets: BTreeMap<Life, Totals> = BTreeMap::new();
        for (_, life, totals) in self.parts::<Totals>(table, KeyKind::Reset) {
            let Some(life) = Life::from_bytes(life) else { continue };
            let known = resets.entry(life).or_default();
            *known = totals.max(*known);
        }
        resets
    }

    fn key(&self) -> Key {
        Key::column(KeyKind::Counter, self.name())
    }
}

impl ColumnType for PnCounter {
    const KINDS: &'static [KeyKind] = &[KeyKind::Counter, KeyKind::Reset];

    type Read = i128;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(kind: KeyKind, part: &[u8], value: &[u8]) -> bool {
        let is_named = kind == KeyKind::Counter || Life::from_bytes(part).is_some();
        is_named && codec::decode::<Totals>(value).is_ok()
    }
}

/// All increments and all decrements of one life. Both only grow, so of two totals of one life
/// neither part of the older is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Totals(u64, u64);

impl Totals {
    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0), self.1.max(other.1))
    }

    /// What was counted after `reset`.
    const fn beyond(self, reset: Self) -> Self {
        Self(self.0.saturating_sub(reset.0), self.1.saturating_sub(reset.1))
    }

    fn value(self) -> i128 {
        i128::from(self.0) - i128::from(self.1)
    }
}
