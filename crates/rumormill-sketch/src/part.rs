//! Cells on the wire.

use crate::{Malformed, Size, Sketch, Stripe, Width};

/// Cells of a sketch as they travel: the sketch's size, the width of a cell, which cells, and the
/// cells. All of a small sketch, or what fits into one datagram of a large one.
///
/// Its encoding is a header of [`Part::HEADER_LEN`] bytes and the cells; `docs/wire.md` has every
/// byte. Decoding allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'b> {
    pub(crate) size: Size,
    pub(crate) width: Width,
    pub(crate) stripe: Stripe,
    /// Invariant: whole cells, at least one, no more than the stripe has in a sketch of the size.
    cells: &'b [u8],
}

impl<'b> Part<'b> {
    /// How many bytes come before the cells.
    pub const HEADER_LEN: usize = 5;

    /// How many bytes a whole sketch takes as one part.
    #[must_use]
    pub const fn len_of(size: Size, width: Width) -> usize {
        Self::HEADER_LEN + size.cells() * width.cell_len()
    }

    /// Decodes a part that fills `bytes` to the end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if these are not the bytes of a part.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let (header, cells) = bytes.split_first_chunk().ok_or(Malformed)?;
        let [shape_high, shape_low, start_high, start_low, step] = *header;
        let shape = u16::from_be_bytes([shape_high, shape_low]);
        let width = *Width::ALL.get(usize::from(shape >> 13)).ok_or(Malformed)?;
        let size = Size::of_triples((shape & 0x1fff) + 1).ok_or(Malformed)?;
        let start = u16::from_be_bytes([start_high, start_low]);
        let stripe = Stripe::new(start, step).ok_or(Malformed)?;
        let whole_cells = cells.len().is_multiple_of(width.cell_len());
        let count = cells.len() / width.cell_len();
        let room = size.cells().saturating_sub(usize::from(start)).div_ceil(usize::from(step));
        if whole_cells && 0 < count && count <= room {
            Ok(Self { size, width, stripe, cells })
        } else {
            Err(Malformed)
        }
    }

    /// Returns the size of the sketch that the cells are of.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Returns the width of the cells.
    #[must_use]
    pub const fn width(&self) -> Width {
        self.width
    }

    /// Returns how many cells there are.
    #[must_use]
    pub const fn cell_count(&self) -> usize {
        self.cells.len() / self.width.cell_len()
    }

    /// The cells, each with its number.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (usize, crate::cell::Cell)> + '_ {
        let cells = self.cells.chunks_exact(self.width.cell_len());
        self.stripe.cells(self.size).zip(cells.map(|bytes| self.width.read(bytes)))
    }
}

impl Sketch {
    /// Encodes as many cells of a stripe as there is room for at the start of `buf`. Returns how
    /// many bytes that took, 0 if there is no room for a cell or the stripe has none, and the
    /// stripe of what is left.
    pub fn encode_part(
        &self,
        width: Width,
        stripe: Stripe,
        buf: &mut [u8],
    ) -> (usize, Option<Stripe>) {
        let room = buf.len().saturating_sub(Part::HEADER_LEN) / width.cell_len();
        let mut numbers = stripe.cells(self.size());
        let (mut len, mut count) = (Part::HEADER_LEN, 0);
        for number in numbers.by_ref().take(room) {
            width.write(self.cells()[number], &mut buf[len..len + width.cell_len()]);
            len += width.cell_len();
            count += 1;
        }
        if count == 0 {
            return (0, numbers.next().map(|_| stripe));
        }
        let shape = (width as u16) << 13 | (self.size().triples() - 1);
        buf[..2].copy_from_slice(&shape.to_be_bytes());
        buf[2..4].copy_from_slice(&stripe.start.to_be_bytes());
        buf[4] = stripe.step;
        let rest =
            numbers.next().and_then(|next| Stripe::new(u16::try_from(next).ok()?, stripe.step));
        (len, rest)
    }
}
