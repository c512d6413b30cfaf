//! Two words of one owner for the same version.

use alloc::vec::Vec;

use rumormill_crdt::{Content, Head, ReplicaId, RowId, Signature, Version, codec};
use serde::{Deserialize, Serialize};

use super::{PublicKey, statement};

/// What an owner signed of its row at one version, without the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attested {
    pub(crate) id: RowId,
    pub(crate) version: Version,
    said: Said,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    digest: [u8; 32],
    signature: Signature,
}

/// Shows that a replica signed two different contents for one version of its row, which no honest
/// one does. It stands by itself: whoever has it and knows the population's name can
/// [verify](Self::holds_in) it, and nobody can make one of a replica that did no such thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    key: PublicKey,
    id: RowId,
    version: Version,
    one: Said,
    other: Said,
}

impl Attested {
    /// Nothing if the head is not signed.
    pub(crate) fn new(id: RowId, head: &Head, content: &Content) -> Option<Self> {
        let (digest, signature) = (head.digest(content), head.signature.clone()?);
        Some(Self { id, version: head.version, said: Said { digest, signature } })
    }

    /// Says whether this is another word than that of the head of the same row.
    pub(crate) fn contradicts(&self, head: &Head) -> bool {
        self.version == head.version && head.signature.as_ref() != Some(&self.said.signature)
    }

    /// What two different words for one version prove of the owner of this key; nothing if they are
    /// not of one version, or not different, or not both signed.
    pub(crate) fn against(self, other: Self, key: PublicKey, cluster: &str) -> Option<Proof> {
        let is_same_version = self.id == other.id && self.version == other.version;
        let Self { id, version, said: one } = self;
        let proof = Proof { key, id, version, one, other: other.said };
        (is_same_version && proof.holds_in(cluster)).then_some(proof)
    }
}

impl Proof {
    /// Whose row has two contents.
    #[must_use]
    pub const fn replica(&self) -> ReplicaId {
        self.id.life.replica
    }

    /// Which row, and at which version.
    #[must_use]
    pub const fn row(&self) -> (RowId, Version) {
        (self.id, self.version)
    }

    /// Says whether this is a proof in the population of that name.
    #[must_use]
    pub fn holds_in(&self, cluster: &str) -> bool {
        let Self { key, id, version, one, other } = self;
        let said = |said: &Said| {
            let statement = statement::of_digest(cluster, *id, *version, &said.digest);
            key.has_signed(&statement, &said.signature)
        };
        key.replica() == id.life.replica && one.digest != other.digest && said(one) && said(other)
    }

    /// The bytes, to store or to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode_to_vec(self).expect("a proof has a known length")
    }

    /// Reads the bytes that [`encode`](Self::encode) made. Whether it holds is not checked.
    ///
    /// # Errors
    ///
    /// [`codec::Malformed`] if they are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, codec::Malformed> {
        codec::decode(bytes)
    }
}
