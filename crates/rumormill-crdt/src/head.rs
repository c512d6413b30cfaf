//! What an owner says of its row.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{RowId, Timestamp, Version, codec::fixed};

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
    /// The hash over all cells, tombstones and the floor.
    #[serde(with = "fixed")]
    pub hash: u64,
    /// Rows that must be held, at the version named or a later one, wherever this row is (I13).
    pub dependencies: BTreeMap<RowId, Version>,
}
