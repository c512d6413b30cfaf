//! One's own rows, open for editing.

use alloc::vec::Vec;
use core::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Bytes, Clock, Key, Life, Row, RowId, Share, Space, Table, Timestamp, Version};

/// An edit was refused at write time, since it could never be replicated. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// Key and value together are longer than a cell may be.
    CellTooLong {
        /// The length of the cell, in bytes; `usize::MAX` if the value cannot be encoded.
        len: usize,
        /// The limit, in bytes.
        len_max: usize,
    },
    /// The row has as many cells as the limits allow.
    RowFull {
        /// The limit.
        cells_max: usize,
    },
    /// The replica has as many rows, or cells in all of them, as the limits allow one, those of its earlier
    /// lives included.
    QuotaFull {
        /// The rows it has.
        rows: usize,
        /// The cells in them.
        cells: usize,
    },
    /// A counter would exceed 2^64 - 1 in one row.
    CounterFull,
}

/// What an edit did to a row, to be done again: an edit itself is code, and leaves nothing else to
/// write down. The same steps, at the same moment, on an equal replica, have the same effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditStep {
    /// A value was put under a key of one's own row in a space.
    Set {
        /// The space.
        space: Space,
        /// The key.
        key: Key,
        /// The value.
        value: Bytes,
    },
    /// The value was taken away from under a key, if there was one.
    Erase {
        /// The space.
        space: Space,
        /// The key.
        key: Key,
    },
    /// A timestamp was taken.
    Timestamp,
}

impl EditStep {
    /// Does it again.
    ///
    /// # Errors
    ///
    /// [`WriteError`], as it would not have been if the replica were equal.
    pub fn repeat(&self, writer: &mut Writer<'_>) -> Result<(), WriteError> {
        match self {
            Self::Set { space, key, value } => {
                writer.set(*space, key.clone(), value.clone()).map(drop)
            }
            Self::Erase { space, key } => {
                writer.erase(*space, key);
                Ok(())
            }
            Self::Timestamp => {
                writer.timestamp();
                Ok(())
            }
        }
    }
}

/// One's own rows, open for editing: what a column's edits are written through.
#[derive(Debug)]
pub struct Writer<'r> {
    table: &'r mut Table,
    clock: &'r mut Clock,
    unix: Duration,
    /// What was done, if somebody wants to know.
    steps: Option<&'r mut Vec<EditStep>>,
}

impl<'r> Writer<'r> {
    pub(crate) const fn new(table: &'r mut Table, clock: &'r mut Clock, unix: Duration) -> Self {
        Self { table, clock, unix, steps: None }
    }

    /// Writes down what is done.
    pub(crate) const fn recording(mut self, steps: &'r mut Vec<EditStep>) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Puts a value under a key of one's own row in `space`.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`], [`WriteError::RowFull`] and [`WriteError::QuotaFull`].
    pub fn set(&mut self, space: Space, key: Key, value: Bytes) -> Result<Version, WriteError> {
        let limits = *self.table.limits();
        let len = key.len().saturating_add(value.len());
        if len > limits.cell_len_max {
            return Err(WriteError::CellTooLong { len, len_max: limits.cell_len_max });
        }
        let full =
            |row: &Row<Key, Bytes>| row.len() >= limits.cells_max && row.cell(&key).is_none();
        if self.own_row(space).is_some_and(full) {
            return Err(WriteError::RowFull { cells_max: limits.cells_max });
        }
        self.check_quota(space, &key)?;
        self.record(|| EditStep::Set { space, key: key.clone(), value: value.clone() });
        let timestamp = self.tick();
        Ok(self.table.write(space, timestamp).set(key, value))
    }

    /// What others would not take in is not written.
    fn check_quota(&self, space: Space, key: &Key) -> Result<(), WriteError> {
        let id = RowId { space, life: self.life() };
        let growth = || usize::from(self.own_row(space).is_none_or(|row| row.cell(key).is_none()));
        match self.table.beyond_quota(id, growth) {
            Some(Share { rows, cells }) => Err(WriteError::QuotaFull { rows, cells }),
            None => Ok(()),
        }
    }

    /// Takes the value away from under a key of one's own row. Says whether there was one.
    pub fn erase(&mut self, space: Space, key: &Key) -> bool {
        self.record(|| EditStep::Erase { space, key: key.clone() });
        let timestamp = self.tick();
        self.table.write(space, timestamp).erase(key)
    }

    /// Takes the next timestamp of the replica's clock.
    pub fn timestamp(&mut self) -> Timestamp {
        self.record(|| EditStep::Timestamp);
        self.tick()
    }

    /// The table, as the edits so far have left it.
    #[must_use]
    pub const fn table(&self) -> &Table {
        self.table
    }

    /// The life that writes.
    #[must_use]
    pub const fn life(&self) -> Life {
        self.table.life()
    }

    /// One's own row in `space`; nothing if it was never written.
    #[must_use]
    pub fn own_row(&self, space: Space) -> Option<&Row<Key, Bytes>> {
        let id = RowId { space, life: self.life() };
        self.table.row(id).map(|row| &**row)
    }

    fn tick(&mut self) -> Timestamp {
        self.clock.tick(self.unix)
    }

    fn record(&mut self, step: impl FnOnce() -> EditStep) {
        if let Some(steps) = &mut self.steps {
            steps.push(step());
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CellTooLong { len: usize::MAX, .. } => {
                f.write_str("the value cannot be encoded: a sequence of unknown length")
            }
            Self::CellTooLong { len, len_max } => write!(
                f,
                "key and value take {len} bytes, the limit is {len_max}; \
                 split the value or keep it elsewhere and replicate a reference"
            ),
            Self::RowFull { cells_max } => {
                write!(f, "this replica's row already has {cells_max} cells, the limit")
            }
            Self::QuotaFull { rows, cells } => write!(
                f,
                "this replica already has {cells} cells in {rows} rows of all its lives, the limit"
            ),
            Self::CounterFull => f.write_str("the counter would exceed 2^64 - 1 in this row"),
        }
    }
}

impl core::error::Error for WriteError {}
