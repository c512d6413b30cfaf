//! How many cells a sketch has.

use crate::{KeyHash, Part, Width, place::place};

/// How many cells a sketch has: three times a number from 1 to 8,192.
///
/// Positions are spread most evenly, and sketches decode best, where the number of triples is a
/// power of two or a little below; just above one it takes a few percent more cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u16);

impl Size {
    /// The smallest: 3 cells.
    pub const MIN: Self = Self(1);

    /// The largest: 24,576 cells, 393,216 bytes in memory, for about 18,000 differences.
    pub const MAX: Self = Self(8_192);

    /// The size with so many triples of cells, if there is one.
    #[must_use]
    pub const fn of_triples(triples: u16) -> Option<Self> {
        if triples == 0 || triples > Self::MAX.0 { None } else { Some(Self(triples)) }
    }

    /// The size at which `keys` keys that differ are found by peeling in 99 of 100 cases or more:
    /// `1.33 d + 2 sqrt(d) + 8` cells, at most [`Size::MAX`].
    ///
    /// A fit to measurements at 47 sizes. A random hypergraph of four vertices an edge peels from
    /// 1.295 vertices an edge on; positions that are not spread quite evenly need a little more,
    /// and few edges need more slack.
    #[must_use]
    pub fn for_differences(keys: usize) -> Self {
        let keys = keys.min(Self::MAX.cells());
        let cells = (keys * 133).div_ceil(100) + (4 * keys).isqrt() + 8;
        Self(
            u16::try_from(cells.div_ceil(3))
                .map_or(Self::MAX.0, |triples| triples.min(Self::MAX.0)),
        )
    }

    /// The largest size whose cells fit into one [`Part`] of `len` bytes, if any does.
    #[must_use]
    pub fn fitting(width: Width, len: usize) -> Option<Self> {
        let triples = len.saturating_sub(Part::HEADER_LEN) / (3 * width.cell_len());
        let triples = u16::try_from(triples).unwrap_or(u16::MAX);
        Self::of_triples(triples.min(Self::MAX.0))
    }

    /// How many triples of cells there are.
    #[inline]
    #[must_use]
    pub const fn triples(self) -> u16 {
        self.0
    }

    /// How many cells there are.
    #[inline]
    #[must_use]
    pub const fn cells(self) -> usize {
        3 * self.0 as usize
    }

    /// The four cells that a key touches. One may be named twice, and is then touched twice.
    #[inline]
    pub(crate) fn cells_of(self, key: KeyHash) -> [usize; 4] {
        key.words().map(|word| {
            let within_triple = (u64::from(word) * 3) >> 32;
            3 * place(word, u32::from(self.0)) as usize + within_triple as usize
        })
    }
}
