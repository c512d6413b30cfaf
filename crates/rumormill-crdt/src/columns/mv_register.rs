//! A register that keeps concurrent values.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use super::stand_alone;
use crate::{
    Bytes, Column, ColumnType, Element, Key, KeyKind, Life, Table, Version, WriteError, Writer,
    codec,
};

stand_alone! {
    /// A register that keeps concurrent values. It holds the value of every edit heard of that no
    /// other edit heard of has replaced, except for clears. An edit replaces all edits that its
    /// replica had heard of when it was made, and all that those had replaced.
    ///
    /// Shapiro, Preguica, Baquero and Zawirski, "A comprehensive study of Convergent and
    /// Commutative Replicated Data Types" (INRIA RR-7506, 2011), section 3.2.2, with one cell per
    /// life that was replaced in place of a vector in each value, so that cells stay short
    /// however many lives have written. Rows travel one by one, so a replica may hear of an edit
    /// and not of those that it replaced; that is why replacing is passed on.
    ///
    /// ```
    /// use rumormill_crdt::{Life, MvRegister, ReplicaId};
    ///
    /// let mut ann = MvRegister::<u8>::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = MvRegister::<u8>::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.set(&40)?;
    /// bob.set(&75)?;
    /// ann.join(&bob);
    /// assert_eq!(ann.read(), [40, 75]);
    /// ann.set(&57)?;
    /// bob.join(&ann);
    /// assert_eq!(bob.read(), [57]);
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    MvRegister<T: Element>
}

impl<T: Element> MvRegister<T> {
    /// Writes a value, which replaces all values heard of.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if the value is too long to travel.
    pub fn set(&mut self, value: &T) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.set(writer, value))
    }

    /// Takes all values heard of away.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn clear(&mut self) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.clear(writer))
    }

    /// Reads all values that were not replaced, in the order of the lives that wrote them.
    #[must_use]
    pub fn read(&self) -> Vec<T> {
        Self::COLUMN.read(self.replica.table())
    }
}

impl<T: Element> Column<MvRegister<T>> {
    /// Writes a value, which replaces all values heard of. Takes one cell, and one for each life
    /// that wrote since this one did.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] and [`WriteError::RowFull`]; in a row that fills up on the
    /// way, the value stands beside some that it was to replace.
    pub fn set(&self, writer: &mut Writer<'_>, value: &T) -> Result<(), WriteError> {
        self.write(writer, Some(value))
    }

    /// Takes all values heard of away.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`], as [`set`](Self::set).
    pub fn clear(&self, writer: &mut Writer<'_>) -> Result<(), WriteError> {
        self.write(writer, None)
    }

    /// Reads all values that were not replaced, in the order of the lives that wrote them.
    #[must_use]
    pub fn read(&self, table: &Table) -> Vec<T> {
        let replaced = self.replaced(table);
        let stands = |life, version| replaced.get(&life).is_none_or(|until| version > *until);
        let standing = self.written(table).filter(|(life, version, _)| stands(*life, *version));
        standing.filter_map(|(.., value)| codec::decode::<Option<T>>(value).ok()?).collect()
    }

    fn write(&self, writer: &mut Writer<'_>, value: Option<&T>) -> Result<(), WriteError> {
        let mut replaced = self.replaced(writer.table());
        for (life, version, _) in self.written(writer.table()) {
            let until = replaced.entry(life).or_default();
            *until = version.max(*until);
        }
        replaced.remove(&writer.life());
        self.put(writer, self.key(), &value)?;
        for (life, until) in replaced {
            let key = Key::part(KeyKind::Replaced, self.name(), &life.to_bytes());
            if self.own::<Version>(writer, &key).is_none_or(|known| known < until) {
                self.put(writer, key, &until)?;
            }
        }
        Ok(())
    }

    /// Up to which version each life's values are replaced.
    fn replaced(&self, table: &Table) -> BTreeMap<Life, Version> {
        let mut replaced = BTreeMap::new();
        for (_, life, version) in self.parts::<Version>(table, KeyKind::Replaced) {
            let Some(life) = Life::from_bytes(life) else { continue };
            let until = replaced.entry(life).or_default();
            *until = version.max(*until);
        }
        replaced
    }

    /// What each life wrote last, and the version it did so at.
    fn written<'t>(
        &self,
        table: &'t Table,
    ) -> impl Iterator<Item = (Life, Version, &'t Bytes)> + use<'t, T> {
        let key = self.key();
        table.rows_in(self.space()).filter_map(move |row| {
            let cell = row.cell(&key)?;
            Some((row.id().life, cell.version, cell.value.as_ref()?))
        })
    }

    fn key(&self) -> Key {
        Key::column(KeyKind::Value, self.name())
    }
}

impl<T: Element> ColumnType for MvRegister<T> {
    const KINDS: &'static [KeyKind] = &[KeyKind::Value, KeyKind::Replaced];

    type Read = Vec<T>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(kind: KeyKind, part: &[u8], value: &[u8]) -> bool {
        if kind == KeyKind::Replaced {
            Life::from_bytes(part).is_some() && codec::decode::<Version>(value).is_ok()
        } else {
            codec::decode::<Option<T>>(value).is_ok()
        }
    }
}
