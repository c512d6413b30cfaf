//! The node's own chance: seeded once, the same on every machine.

use core::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A generator whose numbers depend on the seed alone.
#[derive(Clone, Debug)]
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; 0 if the bound is 0. Lemire, "Fast random integer generation in an
    /// interval" (2019), section 4, without the rejection: the bias is below 2^-32.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * (bound as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A span between nine and eleven tenths of `span`, so that nodes do not fall into step.
    pub(crate) fn around(&mut self, span: Duration) -> Duration {
        let per_mille = 900 + u32::try_from(self.below(200)).unwrap_or(0);
        span.checked_mul(per_mille).map_or(span, |span| span / 1_000)
    }

    /// 16 bytes that nobody knew before.
    pub(crate) fn salt(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }
}
