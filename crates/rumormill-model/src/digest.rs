//! What makes a part of a world the part it is: 128 bits over all that behaviour depends on.
//!
//! Left out, since no rule under test depends on it: how often a table changed and in which order
//! (bookmarks), counters of what is staged (the limits are never reached), and, unless a model
//! asks for them, timestamps: they only matter where registers are written.

use std::hash::Hash;

use rumormill_crdt::{Cell, Dependency, Head, Row, RowDelta, RowId, Timestamp, Version, VvMap};
use serde::Serialize;
use siphasher::sip128::{Hasher128, SipHasher13};

/// 128 bits that stand for a part of a world.
pub(crate) type Print = u128;

/// Collects what a part is made of.
pub(crate) struct Digest {
    hasher: SipHasher13,
    with_timestamps: bool,
}

impl Digest {
    pub(crate) fn new(with_timestamps: bool) -> Self {
        Self { hasher: SipHasher13::new(), with_timestamps }
    }

    pub(crate) const fn with_timestamps(&self) -> bool {
        self.with_timestamps
    }

    pub(crate) fn add(mut self, part: impl Hash) -> Self {
        part.hash(&mut self.hasher);
        self
    }

    pub(crate) fn finish(self) -> Print {
        self.hasher.finish128().as_u128()
    }

    pub(crate) fn head(self, head: &Head) -> Self {
        let with_timestamps = self.with_timestamps;
        let timestamp = |stamp: Timestamp| with_timestamps.then_some(stamp);
        let depends = |(on, at): (&RowId, &Dependency)| (*on, at.version, timestamp(at.timestamp));
        let on: Vec<_> = head.dependencies.iter().map(depends).collect();
        self.add((head.version, head.floor, timestamp(head.timestamp), head.hash, on))
    }

    fn cells<'c, K: Hash + 'c, V: Hash + 'c>(
        mut self,
        cells: impl Iterator<Item = (&'c K, &'c Cell<V>)>,
    ) -> Self {
        let mut count = 0;
        for (key, cell) in cells {
            self = self.add((key, cell.version, &cell.value));
            count += 1;
        }
        self.add(count)
    }

    pub(crate) fn row<K, V>(self, row: &Row<K, V>) -> Self
    where
        K: Hash + Ord + Clone + Serialize,
        V: Hash + Clone + Serialize,
    {
        self.add(row.id()).head(row.head()).cells(row.iter())
    }

    pub(crate) fn delta<K: Hash, V: Hash>(self, delta: &RowDelta<K, V>) -> Self {
        let mut digest = self.add((delta.id(), delta.from(), delta.to())).head(delta.head());
        for cell in delta.cells() {
            digest = digest.add((cell.version, &cell.key, &cell.value));
        }
        digest.add(delta.cells().len())
    }

    /// Everything visible and everything staged.
    pub(crate) fn table<K, V>(self, table: &VvMap<K, V>) -> Self
    where
        K: Hash + Ord + Clone + Serialize,
        V: Hash + Clone + Serialize,
    {
        let mut digest = self.add(table.len());
        for row in table.rows() {
            digest = digest.row(row);
        }
        for id in table.staged() {
            let Some((since, target)) = table.staging(id) else { continue };
            let stands: (Version, Version) = (since.version, since.floor);
            digest = digest.add((id, stands)).head(target).cells(table.staged_cells(id));
        }
        digest
    }
}
