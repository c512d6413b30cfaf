//! Which rows a peer is asked to compare word by word.
//!
//! Digests say at which version a row is held, and not which of two contents an owner gave that version.
//! So along with each comparison a node says what the owner of one row signed: of rows that grew
//! lately, latest first, and of all rows in turn while none did. Of an owner that told each half of
//! a population something else, some node finds out within a period or two; one that lied to a
//! single node is found out while its row is news, or after that node has been through its table.

use alloc::collections::VecDeque;

use rumormill_crdt::{RowId, Table};

/// Further rows are left to their turn among all.
const RECENT_MAX: usize = 64;

/// Which rows a peer is asked to compare word by word.
#[derive(Debug)]
pub(crate) struct SpotChecks {
    recent: VecDeque<RowId>,
    next: RowId,
}

impl SpotChecks {
    pub(super) const fn new() -> Self {
        Self { recent: VecDeque::new(), next: RowId::MIN }
    }

    pub(crate) fn handle_growth(&mut self, id: RowId) {
        self.recent.retain(|it| *it != id);
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(id);
    }

    /// The row whose turn it is: of somebody else, as long as there is any.
    pub(crate) fn next(&mut self, table: &Table) -> Option<RowId> {
        if let Some(id) = self.recent.pop_back() {
            return Some(id);
        }
        let is_foreign = |id: &RowId| id.life != table.life();
        let from = |start| table.rows_from(start).map(|row| row.id());
        let mut rows = from(self.next).filter(is_foreign).take(1);
        let id = rows.next().or_else(|| from(RowId::MIN).find(is_foreign))?;
        self.next = from(id).nth(1).unwrap_or(RowId::MIN);
        Some(id)
    }
}
