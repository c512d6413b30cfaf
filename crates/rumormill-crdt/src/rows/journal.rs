//! What happened to rows, in order.

use alloc::{collections::VecDeque, vec::Vec};

use smallvec::SmallVec;

use crate::{RowId, Version};

/// A row that changed. What it is by now, if anything, the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The row.
    pub id: RowId,
    /// The version it was visible at before; 0 if it was not.
    pub before: Version,
    /// The number it had before, or has since.
    pub number: u32,
}

/// So many of the latest changes are always all there.
const LATEST: usize = 64;

/// The latest growths and drops of rows, by ascending moment: all of the latest, and of those before
/// as many as cost little beside the rows. To whoever asks for more, all rows are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    /// The moment of the last change; counts changes since the table was made.
    moment: u64,
    /// All that happened after this moment is here.
    complete_after: u64,
    /// All growths after this moment are here.
    growths_after: u64,
    growths: VecDeque<Growth>,
    drops: VecDeque<Drop>,
}

#[derive(Clone, Copy, Debug)]
struct Growth {
    moment: u64,
    before: Version,
    number: u32,
}

#[derive(Clone, Copy, Debug)]
struct Drop {
    moment: u64,
    id: RowId,
    before: Version,
    number: u32,
}

impl Journal {
    pub(crate) const fn moment(&self) -> u64 {
        self.moment
    }

    /// Notes that the row with this number grew from `before`, and returns the moment.
    pub(crate) fn note_growth(&mut self, number: u32, before: Version) -> u64 {
        self.moment += 1;
        self.growths.push_back(Growth { moment: self.moment, before, number });
        self.moment
    }

    /// Notes that a row went. Returns a number that stands for no row any more, if there is one:
    /// numbers of rows that went lately are not to be used again yet.
    pub(crate) fn note_drop(&mut self, id: RowId, number: u32, before: Version) -> Option<u32> {
        self.moment += 1;
        self.drops.push_back(Drop { moment: self.moment, id, before, number });
        if self.drops.len() <= LATEST {
            return None;
        }
        let forgotten = self.drops.pop_front()?;
        self.complete_after = self.complete_after.max(forgotten.moment);
        Some(forgotten.number)
    }

    /// Forgets the earlier half of the growths if they are many, given how many rows there are. So
    /// there are always as many as a sixteenth of the rows and 64, once there were, and never more than
    /// an eighth and 129.
    pub(crate) fn forget_early(&mut self, rows: usize) {
        if self.growths.len() <= rows / 8 + 2 * LATEST {
            return;
        }
        let early = self.growths.len() / 2;
        if let Some(last) = self.growths.drain(..early).next_back() {
            self.growths_after = last.moment;
            self.complete_after = self.complete_after.max(last.moment);
        }
    }

    /// The growths after a moment, those of rows that grew again or went too. Nothing if some are
    /// forgotten.
    pub(crate) fn growths_after(&self, moment: u64) -> Option<impl Iterator<Item = (u32, u64)>> {
        if moment < self.growths_after {
            return None;
        }
        let first = self.growths.partition_point(|it| it.moment <= moment);
        Some(self.growths.range(first..).map(|it| (it.number, it.moment)))
    }

    /// The rows that changed after a moment, by id, with what they were then. Nothing if too much
    /// has changed since to tell.
    pub(crate) fn changes_after(
        &self,
        moment: u64,
        id_of: impl Fn(u32) -> Option<RowId>,
    ) -> Option<SmallVec<[Change; 2]>> {
        if moment < self.complete_after {
            return None;
        }
        let dropped = self.drops.partition_point(|it| it.moment <= moment);
        let dropped: Vec<_> = self.drops.range(dropped..).collect();
        let grown = self.growths.partition_point(|it| it.moment <= moment);
        let mut changes: SmallVec<[(u64, Change); 2]> = SmallVec::new();
        for &Growth { moment, before, number } in self.growths.range(grown..) {
            let went = || Some(dropped.iter().find(|it| it.number == number)?.id);
            if let Some(id) = id_of(number).or_else(went) {
                changes.push((moment, Change { id, before, number }));
            }
        }
        changes.extend(dropped.iter().map(|it| {
            let Drop { moment, id, before, number } = **it;
            (moment, Change { id, before, number })
        }));
        changes.sort_unstable_by_key(|(moment, change)| (change.id, *moment));
        changes.dedup_by_key(|(_, change)| change.id);
        Some(changes.into_iter().map(|(_, change)| change).collect())
    }
}
