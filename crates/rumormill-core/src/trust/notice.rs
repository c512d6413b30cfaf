//! What everybody has to know of a member that is to go.

use alloc::string::ToString;

use rumormill_crdt::{Bytes, Key, ReplicaId, Row, Space, Table, Version, codec};
use serde::{Deserialize, Serialize};

use super::{Proof, Revocation};

/// Where notices are written: by whoever found out first, in its own row, from where they reach all
/// others as any cell does. What makes a notice true is in it, not in who brings it.
pub(crate) const NOTICES: Space = Space(255);

/// Why a member is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Notice {
    /// It gave one version two contents.
    Equivocation(Proof),
    /// The authority says so.
    Revocation(Revocation),
}

impl Notice {
    pub(crate) const fn replica(&self) -> ReplicaId {
        match self {
            Self::Equivocation(proof) => proof.replica(),
            Self::Revocation(revocation) => revocation.replica(),
        }
    }

    pub(crate) fn cell(&self) -> (Key, Bytes) {
        let bytes = codec::encode_to_vec(self).expect("a notice has a known length");
        (Key::raw(&self.replica().to_string()), Bytes::copy_from(&bytes))
    }

    /// Says whether somebody tells this very notice. Others of the same member may be made up.
    pub(crate) fn is_told_in(&self, table: &Table) -> bool {
        let (key, value) = self.cell();
        table.rows_in(NOTICES).any(|row| row.get(&key) == Some(&value))
    }
}

/// Walks the notices that came to a row after a version. What is none is passed over.
pub(crate) fn notices_after(
    row: &Row<Key, Bytes>,
    version: Version,
) -> impl Iterator<Item = Notice> {
    let later = row.iter().filter(move |(_, cell)| cell.version > version);
    later.filter_map(|(_, cell)| codec::decode(cell.value.as_ref()?).ok())
}
