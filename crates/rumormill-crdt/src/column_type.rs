//! What all conflict-free types have in common as columns.

use crate::{Column, KeyKind, Table};

/// A conflict-free type that a [`Column`] can be of: all those of this crate, and what a program
/// that handles columns of any type goes by, as `#[derive(Columns)]` of `rumormill-derive` does.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no column type",
    label = "a column needs a conflict-free type, which says how concurrent edits merge",
    note = "column types: `LwwRegister<T>`, `MvRegister<T>`, `OrSet<T>`, `Map<K, V>`, `PnCounter`, \
            `GCounter`, `WindowCounter`, `MinMax`, `Histogram`, `Distinct<T>`, `TopK<T>`, \
            `EventLog<T>`; `T`, `K` and `V` are types that serde can write and read back, and \
            `Ord` where they are elements or keys",
    note = "a field `load: u32` in which the last write wins is `load: LwwRegister<u32>`"
)]
pub trait ColumnType: Sized {
    /// The kinds of cells that columns of this type consist of, and no other type's do.
    const KINDS: &'static [KeyKind];

    /// What a whole column reads as.
    type Read;

    /// Reads the whole column. Types that take more to be read have a reading of their own that
    /// is a part of this one.
    fn read(column: &Column<Self>, table: &Table) -> Self::Read;

    /// Says whether a cell of one of this type's [`KINDS`](Self::KINDS) is one that the type could
    /// have written; `part` is what follows the column's name in its key. Reading leaves out what
    /// it could not.
    fn is_cell(kind: KeyKind, part: &[u8], value: &[u8]) -> bool;
}
