//! An authority's word against a member.

use alloc::vec::Vec;

use rumormill_crdt::{ReplicaId, Signature, codec};
use serde::{Deserialize, Serialize};

use super::{PublicKey, SecretKey, statement};

/// An authority's word against a member: its rows are dropped everywhere, and none of them comes
/// back. Whoever knows the authority's key can check it, whoever brings it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    replica: ReplicaId,
    /// In seconds since 1970.
    at: u64,
    signature: Signature,
}

impl Revocation {
    /// Takes back that a replica was let into a population, by the authority's secret key.
    /// `at` says when, in seconds since 1970, to whoever reads it later.
    #[must_use]
    pub fn issue(authority: &SecretKey, cluster: &str, replica: ReplicaId, at: u64) -> Self {
        let signature = authority.sign(&statement::of_revocation(cluster, &(replica, at)));
        Self { replica, at, signature }
    }

    /// Says whether an authority issued this for a population.
    #[must_use]
    pub fn is_of(&self, authority: &PublicKey, cluster: &str) -> bool {
        let statement = statement::of_revocation(cluster, &(self.replica, self.at));
        authority.has_signed(&statement, &self.signature)
    }

    /// Whom it is about.
    #[must_use]
    pub const fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// When it was issued, in seconds since 1970.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The bytes, to store or to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode_to_vec(self).expect("a revocation has a known length")
    }

    /// Reads the bytes that [`encode`](Self::encode) made. Who issued it is not checked.
    ///
    /// # Errors
    ///
    /// [`codec::Malformed`] if they are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, codec::Malformed> {
        codec::decode(bytes)
    }
}
