//! Whom everybody is likely to know.

use rumormill_crdt::{Life, Space, Table};

use crate::sender::Tag;

/// Whom everybody is likely to know: those whose newest life has introduced itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acquaintances<'t>(&'t Table);

impl<'t> Acquaintances<'t> {
    /// Those who have introduced themselves in this table.
    pub(crate) const fn of(table: &'t Table) -> Self {
        Self(table)
    }

    pub(crate) fn knows(self, life: Life) -> bool {
        let newest = self.0.rows_of(Space::SELF, life.replica).next_back();
        newest.is_some_and(|row| row.id().life == life)
    }

    /// What a life that everybody knows goes by.
    pub(crate) fn name(self, life: Life) -> Option<[u8; 4]> {
        self.knows(life).then(|| Tag::of(life).to_bytes())
    }
}
