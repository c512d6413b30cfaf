//! The cells of one row, findable by key and by version.

use alloc::collections::{BTreeMap, BTreeSet};
use core::ops::RangeBounds;

use serde::Serialize;

use crate::{DeltaCell, Version, hash::cell_hash};

/// What a row holds under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<V> {
    /// The write that put it there.
    pub version: Version,
    /// The value, or nothing: a tombstone.
    pub value: Option<V>,
}

/// The cells of one row: by key, by version, tombstones by version, and the running hash.
///
/// Invariant: all four say the same; versions are unique.
#[derive(Clone, Debug)]
pub(crate) struct Cells<K, V> {
    by_key: BTreeMap<K, Cell<V>>,
    by_version: BTreeMap<Version, K>,
    tombstones: BTreeSet<Version>,
    hash: u64,
}

/// What taking in the cells of a delta will do, worked out before anything changes.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Versions of the cells that go.
    doomed: BTreeSet<Version>,
    /// The running hash afterwards.
    pub(crate) hash: u64,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Cells<K, V> {
    pub(crate) const fn new() -> Self {
        Self {
            by_key: BTreeMap::new(),
            by_version: BTreeMap::new(),
            tombstones: BTreeSet::new(),
            hash: 0,
        }
    }

    pub(crate) fn put(&mut self, version: Version, key: K, value: Option<V>) {
        if let Some(old) = self.by_key.get(&key) {
            self.remove(old.version);
        }
        self.hash = self.hash.wrapping_add(cell_hash(version, &key, value.as_ref()));
        if value.is_none() {
            self.tombstones.insert(version);
        }
        self.by_version.insert(version, key.clone());
        self.by_key.insert(key, Cell { version, value });
    }

    fn remove(&mut self, version: Version) {
        let Some(key) = self.by_version.remove(&version) else { return };
        let Some(cell) = self.by_key.remove(&key) else { return };
        self.tombstones.remove(&version);
        self.hash = self.hash.wrapping_sub(cell_hash(version, &key, cell.value.as_ref()));
    }

    /// Drops the tombstones with version <= `floor` and says whether there were any.
    pub(crate) fn forget(&mut self, floor: Version) -> bool {
        let doomed: BTreeSet<_> = self.tombstones.range(..=floor).copied().collect();
        for version in &doomed {
            self.remove(*version);
        }
        !doomed.is_empty()
    }

    /// Works out what the cells of a delta from `from` do to these, which stand at `version`.
    ///
    /// Three kinds of cell go: those whose key is written again; those in `(from, version]` that
    /// the delta does not list (I5); tombstones up to the floor.
    pub(crate) fn plan(
        &self,
        version: Version,
        from: Version,
        floor: Version,
        listed: &[DeltaCell<K, V>],
    ) -> Plan {
        let mut doomed = BTreeSet::new();
        let mut hash = self.hash;
        for cell in news(version, listed) {
            hash = hash.wrapping_add(cell_hash(cell.version, &cell.key, cell.value.as_ref()));
            doomed.extend(self.by_key.get(&cell.key).map(|old| old.version));
        }
        let is_listed =
            |version: &Version| listed.binary_search_by_key(version, |cell| cell.version).is_ok();
        if from < version {
            let covered = self.by_version.range(from + 1..=version).map(|(version, _)| *version);
            doomed.extend(covered.filter(|version| !is_listed(version)));
        }
        doomed.extend(self.tombstones.range(..=floor));
        for version in &doomed {
            let key = &self.by_version[version];
            let value = self.by_key[key].value.as_ref();
            hash = hash.wrapping_sub(cell_hash(*version, key, value));
        }
        Plan { doomed, hash }
    }

    /// Carries out a plan made for the same cells and the same delta.
    pub(crate) fn carry_out(&mut self, plan: &Plan, version: Version, listed: &[DeltaCell<K, V>]) {
        for doomed in &plan.doomed {
            self.remove(*doomed);
        }
        for cell in news(version, listed) {
            self.put(cell.version, cell.key.clone(), cell.value.clone());
        }
        debug_assert_eq!(self.hash, plan.hash, "a plan foretells the hash");
    }

    pub(crate) fn cell(&self, key: &K) -> Option<&Cell<V>> {
        self.by_key.get(key)
    }

    pub(crate) fn at(&self, version: Version) -> Option<(&K, &Cell<V>)> {
        self.by_key.get_key_value(self.by_version.get(&version)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.by_key.iter()
    }

    pub(crate) fn range(&self, keys: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.by_key.range(keys)
    }

    pub(crate) fn since(&self, version: Version) -> impl Iterator<Item = (&K, &Cell<V>)> {
        let later = self.by_version.range(version.saturating_add(1)..);
        later.filter_map(|(_, key)| self.by_key.get_key_value(key))
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn tombstones(&self) -> usize {
        self.tombstones.len()
    }
}

fn news<K, V>(version: Version, listed: &[DeltaCell<K, V>]) -> &[DeltaCell<K, V>] {
    &listed[listed.partition_point(|cell| cell.version <= version)..]
}
