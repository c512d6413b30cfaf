//! Which of our own writes others have not been told of.

use alloc::{collections::BTreeMap, vec::Vec};

use rumormill_crdt::{Bookmark, Growth, Space, Table, Version};

/// Which of our own writes others have not been told of.
#[derive(Debug, Default)]
pub(crate) struct News {
    looked_at: Bookmark,
    announced: BTreeMap<Space, Version>,
}

impl News {
    /// Takes our own rows that changed since the last time, with the versions told of before.
    pub(crate) fn take(&mut self, table: &Table) -> Vec<Growth> {
        if self.looked_at == table.bookmark() {
            return Vec::new();
        }
        let own = table.life();
        let changed = table.changed_since(self.looked_at).filter(|row| row.id().life == own);
        let announced = &mut self.announced;
        let news = changed.map(|row| {
            let (id, version) = (row.id(), row.version());
            Growth { id, from: announced.insert(id.space, version).unwrap_or(0) }
        });
        let news = news.collect();
        self.looked_at = table.bookmark();
        news
    }

    /// The spaces in which we have written.
    pub(crate) fn spaces(&self) -> impl Iterator<Item = Space> {
        self.announced.keys().copied()
    }

    pub(crate) fn begin_life(&mut self) {
        self.announced.clear();
    }
}
