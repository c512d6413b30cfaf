//! One's own rows, open for editing.

use core::{fmt, time::Duration};

use crate::{Bytes, Clock, Key, Life, Row, RowId, Space, Table, Timestamp, Version};

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
    /// A counter would exceed 2^64 - 1 in one row.
    CounterFull,
}

/// One's own rows, open for editing: what a column's edits are written through.
#[derive(Debug)]
pub struct Writer<'r> {
    table: &'r mut Table,
    clock: &'r mut Clock,
    unix: Duration,
}

impl<'r> Writer<'r> {
    pub(crate) const fn new(table: &'r mut Table, clock: &'r mut Clock, unix: Duration) -> Self {
        Self { table, clock, unix }
    }

    /// Puts a value under a key of one's own row in `space`.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] and [`WriteError::RowFull`].
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
        let timestamp = self.timestamp();
        Ok(self.table.write(space, timestamp).set(key, value))
    }

    /// Takes the value away from under a key of one's own row. Says whether there was one.
    pub fn erase(&mut self, space: Space, key: &Key) -> bool {
        let timestamp = self.timestamp();
        self.table.write(space, timestamp).erase(key)
    }

    /// Takes the next timestamp of the replica's clock.
    pub fn timestamp(&mut self) -> Timestamp {
        self.clock.tick(self.unix)
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
            Self::CounterFull => f.write_str("the counter would exceed 2^64 - 1 in this row"),
        }
    }
}

impl core::error::Error for WriteError {}
