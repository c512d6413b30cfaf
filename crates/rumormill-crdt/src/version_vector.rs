//! The digest of a table.

use alloc::collections::{BTreeMap, btree_map};

use serde::{Deserialize, Serialize};

use crate::{RowId, Version};

/// The version of every row of a table: a complete digest, since every write takes a version.
/// Equal vectors mean equal tables (I6).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VersionVector {
    versions: BTreeMap<RowId, Version>,
}

impl VersionVector {
    /// Returns the version held of `row`; 0 if none.
    #[must_use]
    pub fn version(&self, row: RowId) -> Version {
        self.versions.get(&row).copied().unwrap_or(0)
    }

    /// Walks rows and versions in the order of row ids.
    pub fn iter(&self) -> btree_map::Iter<'_, RowId, Version> {
        self.versions.iter()
    }
}

impl FromIterator<(RowId, Version)> for VersionVector {
    fn from_iter<I: IntoIterator<Item = (RowId, Version)>>(rows: I) -> Self {
        Self { versions: rows.into_iter().filter(|(_, version)| *version > 0).collect() }
    }
}

impl<'a> IntoIterator for &'a VersionVector {
    type Item = (&'a RowId, &'a Version);
    type IntoIter = btree_map::Iter<'a, RowId, Version>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
