//! Where a row stood before it grew last.

use crate::{Head, Timestamp, Version};

/// Where a row stood before it grew last: as most of those know it who are told of the growth. It is no
/// part of what the row is, and says nothing where a copy did not see the row grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Before {
    /// 0 if nothing is known.
    pub(crate) version: Version,
    pub(crate) floor: Version,
    pub(crate) timestamp: Timestamp,
    /// How many cells there were, tombstones included.
    pub(crate) cells: u32,
    /// Whether the row depends on the same as before.
    pub(crate) same_dependencies: bool,
}

impl Before {
    /// Where a row with this head and so many cells stands.
    pub(crate) fn of(head: &Head, cells: usize) -> Self {
        let Head { version, floor, timestamp, .. } = *head;
        let cells = u32::try_from(cells).unwrap_or(u32::MAX);
        Self { version, floor, timestamp, cells, same_dependencies: true }
    }
}
