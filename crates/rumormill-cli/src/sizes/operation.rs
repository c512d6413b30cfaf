//! One kind of write.

use rumormill_sim::Telling;

use super::{aim, floor::Floor, row::Row, stage::Stage};

/// One kind of write, and what goes before it.
pub(super) struct Operation {
    /// The type of the column, or `raw`.
    pub(super) column: &'static str,
    pub(super) name: &'static str,
    floor: Floor,
    before: fn(&mut Stage),
    edit: fn(&mut Stage),
}

impl Operation {
    pub(super) const fn new(
        column: &'static str,
        name: &'static str,
        floor: Floor,
        before: fn(&mut Stage),
        edit: fn(&mut Stage),
    ) -> Self {
        Self { column, name, floor, before, edit }
    }

    /// What the write takes where there are so many writers.
    pub(super) fn measure(&self, writers: usize, signed: bool) -> Row {
        let mut stage = Stage::new(writers);
        (self.before)(&mut stage);
        let Telling { division, datagram_len } = stage.telling(self.edit, signed);
        Row {
            column: self.column,
            operation: self.name,
            writers,
            signed,
            bytes: division.total(),
            datagram_bytes: datagram_len,
            floor_bytes: self.floor.bytes(writers, signed),
            aim_bytes: aim::of(self.column, self.name, writers, signed),
            division,
            is_equal: true,
        }
    }
}
