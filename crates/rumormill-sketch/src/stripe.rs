//! Which cells travel together.

use crate::Size;

/// Which cells of a sketch travel together: from `start` on, every `step`th.
///
/// Cells that lie next to each other are no more alike than others, so any choice decodes alike.
/// Interleaving makes the loss of one datagram of many the loss of evenly spread cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stripe {
    pub(crate) start: u16,
    pub(crate) step: u8,
}

impl Stripe {
    /// All cells.
    pub const WHOLE: Self = Self { start: 0, step: 1 };

    /// The cells from `start` on, every `step`th. None if `step` is 0 or `start` is the number of
    /// no cell of any sketch.
    #[must_use]
    pub const fn new(start: u16, step: u8) -> Option<Self> {
        if step == 0 || start as usize >= Size::MAX.cells() {
            None
        } else {
            Some(Self { start, step })
        }
    }

    /// The cells that a larger sketch has beyond one of `size`, which are all that a receiver of
    /// the smaller one lacks. See [`Received::unfold`](crate::Received::unfold). None if no sketch
    /// is larger.
    #[must_use]
    pub fn beyond(size: Size) -> Option<Self> {
        Self::new(u16::try_from(size.cells()).ok()?, 1)
    }

    /// Deals the cells out to `count` stripes, as cards to players.
    pub fn deal(self, count: u8) -> impl Iterator<Item = Self> {
        (0..count).filter_map(move |number| {
            let start = self.start.checked_add(u16::from(number) * u16::from(self.step))?;
            Self::new(start, self.step.checked_mul(count)?)
        })
    }

    /// The numbers of its cells in a sketch of `size`, ascending.
    pub(crate) fn cells(self, size: Size) -> impl Iterator<Item = usize> {
        (usize::from(self.start)..size.cells()).step_by(usize::from(self.step))
    }
}
