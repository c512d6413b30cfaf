//! The keys that replicas are.

use core::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use rumormill_crdt::{ReplicaId, Signature};
use serde::{Deserialize, Serialize};

/// What others know a replica by: an Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublicKey(pub [u8; 32]);

/// What only the replica knows: an Ed25519 secret key. It is wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl PublicKey {
    /// The id of the replica that has this key: the first eight bytes of a hash of it.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        let hash = blake3::derive_key("rumormill 2026 replica of a public key", &self.0);
        let [a, b, c, d, e, f, g, h, ..] = hash;
        ReplicaId(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// The key, ready for use; nothing if it is none, or one of the few under which one signature
    /// fits many messages.
    pub(crate) fn ready(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_bytes(&self.0).ok().filter(|key| !key.is_weak())
    }

    /// Says whether a message was signed with the secret key that belongs to this one.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &Signature) -> bool {
        self.ready().is_some_and(|key| has_signed(&key, message, signature))
    }
}

impl SecretKey {
    /// The length of a secret key, in bytes.
    pub const LEN: usize = 32;

    /// The key that these bytes are. They must come from a source of secrets, and no two replicas
    /// may share them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    /// The secret itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        self.0.as_bytes()
    }

    /// What others know of it.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The id of the replica that has this key.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        self.public().replica()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).to_bytes())
    }
}

/// Says whether a message was signed under a key. All who ask get the same answer: signatures and
/// keys with parts of small order, of which implementations think differently, are refused
/// (Chalkias, Garillot and Nikolaenko, "Taming the many EdDSAs", SSR 2020).
pub(super) fn has_signed(key: &VerifyingKey, message: &[u8], signature: &Signature) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    key.verify_strict(message, &signature).is_ok()
}

impl PartialEq for SecretKey {
    /// By what is public: that differs where the secrets do.
    fn eq(&self, other: &Self) -> bool {
        self.public() == other.public()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({:?})", self.replica())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
