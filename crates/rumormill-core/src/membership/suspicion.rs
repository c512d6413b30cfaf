//! Who is suspected, by whom, and how long it has to refute.
//!
//! Dadgar, Phillips and Currey, "Lifeguard: Local Health Awareness for More Accurate Failure
//! Detection" (DSN-W 2018), section IV-B: a suspect has long to refute if one member alone suspects
//! it, since that may be the one that is sick, and less with each further member that does, found
//! by a probe of its own.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::time::Duration;

use rumormill_crdt::ReplicaId;
use smallvec::SmallVec;

use crate::{Config, Instant, pace, sender::Tag};

/// Thousandths of the natural logarithms of 1 to 9.
const LN_MILLI: [u32; 9] = [0, 693, 1_099, 1_386, 1_609, 1_792, 1_946, 2_079, 2_197];

/// The most confirmations that shorten a suspicion.
const CONFIRMATIONS_MAX: usize = LN_MILLI.len() - 1;

/// How long a suspect has to refute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// If nobody confirms the suspicion.
    most: Duration,
    /// If as many members do as count.
    least: Duration,
    confirmations: usize,
}

impl Patience {
    /// That of a population of `n`, in which all but the suspect and who suspects it can confirm
    /// that. If there are none, nothing shortens a suspicion.
    pub(crate) fn new(n: usize, config: &Config) -> Self {
        let least = pace::refute_within(n, config);
        let others = n.saturating_sub(2);
        Self {
            most: least.saturating_mul(config.suspicion_factor.max(1)),
            least,
            confirmations: config.suspicion_confirmations.min(others).min(CONFIRMATIONS_MAX),
        }
    }

    /// How long a suspect has after so many confirmations.
    fn after(self, confirmations: usize) -> Duration {
        let counted = confirmations.min(self.confirmations);
        if counted == 0 {
            return self.most;
        }
        let spread = self.most.saturating_sub(self.least);
        let (part, whole) = (LN_MILLI[counted], LN_MILLI[self.confirmations]);
        self.most.saturating_sub(spread.saturating_mul(part) / whole)
    }
}

/// Who is suspected.
#[derive(Debug)]
pub(super) struct Suspicions {
    suspects: BTreeMap<ReplicaId, Suspicion>,
    /// When suspects are out of time, or to be looked at, had we never slept.
    deadlines: BTreeSet<(Instant, ReplicaId)>,
    /// Suspects to be looked at.
    doubted: Vec<ReplicaId>,
    /// For how long we slept since the beginning: no suspect could refute while we did.
    slept: Duration,
}

#[derive(Debug)]
struct Suspicion {
    since: Instant,
    /// When it is out of time.
    deadline: Instant,
    /// When it is to be looked at if it is not out of time by then.
    look_at: Instant,
    /// Who suspects it: at most one more than there are confirmations that count.
    accusers: SmallVec<[Tag; 4]>,
}

impl Suspicion {
    fn next_at(&self) -> Instant {
        self.look_at.min(self.deadline)
    }
}

impl Suspicions {
    pub(super) const fn new() -> Self {
        Self {
            suspects: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            doubted: Vec::new(),
            slept: Duration::ZERO,
        }
    }

    /// Begins to suspect a member, on the word of somebody; forgets what was said before.
    pub(super) fn begin(&mut self, now: Instant, replica: ReplicaId, by: Tag, patience: Patience) {
        self.end(replica);
        let since = Instant::new(now.since_origin().saturating_sub(self.slept));
        let (deadline, look_at) = (since + patience.after(0), since + patience.least);
        let accusers = [by].into_iter().collect();
        self.insert(replica, Suspicion { since, deadline, look_at, accusers });
    }

    /// Says whether somebody suspects it too whose word counts and was not heard before. Then less
    /// time is left.
    pub(super) fn confirm(&mut self, replica: ReplicaId, by: Tag, patience: Patience) -> bool {
        let counts = |suspicion: &Suspicion| {
            suspicion.accusers.len() <= patience.confirmations && !suspicion.accusers.contains(&by)
        };
        if !self.suspects.get(&replica).is_some_and(counts) {
            return false;
        }
        let Some(mut suspicion) = self.remove(replica) else { return false };
        suspicion.deadline = suspicion.since + patience.after(suspicion.accusers.len());
        suspicion.accusers.push(by);
        self.insert(replica, suspicion);
        true
    }

    pub(super) fn end(&mut self, replica: ReplicaId) {
        self.remove(replica);
    }

    /// Gives all suspects that time anew.
    pub(super) const fn handle_sleep(&mut self, slept: Duration) {
        self.slept = self.slept.saturating_add(slept);
    }

