//! Cells that stand under a column's name and are not of its type.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;

use crate::{Bytes, Column, ColumnType, Key, KeyKind, Row, RowId, Table, key::KINDS};

/// Cells of one row that stand under a column's name and are not of its type, since the type was
/// changed, or two programs mean different things by one name. Nothing of them is read, and
/// nothing of them is lost: they stay in their row and travel with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Whose cells, and in which space.
    pub row: RowId,
    /// The column's name.
    pub column: String,
    /// The kinds of cells that the column reads.
    pub expected: &'static [KeyKind],
    /// What the cells are.
    pub found: Found,
    /// How many there are.
    pub cells: usize,
}

/// What cells are that are not of a column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Cells of another conflict-free type.
    Type(KeyKind),
    /// Cells of the column's own type, whose bytes are no values of its element type.
    Elements(KeyKind),
}

impl<T: ColumnType> Column<T> {
    /// Lists what stands under this column's name and is not of its type, row by row. What was
    /// written under the name with another element type is listed unless its bytes happen to be
    /// values of this one too, as those of any `u8` are of `u16`; cells of kinds that this
    /// release does not know are not.
    ///
    /// Costs a look-up for each kind and row, and decodes all cells of the column.
    #[must_use]
    pub fn clashes(&self, table: &Table) -> Vec<Clash> {
        let rows = table.rows_in(self.space());
        rows.flat_map(|row| KINDS.into_iter().filter_map(|kind| self.clash(row, kind))).collect()
    }

    /// The cells of one kind in one row.
    fn clash(&self, row: &Row<Key, Bytes>, kind: KeyKind) -> Option<Clash> {
        let cells = row.range(Key::first_of(kind, self.name())?..);
        let named =
            cells.map_while(|(key, _, value)| Some((key.part_in(kind, self.name())?, value)));
        let (found, cells) = if T::KINDS.contains(&kind) {
            let strange = named.filter(|(part, value)| !T::is_cell(kind, part, value));
            (Found::Elements(kind), strange.count())
        } else {
            (Found::Type(kind), named.count())
        };
        let (row, column) = (row.id(), self.name().to_owned());
        (cells > 0).then_some(Clash { row, column, expected: T::KINDS, found, cells })
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, column, expected, found, cells } = self;
        write!(f, "column {column:?}: row {row:?} holds {cells} cell(s) of ")?;
        match found {
            Found::Type(kind) => write!(f, "the kind {kind:?}, read are {expected:?}")?,
            Found::Elements(kind) => write!(f, "the kind {kind:?} with other elements")?,
        }
        f.write_str("; give one of the two columns another name")
    }
}
