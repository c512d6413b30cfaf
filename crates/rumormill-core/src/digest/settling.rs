//! Rows that are still in motion, and what they were at cuts.

use alloc::{collections::BTreeMap, vec::Vec};

use rumormill_crdt::{Head, RowId, Version};
use smallvec::{SmallVec, smallvec};

use super::basis::Cut;

/// So many cuts before the one that the digest is kept at can be answered for: peers' clocks and
/// measurements differ a little.
const CUTS_BACK: u64 = 2;

/// The most cuts at which a row is remembered; a clock ahead of ours beyond the skew bound is
/// refused, so honest rows never need as many.
const FACTS_MAX: usize = 32;

/// Rows whose version may not be the same at all cuts that can be asked for. All others are at
/// each of these cuts what they are.
#[derive(Debug)]
pub(crate) struct Settling {
    base: Cut,
    rows: BTreeMap<RowId, Course>,
}

/// How a row grew: versions, and the cuts from which on it had them. Ascending in both, never
/// empty; the first counts for all earlier cuts, the last is the version of the row.
#[derive(Debug)]
struct Course(SmallVec<[(Cut, Version); 3]>);

/// A row whose version at the base, or between two cuts, changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) id: RowId,
    pub(crate) from: Version,
    pub(crate) to: Version,
}

impl Settling {
    pub(crate) const fn new(base: Cut) -> Self {
        Self { base, rows: BTreeMap::new() }
    }

    /// The cut at which the digest is kept.
    pub(crate) const fn base(&self) -> Cut {
        self.base
    }

    /// The earliest cut that can be answered for.
    pub(crate) const fn earliest(&self) -> Cut {
        self.base.back(CUTS_BACK)
    }

    /// Takes note of a row that went from version `before` to `head`; nothing is known of `before`
    /// but that it was settled, or noted here. Returns the step of the row at the base.
    ///
    /// A head says what the row was when the period of its timestamp began, so the version at that
    /// cut is known although its head may never have come by.
    pub(crate) fn grow(&mut self, id: RowId, before: Version, head: &Head) -> Step {
        let from = self.version_at(id, before, self.base);
        let cut = Cut(head.timestamp.period());
        let then = head.version_before_period();
        let mut course = self.rows.remove(&id).unwrap_or_else(|| Course::new(then));
        course.grow(cut, then, head.version);
        course.forget_before(self.earliest());
        let to = course.at(self.base);
        if !course.is_settled() {
            self.rows.insert(id, course);
        }
        Step { id, from, to }
    }

    /// Takes note that a row of version `before` went. Returns the step at the base.
    pub(crate) fn remove(&mut self, id: RowId, before: Version) -> Step {
        let from = self.version_at(id, before, self.base);
        self.rows.remove(&id);
        Step { id, from, to: 0 }
    }

    /// Moves the base on, and lets what does not move any more be forgotten. Returns the rows whose
    /// version at the base is another.
    pub(crate) fn advance(&mut self, base: Cut) -> Vec<Step> {
        let steps = self.steps_to(base).collect();
        self.base = base;
        let earliest = self.earliest();
        self.rows.retain(|_, course| {
            course.forget_before(earliest);
            !course.is_settled()
        });
        steps
    }

    /// The rows whose version at another cut is not that at the base.
    pub(crate) fn steps_to(&self, cut: Cut) -> impl Iterator<Item = Step> {
        let steps = self.rows.iter().map(move |(id, course)| {
            let (from, to) = (course.at(self.base), course.at(cut));
            Step { id: *id, from, to }
        });
        steps.filter(|step| step.from != step.to)
    }

