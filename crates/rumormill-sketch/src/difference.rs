//! One sketch minus another.

use alloc::vec::Vec;

use crate::{KeyHash, KeyIndex, Received, Size, Sketch, Width, cell::Cell, peel::Peeler};

/// The sketch of the gaps between two maps, modulo the width of the cells that were received.
#[derive(Clone, Debug)]
pub struct Difference {
    pub(crate) size: Size,
    pub(crate) width: Width,
    /// Truncated to the width; nothing where no cell was received.
    pub(crate) cells: Vec<Option<Cell>>,
}

impl Difference {
    pub(crate) fn new(mine: Sketch, theirs: &Received) -> Self {
        let width = theirs.width();
        let subtract = |(mut cell, theirs): (Cell, &Option<Cell>)| {
            theirs.map(|theirs| {
                cell.subtract(theirs);
                width.truncate(cell)
            })
        };
        let size = mine.size();
        let cells = mine.into_cells().into_iter().zip(theirs.cells()).map(subtract).collect();
        Self { size, width, cells }
    }

    /// Finds the keys that differ, as far as that is possible.
    ///
    /// `index` holds the keys of the map that was subtracted from. Takes time in proportion to the
    /// number of cells, whatever they hold, and to the keys of the index divided by 2^32.
    #[must_use]
    pub fn peel<V>(self, index: &KeyIndex<V>) -> Peeled {
        Peeler::new(self, index).run()
    }
}

/// A key whose values differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The key's hash. It may be in no index: a key that only the other map has.
    pub key: KeyHash,
    /// By how much our value is greater. Wraps around, as values do.
    pub ahead: i64,
}

/// What came out of a sketch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peeled {
    /// The keys that were found to differ, by ascending hash. Each was verified by itself, so they
    /// are of use even if more remains.
    pub gaps: Vec<Gap>,
    /// Cells that the gaps do not explain.
    pub unexplained: usize,
    /// Cells that were not received.
    pub missing: usize,
}

impl Peeled {
    /// Says whether the gaps explain every cell of the sketch: nothing else differs.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.unexplained == 0 && self.missing == 0
    }
}
