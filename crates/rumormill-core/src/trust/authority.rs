//! What a node is told about whom to trust.

use alloc::{boxed::Box, collections::BTreeSet};

use super::{Certificate, PublicKey, SecretKey};

/// Whether members sign what they write.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Trust {
    /// They do not: every member is trusted with every other member's rows. For closed populations,
    /// in which nobody is careless or hostile.
    #[default]
    Unsigned,
    /// They do, and rows that their owners did not sign are refused, whoever passes them on.
    Signed(Box<Signing>),
}

/// How a node signs, and whom it lets in. All nodes of a population must agree on the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The key of the replica. Its id must be that of the [`Identity`](crate::Identity).
    pub key: SecretKey,
    /// Says that we are let in, where the authority issues certificates.
    pub certificate: Option<Certificate>,
    /// Who is let in.
    pub authority: Authority,
    /// How many signatures of one peer's sending are verified a second, 4,000 by default; one
    /// that is wrong counts for 64. A verification takes about 40 microseconds.
    pub verifications_per_second: u32,
}

impl From<Signing> for Trust {
    fn from(signing: Signing) -> Self {
        Self::Signed(Box::new(signing))
    }
}

/// Who is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Whoever has a certificate by this key.
    Fleet(PublicKey),
    /// Whoever has one of these keys.
    Members(BTreeSet<PublicKey>),
}

impl Signing {
    /// How many signatures of one peer's sending are verified a second, unless said otherwise.
    pub const VERIFICATIONS_PER_SECOND: u32 = 4_000;

    /// Signs with a key that has a certificate, and lets in who has one by the same authority.
    #[must_use]
    pub const fn certified(key: SecretKey, certificate: Certificate, fleet: PublicKey) -> Self {
        let authority = Authority::Fleet(fleet);
        let verifications_per_second = Self::VERIFICATIONS_PER_SECOND;
        Self { key, certificate: Some(certificate), authority, verifications_per_second }
    }

    /// Signs with a key, and lets in who has one of these.
    #[must_use]
    pub fn listed(key: SecretKey, members: impl IntoIterator<Item = PublicKey>) -> Self {
        let authority = Authority::Members(members.into_iter().collect());
        let verifications_per_second = Self::VERIFICATIONS_PER_SECOND;
        Self { key, certificate: None, authority, verifications_per_second }
    }
}
