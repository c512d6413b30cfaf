//! What a sketch is made of.

use crate::KeyHash;

/// Two sums over the keys that touch a cell, modulo 2^64: of their values, and of their values
/// times their multipliers.
///
/// After subtraction the values are gaps. A cell that one differing key touches then holds the gap
/// `g` and `g * h`, and gives up both: the gap at once, the key's multiplier `h` by division.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) sum: u64,
    pub(crate) weighted: u64,
}

impl Cell {
    /// What a key with a value contributes.
    #[inline]
    pub(crate) const fn of(key: KeyHash, value: u64) -> Self {
        Self { sum: value, weighted: value.wrapping_mul(key.multiplier()) }
    }

    #[inline]
    pub(crate) const fn add(&mut self, other: Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.weighted = self.weighted.wrapping_add(other.weighted);
    }

    #[inline]
    pub(crate) const fn subtract(&mut self, other: Self) {
        self.sum = self.sum.wrapping_sub(other.sum);
        self.weighted = self.weighted.wrapping_sub(other.weighted);
    }
}
