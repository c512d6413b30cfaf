//! Rows that nodes hold alike, once in memory.

use rumormill_core::{Node, crdt::RowPool};

use super::{Index, Sim};

impl Sim {
    /// Has equal rows of all nodes share their memory from here on, or leaves them as they are. A
    /// run is the same either way.
    pub fn share_rows(&mut self, shares: bool) {
        self.pool = shares.then(RowPool::new);
    }

    pub(super) fn share_rows_of(&mut self, who: Index, node: &mut Node<Index>) {
        let Some(pool) = &mut self.pool else { return };
        let slot = &mut self.slots[who as usize];
        let now = node.table().bookmark();
        if slot.shared != now {
            node.share_rows(slot.shared, pool);
            slot.shared = now;
        }
    }
}
