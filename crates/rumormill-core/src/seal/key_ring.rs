//! The keys of a sealed population.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroize;

/// A secret that all members of a population share: 32 bytes that nobody can guess. It is wiped
/// from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey([u8; Self::LEN]);

/// What names a key on the wire, and tells nothing else of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealKeyId(pub(super) [u8; 2]);

/// The keys of a population: one seals, and that one and others open. To change keys without a
/// datagram lost, first let all members accept the new one, then let them seal with it, and then
/// let them forget the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    primary: SealKey,
    accepted: Vec<SealKey>,
}

impl SealKey {
    /// The length of a key, in bytes.
    pub const LEN: usize = 32;

    /// The key that these bytes are. They must come from a source of secrets.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The secret itself.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// What names the key on the wire.
    #[must_use]
    pub fn id(&self) -> SealKeyId {
        let [a, b, ..] = blake3::derive_key("rumormill 2026 name of a seal key", &self.0);
        SealKeyId([a, b])
    }
}

impl KeyRing {
    /// The most keys that are accepted besides the one that seals; more are left out.
    pub const ACCEPTED_MAX: usize = 7;

    /// Seals with a key, and accepts no other.
    #[must_use]
    pub const fn new(primary: SealKey) -> Self {
        Self { primary, accepted: Vec::new() }
    }

    /// Accepts another key too.
    #[must_use]
    pub fn accepting(mut self, key: SealKey) -> Self {
        let is_new = key != self.primary && !self.accepted.contains(&key);
        if is_new && self.accepted.len() < Self::ACCEPTED_MAX {
            self.accepted.push(key);
        }
        self
    }

    /// The key that seals.
    #[must_use]
    pub const fn primary(&self) -> &SealKey {
        &self.primary
    }

    /// All keys that open, the one that seals first.
    pub fn keys(&self) -> impl Iterator<Item = &SealKey> {
        core::iter::once(&self.primary).chain(&self.accepted)
    }
}

impl Drop for SealKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({:?})", self.id())
    }
}

impl fmt::Display for SealKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0;
        write!(f, "{a:02x}{b:02x}")
    }
}

impl fmt::Debug for SealKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
