//! Rows that grew, by name.

use rumormill_crdt::{RowId, Space, Version};
use serde::{Deserialize, Serialize};

use crate::sender::Tag;

/// A row that grew, and the version that its sender holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announced {
    pub(crate) name: Name,
    pub(crate) version: Version,
}

/// What a row is called: 17 bytes where nobody may have heard of it, 5 otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Name {
    Row(RowId),
    Tagged { space: Space, tag: Tag },
}

impl Announced {
    /// The most bytes that come before the rows of a list that fits a datagram: a kind, a nonce
    /// and a count.
    pub(crate) const HEADER_LEN_MAX: usize = 1 + 11 + 3;

    pub(crate) fn new(id: RowId, version: Version, is_new: bool) -> Self {
        Self { name: Name::of(id, is_new), version }
    }
}

impl Name {
    /// Spells a row out, or names it for who has heard of it.
    pub(crate) fn of(id: RowId, is_spelled: bool) -> Self {
        let tagged = || Self::Tagged { space: id.space, tag: Tag::of(id.life) };
        if is_spelled { Self::Row(id) } else { tagged() }
    }
}
