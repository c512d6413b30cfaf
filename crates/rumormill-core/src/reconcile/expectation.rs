//! How much differs, usually.

use core::time::Duration;

use rumormill_sketch::{Size, Strata, Width};

use crate::{
    Config, Instant, message::Cells, node::DATAGRAM_LEN_MIN, seal::FRAME_LEN, sender::Sender,
};

/// For how long what was found says something about what is to be expected.
const VALID_FOR: Duration = Duration::from_secs(30);

/// The width of the cells that are sent unasked: rows are rarely more than a hundred writes
/// behind, and where they are, wider cells are asked for.
pub(super) const NARROW: Width = Width::A8B32;

/// So many rows are few.
const FEW: usize = 16;

/// How much differs, usually: the one thing that is remembered of earlier comparisons, of all
/// peers together.
#[derive(Debug)]
pub(super) struct Expectation {
    /// What was found the last two times; the greater counts, since what is found while something
    /// else is repaired is less than what is usual.
    differences: [usize; 2],
    until: Instant,
    /// How many of a thousand cells arrive, where they took more than one datagram.
    arriving: usize,
}

impl Expectation {
    pub(super) fn new() -> Self {
        Self { differences: [0; 2], until: Instant::default(), arriving: 1_000 }
    }

    /// Takes note that so many rows differed, by what a peer says or cells do. No sketch finds more
    /// than the largest has cells.
    pub(super) fn learn(&mut self, now: Instant, differences: usize) {
        let differences = differences.min(Size::MAX.cells());
        let [last, _] = if self.until > now { self.differences } else { [differences; 2] };
        self.differences = [differences, last];
        self.until = now + VALID_FOR;
    }

    /// Takes note that so many cells arrived, and so many did not. Too few cells tell nothing, so
    /// a loss is believed at once, and its end by halves.
    pub(super) fn note_loss(&mut self, arrived: usize, missing: usize) {
        let share = 1_000 * arrived / (arrived + missing);
        self.arriving = share.min(self.arriving.midpoint(share));
    }

    /// The sketch for so many differences of which enough cells arrive.
    pub(super) fn size_despite_loss(&self, differences: usize) -> Size {
        let cells = size_for(differences).cells() * 1_000 / self.arriving.max(250);
        let triples = u16::try_from(cells.div_ceil(3)).ok();
        triples.and_then(Size::of_triples).unwrap_or(Size::MAX)
    }

    /// How many rows are expected to differ, if something is known of that.
    pub(super) fn differences(&self, now: Instant) -> Option<usize> {
        let [last, before] = self.differences;
        (self.until > now).then_some(last.max(before))
    }

    /// How many rows are expected to differ, given an estimate, which may be off by a factor of two.
    pub(super) fn sharpen(&self, now: Instant, estimate: usize) -> usize {
        let is_near = |known: &usize| *known <= 3 * estimate && estimate <= 3 * known;
        self.differences(now).filter(is_near).unwrap_or(estimate * 5 / 4)
    }
}

/// The sketch for so many differences, with a little to spare where they are many. Where they are
/// few, another sketch costs little, and three cells less each time are worth more.
pub(super) fn size_for(differences: usize) -> Size {
    let size = Size::for_differences(differences + differences / 16);
    let smaller = Size::of_triples(size.triples() - 1).filter(|_| differences <= FEW);
    smaller.unwrap_or(size)
}

/// The largest sketch in one datagram, beside the strata.
pub(super) fn datagram_size(width: Width, config: &Config) -> Size {
    let kind_and_strata = 1 + Strata::LEN;
    let header = FRAME_LEN + Sender::TAG_LEN + kind_and_strata + Cells::HEADER_LEN_MAX;
    let room = DATAGRAM_LEN_MIN - config.seal_len() - header;
    Size::fitting(width, room).expect("a datagram has room for cells")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_claims_is_bounded() {
        let (mut expectation, now) = (Expectation::new(), Instant::default());
        expectation.learn(now, usize::MAX);
        let expected = expectation.differences(now).expect("something was learned");
        assert!(size_for(expected) == Size::MAX);
    }
}
