//! A table together with the clock of the life that writes in it.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use crate::{
    Admission, Bytes, Clock, DeltaCell, Growth, Key, Life, Limits, Refused, Row, RowDelta, RowId,
    Space, Table, Timestamp, VersionVector, Writer,
    columns::{self, or_set},
};

/// A table together with the clock of the life that writes in it: what a node replicates and what
/// every stand-alone type is made of.
#[derive(Clone, Debug)]
pub struct Replica {
    table: Table,
    clock: Clock,
}

impl Replica {
    /// Makes an empty replica for `life`.
    #[must_use]
    pub fn new(life: Life, limits: Limits) -> Self {
        Self { table: Table::new(life, limits), clock: Clock::default() }
    }

    /// Edits the table in one's own rows; `unix` is what the wall clock reads.
    pub fn edit<R>(&mut self, unix: Duration, edit: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        edit(&mut Writer::new(&mut self.table, &mut self.clock, unix))
    }

    /// Takes in a delta from anybody.
    ///
    /// # Errors
    ///
    /// [`Refused::Clock`] if the delta's timestamp is more than `skew_max` ahead of the wall
    /// clock (I10), else as [`VvMap::admit`](crate::VvMap::admit). Nothing visible changed.
    pub fn admit(
        &mut self,
        unix: Duration,
        skew_max: Duration,
        delta: &RowDelta<Key, Bytes>,
    ) -> Result<Admission, Refused> {
        let stamped = delta.head().timestamp;
        Clock::check(stamped, unix, skew_max).map_err(Refused::Clock)?;
        self.check_sizes(delta)?;
        let later = |cell| columns::timestamp(cell).is_some_and(|it| it > stamped);
        if delta.cells().iter().any(|cell| later((&cell.key, cell.value.as_ref()))) {
            return Err(Refused::CellAfterHead);
        }
        let admission = self.table.admit(delta)?;
        self.clock.witness(stamped);
        Ok(admission)
    }

    /// What nobody could pass on, or no table could hold, is not taken in.
    fn check_sizes(&self, delta: &RowDelta<Key, Bytes>) -> Result<(), Refused> {
        let Limits { cell_len_max, cells_max, .. } = *self.table.limits();
        let len = |cell: &DeltaCell<Key, Bytes>| {
            cell.key.len() + cell.value.as_ref().map_or(0, |value| value.len())
        };
        let held = self.table.row(delta.id()).map_or(0, |row| row.len());
        // Cells that replace others count twice here, so twice the limit is never too little.
        let too_many = held + delta.cells().len() > cells_max.saturating_mul(2);
        let too_long = delta.cells().iter().any(|cell| len(cell) > cell_len_max);
        if too_many || too_long { Err(Refused::TooLarge) } else { Ok(()) }
    }

    /// Takes in all that `other` holds and returns the rows that grew. For values of one program;
    /// what strangers send goes through [`admit`](Self::admit), which checks clocks.
    pub fn join(&mut self, other: &Self) -> Vec<Growth> {
        let grown = self.table.join(&other.table);
        self.witness(&grown);
        grown
    }

    /// Takes in rows at rest. See [`VvMap::restore`](crate::VvMap::restore).
    pub fn restore(&mut self, rows: impl IntoIterator<Item = Arc<Row<Key, Bytes>>>) -> Vec<Growth> {
        let grown = self.table.restore(rows);
        self.witness(&grown);
        grown
    }

    /// Ends the present life and begins `life`. See
    /// [`VvMap::begin_life`](crate::VvMap::begin_life).
    ///
    /// # Panics
    ///
    /// If `life` is not later than the one that ends.
    pub fn begin_life(&mut self, life: Life) {
        self.table.begin_life(life);
    }

    /// Does an owner's share of collecting removed set elements, after `grown` rows changed:
    /// erases one's own adds that those rows kill, and one's own kills of adds that are gone from
    /// those rows. Says whether anything was written.
    pub fn collect(&mut self, grown: impl IntoIterator<Item = RowId>) -> bool {
        let mut wrote = false;
        for id in grown {
            wrote |= or_set::collect(&mut self.table, self.clock.last(), id);
        }
        wrote
    }

    /// Forgets one's own tombstones up to `before` in `space`. Says whether there were any.
    pub fn forget(&mut self, space: Space, before: u64) -> bool {
        self.table.write(space, self.clock.last()).forget(before)
    }

    /// Returns, row by row, what a table with the given digest lacks.
    pub fn delta_since(
        &self,
        digest: &VersionVector,
    ) -> impl Iterator<Item = RowDelta<Key, Bytes>> {
        self.table.delta_since(digest)
    }

    /// The table, to read from.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// The last timestamp taken or witnessed.
    #[must_use]
    pub const fn last_timestamp(&self) -> Timestamp {
        self.clock.last()
    }

    /// Gives up on a row that arrives in pieces.
    pub fn drop_staging(&mut self, id: RowId) {
        self.table.drop_staging(id);
    }

    fn witness(&mut self, grown: &[Growth]) {
        for row in grown.iter().filter_map(|growth| self.table.row(growth.id)) {
            self.clock.witness(row.head().timestamp);
        }
    }
}
