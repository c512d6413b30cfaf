//! A register in which the last write wins.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::{Stamp, stand_alone};
use crate::{
    Column, ColumnType, Element, Key, KeyKind, ReplicaId, Table, Timestamp, WriteError, Writer,
    codec,
};

stand_alone! {
    /// A register. Its value is that of the edit with the greatest (timestamp, life) of all edits
    /// heard of; nothing if that edit was a [`clear`](Self::clear) or there was none.
    ///
    /// Johnson and Thomas, "The Maintenance of Duplicate Databases" (RFC 677, 1975), section 3.
    /// A clear is a stamped cell like any other, so it beats older writes that arrive late.
    /// Cells that lost stay in their rows, so that dropping the winner's row uncovers the value
    /// before it. Two edits of one life never share a timestamp.
    ///
    /// ```
    /// use core::time::Duration;
    /// use rumormill_crdt::{Life, LwwRegister, ReplicaId};
    ///
    /// let mut ann = LwwRegister::<u8>::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = LwwRegister::<u8>::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.set(Duration::from_secs(10), &40)?;
    /// bob.set(Duration::from_secs(11), &75)?;
    /// ann.join(&bob);
    /// assert_eq!(ann.read(), Some(75));
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    LwwRegister<T: Element>
}

impl<T: Element> LwwRegister<T> {
    /// Writes a value; `unix` is what the wall clock reads.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if the value is too long to travel.
    pub fn set(&mut self, unix: Duration, value: &T) -> Result<(), WriteError> {
        self.replica.edit(unix, |writer| Self::COLUMN.set(writer, value))
    }

    /// Takes the value away.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn clear(&mut self, unix: Duration) -> Result<(), WriteError> {
        self.replica.edit(unix, |writer| Self::COLUMN.clear(writer))
    }

    /// Reads the value.
    #[must_use]
    pub fn read(&self) -> Option<T> {
        Self::COLUMN.read(self.replica.table())
    }
}

impl<T: Element> Column<LwwRegister<T>> {
    /// Writes a value.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] and [`WriteError::RowFull`].
    pub fn set(&self, writer: &mut Writer<'_>, value: &T) -> Result<(), WriteError> {
        self.write(writer, Some(value))
    }

    /// Takes the value away, with a stamp that beats all writes heard of.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn clear(&self, writer: &mut Writer<'_>) -> Result<(), WriteError> {
        self.write(writer, None)
    }

    /// Reads the value: the greatest (timestamp, life) wins.
    #[must_use]
    pub fn read(&self, table: &Table) -> Option<T> {
        self.stamped(table).max_by_key(|(stamp, _)| *stamp)?.1
    }

    /// Reads what each replica wrote last, for columns in which everybody speaks for itself.
    #[must_use]
    pub fn per_replica(&self, table: &Table) -> BTreeMap<ReplicaId, T> {
        let mut newest: BTreeMap<ReplicaId, (Stamp, Option<T>)> = BTreeMap::new();
        for (stamp, value) in self.stamped(table) {
            let known = newest.entry(stamp.1.replica).or_default();
            if stamp > known.0 {
                *known = (stamp, value);
            }
        }
        newest.into_iter().filter_map(|(replica, (_, value))| Some((replica, value?))).collect()
    }

    fn write(&self, writer: &mut Writer<'_>, value: Option<&T>) -> Result<(), WriteError> {
        let timestamp = writer.timestamp();
        self.put(writer, self.key(), &(timestamp, value))
    }

    fn stamped(&self, table: &Table) -> impl Iterator<Item = (Stamp, Option<T>)> {
        let cells = self.cells(table, self.key());
        cells.map(|(life, (timestamp, value))| ((timestamp, life), value))
    }

    fn key(&self) -> Key {
        Key::column(KeyKind::Lww, self.name())
    }
}

impl<T: Element> ColumnType for LwwRegister<T> {
    const KINDS: &'static [KeyKind] = &[KeyKind::Lww];

    type Read = Option<T>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(_: KeyKind, _: &[u8], value: &[u8]) -> bool {
        codec::decode::<(Timestamp, Option<T>)>(value).is_ok()
    }
}
