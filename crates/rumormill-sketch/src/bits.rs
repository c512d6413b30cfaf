//! Bits in bytes, most significant first.

use alloc::vec::Vec;

use crate::{Malformed, mix::mask};

/// Appends bits to bytes.
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// How many bits of the last byte are not written yet.
    free: u32,
}

impl BitWriter {
    pub(crate) const fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, free: 0 }
    }

    fn bit(&mut self, bit: bool) {
        if self.free == 0 {
            self.bytes.push(0);
            self.free = 8;
        }
        self.free -= 1;
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << self.free;
        }
    }

    /// The low `count` bits of a number.
    pub(crate) fn bits(&mut self, number: u64, count: u32) {
        (0..count).rev().for_each(|bit| self.bit(number >> bit & 1 == 1));
    }

    /// So many ones, and a zero.
    fn unary(&mut self, number: u64) {
        (0..number).for_each(|_| self.bit(true));
        self.bit(false);
    }

    /// Rice's code with parameter `k` (Rice, "Some Practical Universal Noiseless Coding
    /// Techniques", JPL 79-22, 1979): best for numbers around 2^k.
    pub(crate) fn rice(&mut self, number: u64, k: u32) {
        self.unary(number >> k);
        self.bits(number, k);
    }

    /// Elias's gamma code of a number that is not 0 (Elias, "Universal Codeword Sets and
    /// Representations of the Integers", IEEE Transactions on Information Theory 21, 1975), with
    /// its length in ones instead of zeros.
    pub(crate) fn gamma(&mut self, number: u64) {
        debug_assert!(number > 0, "gamma codes begin at 1");
        let below_highest = number.ilog2();
        self.unary(u64::from(below_highest));
        self.bits(number, below_highest);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes bits from bytes.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'b> {
    bytes: &'b [u8],
    /// How many bits were taken.
    at: usize,
}

/// So many bits of a window are there for sure, if there are as many in all.
const WINDOW_BITS: u32 = 57;

impl<'b> BitReader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    /// The next bits, from the highest on, with zeros behind the end.
    fn window(&self) -> u64 {
        let rest = &self.bytes[self.at / 8..];
        let word = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            word
        });
        u64::from_be_bytes(word) << (self.at % 8)
    }

    fn skip(&mut self, count: u32) -> Result<(), Malformed> {
        let count = count as usize;
        if count > self.left() {
            return Err(Malformed);
        }
        self.at += count;
        Ok(())
    }

    pub(crate) fn bits(&mut self, count: u32) -> Result<u64, Malformed> {
        if count > WINDOW_BITS {
            let high = self.bits(count - WINDOW_BITS)?;
            return Ok(high << WINDOW_BITS | self.bits(WINDOW_BITS)?);
        }
        let number = self.window().checked_shr(u64::BITS - count).unwrap_or(0);
        self.skip(count)?;
        Ok(number)
    }

    fn unary(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        loop {
            let ones = self.window().leading_ones();
            if ones < WINDOW_BITS {
                self.skip(ones + 1)?;
                return Ok(number + u64::from(ones));
            }
            self.skip(WINDOW_BITS)?;
            number += u64::from(WINDOW_BITS);
        }
    }

    /// A number of at most `2^bits - 1`.
    pub(crate) fn rice(&mut self, k: u32, bits: u32) -> Result<u64, Malformed> {
        let high = self.unary()?;
        let low = self.bits(k)?;
        if high > mask(bits) >> k { Err(Malformed) } else { Ok(high << k | low) }
    }

    pub(crate) fn gamma(&mut self) -> Result<u64, Malformed> {
        let below_highest = u32::try_from(self.unary()?).map_err(|_| Malformed)?;
        if below_highest >= 64 {
            return Err(Malformed);
        }
        Ok(1 << below_highest | self.bits(below_highest)?)
    }

    /// Nothing is left but the zeros that fill the last byte.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.left() < 8 && self.window() == 0 { Ok(()) } else { Err(Malformed) }
    }
}
