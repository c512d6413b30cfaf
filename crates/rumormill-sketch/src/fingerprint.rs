//! Whether two maps differ, and where if it is in one key.

use crate::{
    Gap, KeyHash, KeyIndex, Malformed,
    cell::Cell,
    mix::{inverse_of_odd, low_32, mask, sign_extend},
};

/// How many factors of two a gap may have for an unknown key to be believed: each takes one of its
/// 16 check bits, and one of the 32 bits of the second sum, so 24 bits are left to check it.
const UNKNOWN_TWOS_MAX: u32 = 12;

/// Whether two maps differ, in 16 bytes: three sums over all keys, of values, of values times
/// multipliers, and of values times other multipliers.
///
/// It is a sketch with one cell, so it also names the key if only one differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    sum: u32,
    weighted: u64,
    second: u32,
}

/// What two fingerprints say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The maps are equal.
    Equal,
    /// They differ in this key.
    One(Gap),
    /// They differ in several keys, or in one that cannot be named.
    Several,
}

impl Fingerprint {
    /// How many bytes the encoding has.
    pub const LEN: usize = 16;

    /// Takes note that the value of a key went from `old` to `new`, 0 standing for a key that is
    /// not there.
    #[inline]
    pub fn update(&mut self, key: KeyHash, old: u64, new: u64) {
        let Cell { sum, weighted } = Cell::of(key, new.wrapping_sub(old));
        let change = low_32(sum);
        self.sum = self.sum.wrapping_add(change);
        self.weighted = self.weighted.wrapping_add(weighted);
        self.second = self.second.wrapping_add(change.wrapping_mul(key.second_multiplier()));
    }

    /// Compares with somebody else's.
    ///
    /// `index` holds our keys; a key that only they have is found without it.
    #[must_use]
    pub fn compare<V>(&self, theirs: &Self, index: &KeyIndex<V>) -> Comparison {
        let difference = Self {
            sum: self.sum.wrapping_sub(theirs.sum),
            weighted: self.weighted.wrapping_sub(theirs.weighted),
            second: self.second.wrapping_sub(theirs.second),
        };
        if difference == Self::default() {
            return Comparison::Equal;
        }
        difference.only_key(index).map_or(Comparison::Several, Comparison::One)
    }

    /// Says whether these gaps are all that tells two maps apart, where this is the fingerprint of
    /// the map that is ahead by them. What a sketch gave up can be checked so at the end.
    #[must_use]
    pub fn is_explained_by(&self, theirs: &Self, gaps: &[Gap]) -> bool {
        let mut caught_up = *theirs;
        gaps.iter().for_each(|gap| caught_up.update(gap.key, 0, gap.ahead.cast_unsigned()));
        caught_up == *self
    }

    /// The key that makes this fingerprint, if one does.
    fn only_key<V>(&self, index: &KeyIndex<V>) -> Option<Gap> {
        let ahead = sign_extend(u64::from(self.sum), 32);
        let twos = ahead.trailing_zeros();
        if twos >= 32 || self.weighted & mask(twos) != 0 {
            return None;
        }
        let odd = (ahead >> twos).cast_unsigned();
        let bits = 64 - twos;
        let multiplier = (self.weighted >> twos).wrapping_mul(inverse_of_odd(odd)) & mask(bits);
        let makes_this = |key: &KeyHash| {
            let mut made = Self::default();
            made.update(*key, 0, ahead.cast_unsigned());
            made == *self
        };
        let known = index.candidates(multiplier, bits.min(KeyHash::BITS)).find(makes_this);
        let is_plausible = |_: &KeyHash| twos <= UNKNOWN_TWOS_MAX;
        let unknown = Some(KeyHash::new(multiplier)).filter(is_plausible).filter(makes_this);
        known.or(unknown).map(|key| Gap { key, ahead })
    }

    /// The encoding: the sum of values in 4 bytes, the weighted sum in 8, the second in 4.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.sum.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.weighted.to_be_bytes());
        bytes[12..].copy_from_slice(&self.second.to_be_bytes());
        bytes
    }

    /// Decodes a fingerprint that fills `bytes` to the end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there are not [`Fingerprint::LEN`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (sum, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
        let (weighted, second) = rest.split_first_chunk().ok_or(Malformed)?;
        Ok(Self {
            sum: u32::from_be_bytes(*sum),
            weighted: u64::from_be_bytes(*weighted),
            second: u32::from_be_bytes(second.try_into().map_err(|_| Malformed)?),
        })
    }
}
