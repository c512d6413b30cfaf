//! Types that send what somebody lacks.

use std::{collections::BTreeMap, fmt::Debug};

use rumormill_crdt::{Life, RowId, VersionVector};

use crate::Crdt;

/// A type that sends what somebody lacks, as told by a digest.
pub trait Deltas: Crdt {
    /// Says what was heard of, in short.
    type Digest: Digest;

    /// A part of what somebody lacks.
    type Delta: Clone;

    /// The digest of all that was heard of here.
    fn digest(&self) -> Self::Digest;

    /// Returns what somebody with the given digest lacks; nothing if that is nothing. Deltas get
    /// lost, repeated and delayed one by one; taken in in this order, whatever came before, they
    /// give what a join gives.
    fn deltas_since(&self, digest: &Self::Digest) -> Vec<Self::Delta>;

    /// Takes in a delta, or refuses it.
    fn admit(&mut self, delta: &Self::Delta);
}

/// What a replica says of what it has heard of.
pub trait Digest: Clone + PartialEq + Debug {
    /// Says whether somebody with this digest has heard of an edit.
    fn has_heard(&self, edit: &Mark<'_, Self>) -> bool;
}

/// An edit, told by what it did to its author's digest.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'d, D> {
    /// Who made the edit.
    pub author: Life,
    /// The author's digest before it.
    pub before: &'d D,
    /// The author's digest after it.
    pub after: &'d D,
}

/// An edit is heard of once its row is held at its version or a later one. An edit that wrote
/// nothing is heard of by whoever has heard of all that its author had.
impl Digest for VersionVector {
    fn has_heard(&self, edit: &Mark<'_, Self>) -> bool {
        let own = |(id, _): &(&RowId, &u64)| id.life == edit.author;
        let new = |(id, version): &(&RowId, &u64)| **version > edit.before.version(**id);
        let held = |(id, version): (&RowId, &u64)| self.version(*id) >= *version;
        let rows = || edit.after.iter();
        if rows().any(|row| own(&row) && new(&row)) {
            rows().filter(|row| own(row) && new(row)).all(held)
        } else {
            rows().all(held)
        }
    }
}

/// How many edits of each life were heard of.
impl Digest for BTreeMap<Life, u64> {
    fn has_heard(&self, edit: &Mark<'_, Self>) -> bool {
        let of_author = |digest: &Self| digest.get(&edit.author).copied().unwrap_or(0);
        of_author(self) >= of_author(edit.after)
    }
}
