//! Cells that arrived.

use alloc::{vec, vec::Vec};

use crate::{OtherShape, Part, Size, Width, cell::Cell, place::place};

/// The cells of somebody else's sketch, as far as they arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    size: Size,
    width: Width,
    cells: Vec<Option<Cell>>,
}

impl Received {
    /// None of the cells of a sketch of this shape. Takes 24 bytes a cell, so the size is to be
    /// one that was asked for, not one that somebody claims.
    #[must_use]
    pub fn new(size: Size, width: Width) -> Self {
        Self { size, width, cells: vec![None; size.cells()] }
    }

    /// The cells of a sketch that came as one part. Takes 24 bytes for each that arrived.
    ///
    /// # Errors
    ///
    /// [`OtherShape`] if the part has not all of the cells.
    pub fn whole(part: &Part<'_>) -> Result<Self, OtherShape> {
        if part.cell_count() < part.size().cells() {
            return Err(OtherShape);
        }
        let mut received = Self::new(part.size(), part.width());
        received.fill(part);
        Ok(received)
    }

    /// Takes in the cells of a part. A cell that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// [`OtherShape`] if size or width differ.
    pub fn take(&mut self, part: &Part<'_>) -> Result<(), OtherShape> {
        if (part.size(), part.width()) != (self.size, self.width) {
            return Err(OtherShape);
        }
        self.fill(part);
        Ok(())
    }

    fn fill(&mut self, part: &Part<'_>) {
        for (number, cell) in part.cells() {
            self.cells[number].get_or_insert(cell);
        }
    }

    /// Completes a sketch of which only the cells beyond those of a smaller one arrived, given the
    /// smaller one of the same map: the inverse of folding. Cells whose parts did not all arrive
    /// stay missing.
    ///
    /// # Errors
    ///
    /// [`OtherShape`] if the other is not smaller or its width differs.
    pub fn unfold(&mut self, smaller: &Self) -> Result<(), OtherShape> {
        if smaller.size >= self.size || smaller.width != self.width {
            return Err(OtherShape);
        }
        let mut cells = smaller.cells.clone();
        for number in smaller.cells.len()..self.cells.len() {
            let into = fold_of(number, smaller.size);
            cells[into] = cells[into].zip(self.cells[number]).map(|(mut sum, cell)| {
                sum.subtract(cell);
                self.width.truncate(sum)
            });
        }
        for (mine, unfolded) in self.cells.iter_mut().zip(cells) {
            *mine = mine.or(unfolded);
        }
        Ok(())
    }

    /// Returns how many cells the sketch has.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Returns the width of the cells.
    #[must_use]
    pub const fn width(&self) -> Width {
        self.width
    }

    /// Counts the cells that did not arrive.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.cells.iter().filter(|cell| cell.is_none()).count()
    }

    pub(crate) fn cells(&self) -> &[Option<Cell>] {
        &self.cells
    }
}

/// The cell of a sketch of `size` that a cell of a larger one folds into.
fn fold_of(number: usize, size: Size) -> usize {
    let triple = u32::try_from(number / 3).expect("sketches have at most 8,192 triples");
    3 * place(triple, u32::from(size.triples())) as usize + number % 3
}