    /// Takes a suspect that is out of time.
    pub(super) fn take_due(&mut self, now: Instant, patience: Patience) -> Option<ReplicaId> {
        while self.poll_timeout().is_some_and(|next_at| next_at <= now) {
            let (next_at, replica) = *self.deadlines.first()?;
            let suspicion = self.remove(replica)?;
            if suspicion.deadline <= next_at {
                return Some(replica);
            }
            self.doubted.push(replica);
            let look_at = next_at + patience.least;
            self.insert(replica, Suspicion { look_at, ..suspicion });
        }
        None
    }

    /// Takes a suspect to be looked at.
    pub(super) fn take_doubted(&mut self) -> Option<ReplicaId> {
        self.doubted.pop()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline + self.slept)
    }

    /// Who suspected a member first.
    pub(super) fn accuser(&self, replica: ReplicaId) -> Option<Tag> {
        self.suspects.get(&replica)?.accusers.first().copied()
    }

    fn remove(&mut self, replica: ReplicaId) -> Option<Suspicion> {
        let removed = self.suspects.remove(&replica)?;
        self.deadlines.remove(&(removed.next_at(), replica));
        Some(removed)
    }

    fn insert(&mut self, replica: ReplicaId, suspicion: Suspicion) {
        self.deadlines.insert((suspicion.next_at(), replica));
        self.suspects.insert(replica, suspicion);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use rumormill_crdt::Life;

    use super::*;

    const SUSPECT: ReplicaId = ReplicaId(7);

    fn at(millis: u64) -> Instant {
        Instant::new(Duration::from_millis(millis))
    }

    fn accuser(number: u64) -> Tag {
        Tag::of(Life { replica: ReplicaId(number), epoch: 1 })
    }

    fn patience() -> Patience {
        let (most, least) = (Duration::from_secs(12), Duration::from_secs(3));
        Patience { most, least, confirmations: 3 }
    }

    #[test]
    fn logarithms_are_right() {
        for (n, ln_milli) in (1u32..).zip(LN_MILLI) {
            assert!((f64::from(n).ln() * 1_000.0 - f64::from(ln_milli)).abs() < 0.6, "{n}");
        }
    }

    #[test]
    fn each_accuser_counts_once_and_shortens_the_time() {
        let mut suspicions = Suspicions::new();
        suspicions.begin(at(1_000), SUSPECT, accuser(1), patience());
        let deadline = |suspicions: &Suspicions| Some(suspicions.suspects[&SUSPECT].deadline);
        let mut left = vec![deadline(&suspicions)];
        for by in [1, 2, 2, 3, 4, 5, 6] {
            if suspicions.confirm(SUSPECT, accuser(by), patience()) {
                left.push(deadline(&suspicions));
            }
        }
        let expected = [13_000_000, 8_500_000, 5_863_148, 4_000_000].map(Duration::from_micros);
        let left: Vec<_> = left.into_iter().flatten().map(Instant::since_origin).collect();
        for (left, expected) in left.iter().zip(expected) {
            assert!(left.abs_diff(expected) < Duration::from_millis(1), "{left:?} {expected:?}");
        }
        assert_eq!(left.len(), expected.len());
        assert_eq!(suspicions.take_due(at(3_999), patience()), None);
        assert_eq!(suspicions.take_due(at(4_000), patience()), Some(SUSPECT));
        assert_eq!(suspicions.take_doubted(), None);
        assert_eq!(suspicions.poll_timeout(), None);
    }

    #[test]
    fn time_that_we_slept_does_not_count() {
        let mut suspicions = Suspicions::new();
        suspicions.begin(at(0), SUSPECT, accuser(1), patience());
        suspicions.handle_sleep(Duration::from_secs(60));
        assert_eq!(suspicions.take_due(at(71_999), patience()), None);
        assert_eq!(suspicions.poll_timeout(), Some(at(72_000)));
        suspicions.begin(at(71_000), ReplicaId(8), accuser(1), patience());
        assert_eq!(suspicions.take_due(at(72_000), patience()), Some(SUSPECT));
        assert_eq!(suspicions.poll_timeout(), Some(at(74_000)));
    }

    #[test]
    fn who_is_suspected_by_few_is_looked_at_again_before_it_is_given_up() {
        let mut suspicions = Suspicions::new();
        suspicions.begin(at(0), SUSPECT, accuser(1), patience());
        assert!(suspicions.confirm(SUSPECT, accuser(2), patience()));
        assert_eq!(suspicions.poll_timeout(), Some(at(3_000)));
        assert_eq!(suspicions.take_due(at(7_499), patience()), None);
        let looked_at: Vec<_> = core::iter::from_fn(|| suspicions.take_doubted()).collect();
        assert_eq!(looked_at, [SUSPECT; 2]);
        assert_eq!(suspicions.take_due(at(7_500), patience()), Some(SUSPECT));
    }

    #[test]
    fn two_alone_take_their_time() {
        let alone = Patience::new(2, &Config::DEFAULT);
        assert_eq!(alone.after(0), alone.most);
        assert_eq!(alone.after(1), alone.most);
        assert_eq!(Patience::new(3, &Config::DEFAULT).after(1), alone.least);
    }
}
