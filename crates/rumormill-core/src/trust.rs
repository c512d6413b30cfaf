//! Who is let in, and whose word counts for what.
//!
//! In a population that signs, a replica is a key: its id is a hash of the public key. It signs the
//! heads of its rows, and whoever takes a row in checks the signature under the key of the row's
//! owner, whoever passed the row on. Which keys are let in a certificate says, or a list.

mod authority;
mod budget;
mod certificate;
mod keys;
mod notice;
mod proof;
mod revocation;
mod spot_checks;
mod statement;
mod verifier;

use rumormill_crdt::{Bytes, Key, Row, Signature};

use crate::Config;

pub use self::{
    authority::{Authority, Signing, Trust},
    certificate::{Certificate, Spaces, Subject},
    keys::{PublicKey, SecretKey},
    proof::Proof,
    revocation::Revocation,
};
pub(crate) use self::{
    notice::{NOTICES, Notice, notices_after},
    proof::Attested,
    verifier::Verifier,
};

/// Signs the head of a row.
pub(crate) fn sign_row(key: &SecretKey, cluster: &str, row: &Row<Key, Bytes>) -> Signature {
    key.sign(&statement::of_head(cluster, row.id(), row.head(), &row.content()))
}

impl Config {
    /// Whether heads are signed.
    pub(crate) const fn is_signed(&self) -> bool {
        matches!(self.trust, Trust::Signed(_))
    }
}
