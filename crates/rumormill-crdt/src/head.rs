//! What an owner says of its row.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    RowId, Timestamp, Version,
    codec::{fixed, pairs},
};

/// What the owner says of its row at one version: enough for a reader to tell whether a copy of
/// the row is whole, and what else must be held before the copy may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Head {
    /// The version of the row: how many writes it has seen.
    pub version: Version,
    /// Tombstones up to this version were forgotten. Never above `version`.
    pub floor: Version,
    /// The owner's clock at this version; never behind a timestamp in the row's cells.
    pub timestamp: Timestamp,
    /// How many of the writes fall into the [period](Timestamp::period) of the timestamp, the
    /// last one among them: so that whoever holds this head, and no other, knows what the row was
    /// when that period began. Never above `version`.
    pub recent: u64,
    /// The hash over all cells, tombstones and the floor.
    #[serde(with = "fixed")]
    pub hash: u64,
    /// Rows that must be held, as far as named, wherever this row is (I13).
    #[serde(with = "pairs")]
    pub dependencies: BTreeMap<RowId, Dependency>,
}

impl Head {
    /// The version of the row when the period of its timestamp began.
    #[must_use]
    pub const fn version_before_period(&self) -> Version {
        self.version.saturating_sub(self.recent)
    }
}

/// How far a row must have come to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Dependency {
    /// At this version or a later one.
    pub version: Version,
    /// The row's stamp at that version. Once that has expired, so has every copy of the row that
    /// has not come as far, and the dependency is met by its absence.
    pub timestamp: Timestamp,
}
