//! Keyed hashes of keys, and what follows from one.

use core::{fmt, hash::Hasher};

use siphasher::sip::SipHasher13;

use crate::mix::{low_32, mask, mix};

/// The secret under which keys are hashed. Everybody who compares sketches needs the same.
///
/// Whoever knows it can choose keys that share cells and values that cancel. Change it now and
/// then; a new one needs new summaries and a new index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey(pub [u8; 16]);

impl HashKey {
    /// Hashes a key: the low 48 bits of SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast
    /// short-input PRF", INDOCRYPT 2012).
    #[inline]
    #[must_use]
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(key);
        KeyHash::new(hasher.finish())
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

/// A key's 48-bit hash: all that a sketch knows of the key.
///
/// Of `n` keys, about `n^2 / 2^49` pairs share one: 0.002 pairs of a million keys. Two such keys
/// are one key to a sketch; [`KeyIndex`](crate::KeyIndex) names both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(u64);

impl KeyHash {
    /// How many bits there are.
    pub const BITS: u32 = 48;

    /// Takes the low 48 bits. They are to come from a keyed hash with uniform output.
    #[inline]
    #[must_use]
    pub const fn new(hash: u64) -> Self {
        Self(hash & mask(Self::BITS))
    }

    /// Returns the 48 bits.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The word for each of the four positions. All 48 bits go into each.
    #[inline]
    pub(crate) const fn words(self) -> [u32; 4] {
        let a = mix(self.0 ^ 0x5bd1_e995_0000_0000);
        let b = mix(self.0 ^ 0x9e37_79b9_7f4a_7c15);
        [low_32(a), low_32(a >> 32), low_32(b), low_32(b >> 32)]
    }

    /// What a value is multiplied with: the hash in the low 48 bits, and 16 check bits that follow
    /// from it, by which a hash that is in no index is told from an accident.
    #[inline]
    pub(crate) const fn multiplier(self) -> u64 {
        self.0 | (self.mixed() & !mask(Self::BITS))
    }

    /// What a value is multiplied with in the second sum of a fingerprint.
    #[inline]
    pub(crate) const fn second_multiplier(self) -> u32 {
        low_32(mix(self.0 ^ 0x2545_f491_4f6c_dd1d))
    }

    /// Bits for the check and for the strata.
    #[inline]
    pub(crate) const fn mixed(self) -> u64 {
        mix(self.0 ^ 0xd6e8_feb8_6659_fd93)
    }
}
