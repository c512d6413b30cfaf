//! The table of cells that everything is cut from.

use alloc::{vec, vec::Vec};

use crate::{Difference, KeyHash, OtherShape, Received, Size, cell::Cell};

/// A linear sketch of a map from keys to values: sums over the keys that touch each cell.
///
/// A sketch is a linear function of the map: the sketch of a difference is the difference of the
/// sketches. A key whose value is 0 and a key that is not there look the same.
///
/// Every key touches four cells. Where, follows from its hash and the size, so that a smaller
/// sketch of the same map is a [fold](Sketch::fold) of a larger one: keep one large sketch current,
/// at the cost of four cells for every value that changes, and cut from it what a message has room
/// for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    size: Size,
    cells: Vec<Cell>,
}

impl Sketch {
    /// The sketch of an empty map. Takes 16 bytes a cell.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Self { size, cells: vec![Cell::default(); size.cells()] }
    }

    /// Returns how many cells there are.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Takes note that the value of a key went from `old` to `new`, 0 standing for a key that is
    /// not there. Costs four cells, whatever the size.
    #[inline]
    pub fn update(&mut self, key: KeyHash, old: u64, new: u64) {
        let change = Cell::of(key, new.wrapping_sub(old));
        for cell in self.size.cells_of(key) {
            self.cells[cell].add(change);
        }
    }

    /// The sketch of the same map with fewer cells, equal to one that was made with that size.
    /// Costs a walk over all cells of this one.
    ///
    /// # Panics
    ///
    /// If `size` is larger than this sketch.
    #[must_use]
    pub fn fold(&self, size: Size) -> Self {
        assert!(size <= self.size, "a sketch folds to fewer cells only");
        let power = 3 * usize::from(size.triples().next_power_of_two());
        let mut blocks = self.cells.chunks(power);
        let mut cells = blocks.next().unwrap_or_default().to_vec();
        for block in blocks {
            cells.iter_mut().zip(block).for_each(|(sum, cell)| sum.add(*cell));
        }
        // Positions from the size on have one bit less: they fold back by half a block.
        for from in size.cells()..cells.len() {
            let folded = cells[from];
            cells[from - power / 2].add(folded);
        }
        cells.truncate(size.cells());
        Self { size, cells }
    }

    /// Takes another sketch of the same size away.
    ///
    /// # Panics
    ///
    /// If the sizes differ.
    pub fn subtract(&mut self, other: &Self) {
        assert_eq!(self.size, other.size, "sketches of different sizes do not subtract");
        self.cells.iter_mut().zip(&other.cells).for_each(|(cell, other)| cell.subtract(*other));
    }

    /// What this map has more than the one whose cells were received. Costs a fold.
    ///
    /// # Errors
    ///
    /// [`OtherShape`] if theirs has more cells than this one: answer with ours.
    pub fn difference(&self, theirs: &Received) -> Result<Difference, OtherShape> {
        if theirs.size() > self.size {
            return Err(OtherShape);
        }
        Ok(Difference::new(self.fold(theirs.size()), theirs))
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub(crate) fn into_cells(self) -> Vec<Cell> {
        self.cells
    }
}