    /// The version of a row at a cut, given its version.
    pub(crate) fn version_at(&self, id: RowId, version: Version, cut: Cut) -> Version {
        self.rows.get(&id).map_or(version, |course| course.at(cut))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl Course {
    fn new(version: Version) -> Self {
        Self(smallvec![(Cut(0), version)])
    }

    /// At `cut` the row was at `then`, and afterwards it is at `version`. What was heard of it
    /// before may have been less than it was: the rest is taken to be of the same period.
    fn grow(&mut self, cut: Cut, then: Version, version: Version) {
        self.0.retain(|(since, _)| *since <= cut);
        match self.0.last_mut() {
            Some(last) => last.1 = then,
            None => self.0.push((Cut(0), then)),
        }
        self.0.push((Cut(cut.0.saturating_add(1)), version));
        if self.0.len() > FACTS_MAX {
            self.0.remove(0);
        }
    }

    /// Lets cuts before this one look like it.
    fn forget_before(&mut self, earliest: Cut) {
        let later = self.0.iter().position(|(since, _)| *since > earliest);
        let settled = later.unwrap_or(self.0.len()).saturating_sub(1);
        self.0.drain(..settled);
    }

    fn at(&self, cut: Cut) -> Version {
        let since = self.0.iter().rev().find(|(since, _)| *since <= cut);
        since.or(self.0.first()).map_or(0, |(_, version)| *version)
    }

    fn is_settled(&self) -> bool {
        self.0.len() == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rumormill_crdt::{Life, ReplicaId, Space, Timestamp};

    use super::*;

    const ID: RowId =
        RowId { space: Space::SHARED, life: Life { replica: ReplicaId(1), epoch: 1 } };

    fn head(version: Version, period: u64, recent: u64) -> Head {
        Head { version, recent, timestamp: Timestamp(period << 26), ..Head::default() }
    }

    #[test]
    fn a_head_tells_what_the_row_was_before_its_period() {
        let mut settling = Settling::new(Cut(10));
        let step = settling.grow(ID, 3, &head(7, 12, 2));
        assert_eq!((step.from, step.to), (3, 5), "version 5 was there when period 12 began");
        let at = |settling: &Settling, cut| settling.version_at(ID, 7, Cut(cut));
        assert_eq!([10, 11, 12, 13, 14].map(|cut| at(&settling, cut)), [5, 5, 5, 7, 7]);
        assert_eq!(settling.advance(Cut(13)), [Step { id: ID, from: 5, to: 7 }]);
        assert_eq!(settling.len(), 1, "cut 11 can be asked for yet");
        assert_eq!(settling.advance(Cut(15)), []);
        assert_eq!(settling.len(), 0);
    }

    #[test]
    fn what_is_old_settles_at_once() {
        let mut settling = Settling::new(Cut(10));
        let step = settling.grow(ID, 0, &head(7, 3, 1));
        assert_eq!((step.from, step.to, settling.len()), (0, 7, 0));
        assert_eq!(settling.remove(ID, 7), Step { id: ID, from: 7, to: 0 });
    }

    proptest! {
        /// An owner writes at random times. Whoever hears of one head of each period, whichever,
        /// and of the last one, agrees with the owner at every cut.
        #[test]
        fn one_head_a_period_is_enough(
            writes in prop::collection::vec((0..5u64, any::<bool>()), 1..60),
        ) {
            let (mut owner, mut copy) = (Settling::new(Cut(10)), Settling::new(Cut(10)));
            let (mut last, mut copied) = (head(0, 12, 0), 0);
            let mut heard_of = 0;
            for (wait, is_heard) in &writes {
                let period = last.timestamp.period() + wait.saturating_sub(2);
                let recent = if period == last.timestamp.period() { last.recent + 1 } else { 1 };
                let next = head(last.version + 1, period, recent);
                owner.grow(ID, last.version, &next);
                if *is_heard || heard_of < period || usize::try_from(next.version) == Ok(writes.len()) {
                    copy.grow(ID, copied, &next);
                    copied = next.version;
                    heard_of = period;
                }
                last = next;
            }
            for cut in owner.earliest().0..last.timestamp.period() + 3 {
                let at = |settling: &Settling| settling.version_at(ID, last.version, Cut(cut));
                prop_assert_eq!(at(&owner), at(&copy), "cut {}", cut);
            }
            let steps: Vec<_> = owner.steps_to(Cut(14)).collect();
            prop_assert_eq!(owner.advance(Cut(14)), steps);
        }
    }
}
