//! About how many keys differ.

use crate::{KeyHash, Malformed, mix::low_16};

/// How many strata there are.
const STRATA: usize = 16;

/// How many cells a stratum has.
const CELLS: usize = 2;

/// Estimates of more keys than this are this.
const ESTIMATE_MAX: u32 = 1 << 20;

/// Sums from which the number of keys that differ can be estimated, in 64 bytes.
///
/// Stratum `s` holds one key of `2^(s+1)`, the last one the rest, each key in one of its two cells.
/// The sums are linear like a sketch. After subtraction, only which of them are 0 counts; the
/// estimate is the most likely number of keys given that. In nine cases of ten it is between half
/// of that number and 2.4 times it.
///
/// The strata are those of Eppstein, Goodrich, Uyeda and Varghese, "What's the Difference?
/// Efficient Set Reconciliation without Prior Context" (SIGCOMM 2011), section 3.1; where they put
/// whole invertible Bloom filters, linear counting (Whang, Vander-Zanden and Taylor, ACM TODS 15,
/// 1990) takes two cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strata([[u16; CELLS]; STRATA]);

impl Strata {
    /// How many bytes the encoding has.
    pub const LEN: usize = 2 * CELLS * STRATA;

    /// Takes note that the value of a key went from `old` to `new`, 0 standing for a key that is
    /// not there.
    #[inline]
    pub fn update(&mut self, key: KeyHash, old: u64, new: u64) {
        let mixed = key.mixed();
        let stratum = (mixed.trailing_zeros() as usize).min(STRATA - 1);
        let cell = &mut self.0[stratum][(mixed >> 47 & 1) as usize];
        let multiplier = low_16(mixed >> 16) | 1;
        let change = low_16(new.wrapping_sub(old));
        *cell = cell.wrapping_add(change.wrapping_mul(multiplier));
    }

    /// Estimates how many keys differ between two maps: 0 if none is seen to, at most 2^20.
    #[must_use]
    pub fn estimate(&self, theirs: &Self) -> usize {
        let mut differing = [0; STRATA];
        for (stratum, count) in differing.iter_mut().enumerate() {
            let cells = self.0[stratum].iter().zip(&theirs.0[stratum]);
            *count = cells.filter(|(ours, theirs)| ours != theirs).count();
        }
        most_likely(&differing)
    }

    /// The encoding: the cells by stratum, each in two bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        for (to, cell) in bytes.chunks_exact_mut(2).zip(self.0.as_flattened()) {
            to.copy_from_slice(&cell.to_be_bytes());
        }
        bytes
    }

    /// Decodes strata that fill `bytes` to the end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there are not [`Strata::LEN`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| Malformed)?;
        let mut strata = Self::default();
        for (cell, from) in strata.0.as_flattened_mut().iter_mut().zip(bytes.chunks_exact(2)) {
            *cell = u16::from_be_bytes([from[0], from[1]]);
        }
        Ok(strata)
    }
}

/// The number of keys under which it is most likely that so many cells of each stratum differ.
fn most_likely(differing: &[usize; STRATA]) -> usize {
    if differing.iter().all(|count| *count == 0) {
        return 0;
    }
    let (mut low, mut high) = (1, ESTIMATE_MAX);
    while low < high {
        let middle = low.midpoint(high);
        if is_likelier_with_more(differing, middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    high as usize
}

/// Says whether the likelihood still grows with the number of keys.
///
/// With `n` keys, a cell that a key hits with probability `r` stays 0 with probability
/// `exp(-n r)`. The logarithm of the likelihood grows iff the sum of `r / (exp(n r) - 1)` over
/// cells that differ exceeds the sum of `r` over those that do not. Only additions, products and
/// quotients are used, so that every machine finds the same.
fn is_likelier_with_more(differing: &[usize; STRATA], keys: u32) -> bool {
    /// Doublings from an exponent so small that exp(x) - 1 is x to the last bit.
    const DOUBLINGS: i32 = 60;
    const LAST: usize = STRATA - 1;
    // The last two strata have the same rate.
    let mut rate = 1.0 / f64::from(1u32 << (LAST + 1));
    let mut exponent = f64::from(keys) * rate;
    for _ in 0..DOUBLINGS {
        exponent /= 2.0;
    }
    // exp(2x) - 1 = (exp(x) - 1) (exp(x) + 1)
    let doubled = |exp_less_1: f64| exp_less_1 * (exp_less_1 + 2.0);
    let mut exp_less_1 = exponent;
    for _ in 0..DOUBLINGS {
        exp_less_1 = doubled(exp_less_1);
    }
    let mut growth = 0.0;
    for stratum in (0..STRATA).rev() {
        let count = u32::try_from(differing[stratum]).map_or(0.0, f64::from);
        growth += rate * (count / exp_less_1 - (CELLS as f64 - count));
        if stratum < LAST {
            exp_less_1 = doubled(exp_less_1);
            rate *= 2.0;
        }
    }
    growth > 0.0
}
