//! An authority's word for a member.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use rumormill_crdt::{Signature, Space, codec};
use serde::{Deserialize, Serialize};

use super::{PublicKey, SecretKey, statement};

/// What an authority says of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Whose key it is.
    pub key: PublicKey,
    /// What the member has to call itself; empty if that is its own business. At most
    /// [`NAME_LEN_MAX`](Self::NAME_LEN_MAX) bytes.
    pub name: String,
    /// Heads that are stamped later, in seconds since 1970, are refused.
    pub not_after: u64,
    /// Where it may write, besides its introduction in the `self` space.
    pub spaces: Spaces,
    /// The number of the certificate: the authority's own.
    pub serial: u64,
}

/// Some spaces, or all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spaces {
    /// All there are.
    All,
    /// These. Should a later certificate of the same member name fewer, what it wrote in the others
    /// is refused from then on by whoever does not hold it already.
    Only(BTreeSet<Space>),
}

/// An authority's word for a member: with it, whoever knows the authority's key lets the member
/// in. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    subject: Subject,
    signature: Signature,
}

impl Subject {
    /// The longest name, in bytes: a certificate travels in one cell.
    pub const NAME_LEN_MAX: usize = 64;
}

impl Spaces {
    pub(super) fn contain(&self, space: Space) -> bool {
        match self {
            Self::All => true,
            Self::Only(spaces) => space == Space::SELF || spaces.contains(&space),
        }
    }
}

impl Certificate {
    /// Lets a member into a population, by the authority's secret key.
    ///
    /// # Panics
    ///
    /// If the name is too long.
    #[must_use]
    pub fn issue(authority: &SecretKey, cluster: &str, subject: Subject) -> Self {
        assert!(
            subject.name.len() <= Subject::NAME_LEN_MAX,
            "a certified name has 64 bytes at most"
        );
        let signature = authority.sign(&statement::of_certificate(cluster, &subject));
        Self { subject, signature }
    }

    /// Says whether an authority issued this for a population.
    #[must_use]
    pub fn is_of(&self, authority: &PublicKey, cluster: &str) -> bool {
        let statement = statement::of_certificate(cluster, &self.subject);
        authority.has_signed(&statement, &self.signature)
    }

    /// What it says.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The bytes, to store or to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode_to_vec(self).expect("a certificate has a known length")
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
