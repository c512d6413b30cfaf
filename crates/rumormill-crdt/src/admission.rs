//! What became of a delta that was not refused.

use smallvec::SmallVec;

use crate::{RowId, Version};

/// What became of a delta that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The rows that grew: often the delta's own, sometimes none, sometimes a whole group of
    /// rows that had waited for each other.
    pub grown: SmallVec<[Growth; 1]>,
    /// Where the delta's row stands.
    pub progress: Progress,
}

/// A row that became visible at a greater version. One call may list a row twice, first as it
/// was taken and then as it had waited for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The row.
    pub id: RowId,
    /// The version it was visible at before; 0 if it was not.
    pub from: Version,
}

/// Where a row stands after a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing in the delta was news.
    Known,
    /// The row is visible at the delta's head.
    Visible,
    /// The row is staged; pieces after `covered` are still missing.
    Staged {
        /// Complete up to here.
        covered: Version,
    },
    /// The row is complete and waits for rows that its head depends on.
    Waiting,
}
