//! Whether two maps are equal, without trust in anybody who knows the hash key.

use core::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// A sum over all entries of a map under a salt that was never used before, modulo 2^128.
///
/// Sketches and fingerprints are linear: whoever knows the hash key can choose values whose
/// changes cancel in all of them, and hide a difference for as long as the key is in use. Each
/// entry's share of this sum is a keyed hash of key *and* value, so what cancels cannot be computed
/// before the salt is known, and then it is too late. The price is a walk over the map.
///
/// The salt must be drawn by whoever checks, at random, after the map it is to be compared with
/// was fixed. Two maps that differ pass with probability 2^-128.
#[derive(Clone, Copy, Debug)]
pub struct Audit {
    salt: [u8; 16],
    sum: u128,
}

impl Audit {
    /// The audit of an empty map.
    #[must_use]
    pub const fn new(salt: [u8; 16]) -> Self {
        Self { salt, sum: 0 }
    }

    /// Adds an entry. The order of entries does not matter. Values of 0 are to be added if and
    /// only if the map can tell them from keys that are not there.
    pub fn add(&mut self, key: &[u8], value: u64) {
        let mut hasher = SipHasher13::new_with_key(&self.salt);
        hasher.write(&value.to_be_bytes());
        hasher.write(key);
        let hash = hasher.finish128();
        let share = u128::from(hash.h2) << 64 | u128::from(hash.h1);
        self.sum = self.sum.wrapping_add(share);
    }

    /// The sum, most significant byte first.
    #[must_use]
    pub const fn finish(&self) -> [u8; 16] {
        self.sum.to_be_bytes()
    }
}
