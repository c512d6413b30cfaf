//! How many bytes a cell has on the wire.

use crate::{cell::Cell, mix::mask};

/// How many low bits of a cell's two sums travel. Sums modulo a power of two are sums modulo any
/// smaller one, so every truncation of a sketch is a sketch.
///
/// The name says the bits of the sum of values, which bound the gaps that are found, and those of
/// the weighted sum, which tell keys apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// 5 bytes: gaps of -128 to 127.
    A8B32,
    /// 6 bytes: gaps of 16 bits. The usual choice up to a million keys.
    A16B32,
    /// 7 bytes: gaps of 16 bits among more keys.
    A16B40,
    /// 12 bytes: gaps of 32 bits, and keys that the receiver does not have.
    A32B64,
    /// 16 bytes: gaps of 64 bits, and keys that the receiver does not have.
    A64B64,
}

impl Width {
    /// All widths, in the order of their numbers on the wire.
    pub const ALL: [Self; 5] =
        [Self::A8B32, Self::A16B32, Self::A16B40, Self::A32B64, Self::A64B64];

    /// How many bytes a cell has.
    #[must_use]
    pub const fn cell_len(self) -> usize {
        ((self.sum_bits() + self.weighted_bits()) / 8) as usize
    }

    /// How many bits of the sum of values travel.
    #[must_use]
    pub const fn sum_bits(self) -> u32 {
        match self {
            Self::A8B32 => 8,
            Self::A16B32 | Self::A16B40 => 16,
            Self::A32B64 => 32,
            Self::A64B64 => 64,
        }
    }

    /// How many bits of the weighted sum travel.
    #[must_use]
    pub const fn weighted_bits(self) -> u32 {
        match self {
            Self::A8B32 | Self::A16B32 => 32,
            Self::A16B40 => 40,
            Self::A32B64 | Self::A64B64 => 64,
        }
    }

    /// Says whether keys can be found that the receiver does not have.
    #[must_use]
    pub const fn finds_unknown_keys(self) -> bool {
        self.weighted_bits() == 64
    }

    /// Drops the bits that do not travel.
    #[inline]
    pub(crate) const fn truncate(self, cell: Cell) -> Cell {
        let sum = cell.sum & mask(self.sum_bits());
        Cell { sum, weighted: cell.weighted & mask(self.weighted_bits()) }
    }

    /// Writes a cell, most significant bytes first; `buf` has the length of a cell.
    #[inline]
    pub(crate) fn write(self, cell: Cell, buf: &mut [u8]) {
        let (sum, weighted) = buf.split_at_mut((self.sum_bits() / 8) as usize);
        sum.copy_from_slice(&cell.sum.to_be_bytes()[8 - sum.len()..]);
        weighted.copy_from_slice(&cell.weighted.to_be_bytes()[8 - weighted.len()..]);
    }

    /// Reads a cell; the bits that did not travel are 0.
    #[inline]
    pub(crate) fn read(self, bytes: &[u8]) -> Cell {
        let (sum, weighted) = bytes.split_at((self.sum_bits() / 8) as usize);
        Cell { sum: number(sum), weighted: number(weighted) }
    }
}

/// The number that at most eight bytes spell.
#[inline]
fn number(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    all[8 - bytes.len()..].copy_from_slice(bytes);
    u64::from_be_bytes(all)
}
