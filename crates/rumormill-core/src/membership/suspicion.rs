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

/// How often a suspect is told that its time is nearly up.
const LAST_ASKS: u32 = 3;

/// How long a suspect has to refute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// If nobody confirms the suspicion.
    most: Duration,
    /// If as many members do as count.
    least: Duration,
    /// How long an answer takes at the most.
    answer: Duration,
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
            answer: config.probe_timeout,
            confirmations: config.suspicion_confirmations.min(others).min(CONFIRMATIONS_MAX),
        }
    }

    /// That of who is told of a refutation late, since what is said waits for bandwidth.
    pub(crate) fn doubled(self) -> Self {
        Self { most: self.most.saturating_mul(2), least: self.least.saturating_mul(2), ..self }
    }

    /// That with those of whom we ask others whether they are dead: as long as it takes to ask them
    /// ourselves.
    pub(crate) fn of_who_asks(self) -> Self {
        Self { least: self.least.min(self.before_end(0)), ..self }
    }

    /// How long before its time is up a suspect is told so that was told so often: twice as long as
    /// an answer takes, then after a quarter of that each time.
    fn before_end(self, asked: u32) -> Duration {
        self.answer.saturating_mul(LAST_ASKS + 1 - asked.min(LAST_ASKS)) / 2
    }

    /// How long a suspect has at the least once it was told so often.
    fn after_asking(self, asked: u32) -> Duration {
        self.before_end(asked) + self.answer / 2
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
    /// Suspects to be told that their time is nearly up.
    last_asked: Vec<ReplicaId>,
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
    /// When it is to be told that its time is nearly up.
    ask_at: Instant,
    /// How often it was.
    asked: u32,
    /// Who suspects it: at most one more than there are confirmations that count.
    accusers: SmallVec<[Tag; 4]>,
    /// Whether somebody takes it for dead.
    is_hastened: bool,
}

impl Suspicion {
    /// Ends it sooner, or later.
    fn end_at(&mut self, deadline: Instant, patience: Patience) {
        self.deadline = deadline;
        let before_end = patience.before_end(self.asked);
        self.ask_at = Instant::new(deadline.since_origin().saturating_sub(before_end));
    }

    const fn is_to_be_asked(&self) -> bool {
        self.asked < LAST_ASKS
    }

    fn next_at(&self) -> Instant {
        let end = if self.is_to_be_asked() { self.ask_at } else { self.deadline };
        self.look_at.min(end)
    }
}

impl Suspicions {
    pub(super) const fn new() -> Self {
        Self {
            suspects: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            doubted: Vec::new(),
            last_asked: Vec::new(),
            slept: Duration::ZERO,
        }
    }

    /// Begins to suspect a member, on the word of somebody, or because somebody takes it for dead;
    /// forgets what was said before.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        replica: ReplicaId,
        by: Option<Tag>,
        patience: Patience,
    ) {
        self.end(replica);
        let since = self.awake(now);
        let is_hastened = by.is_none();
        let time = if is_hastened { patience.least } else { patience.after(0) };
        let mut suspicion = Suspicion {
            since,
            deadline: since,
            look_at: since + patience.least,
            ask_at: since,
            asked: 0,
            accusers: by.into_iter().collect(),
            is_hastened,
        };
        suspicion.end_at(since + time, patience);
        self.insert(replica, suspicion);
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
        if !suspicion.is_hastened {
            let time = patience.after(suspicion.accusers.len());
            suspicion.end_at(suspicion.since + time, patience);
        }
        suspicion.accusers.push(by);
        self.insert(replica, suspicion);
        true
    }

    /// Leaves a suspect the least time, since somebody takes it for dead. Says whether that is news.
    pub(super) fn hasten(&mut self, replica: ReplicaId, patience: Patience) -> bool {
        let Some(mut suspicion) = self.remove(replica) else { return false };
        let was_hastened = core::mem::replace(&mut suspicion.is_hastened, true);
        let least = suspicion.since + patience.least;
        suspicion.end_at(suspicion.deadline.min(least), patience);
        self.insert(replica, suspicion);
        !was_hastened
    }

    pub(super) fn end(&mut self, replica: ReplicaId) {
        self.remove(replica);
    }

    /// Gives all suspects that time anew.
    pub(super) const fn handle_sleep(&mut self, slept: Duration) {
        self.slept = self.slept.saturating_add(slept);
    }

    /// Takes a suspect that is out of time, and was asked in vain.
    pub(super) fn take_due(&mut self, now: Instant, patience: Patience) -> Option<ReplicaId> {
        while self.poll_timeout().is_some_and(|next_at| next_at <= now) {
            let (next_at, replica) = *self.deadlines.first()?;
            let mut suspicion = self.remove(replica)?;
            if suspicion.look_at <= next_at {
                self.doubted.push(replica);
                suspicion.look_at = next_at + patience.least;
            } else if suspicion.is_to_be_asked() {
                self.last_asked.push(replica);
                suspicion.asked += 1;
                let soonest = self.awake(now) + patience.after_asking(suspicion.asked);
                suspicion.end_at(suspicion.deadline.max(soonest), patience);
            } else {
                return Some(replica);
            }
            self.insert(replica, suspicion);
        }
        None
    }

    /// Takes a suspect to be told that its time is nearly up.
    pub(super) fn take_last_asked(&mut self) -> Option<ReplicaId> {
        self.last_asked.pop()
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

    /// The time but for what we slept.
    fn awake(&self, now: Instant) -> Instant {
        Instant::new(now.since_origin().saturating_sub(self.slept))
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
        let answer = Duration::from_millis(300);
        Patience { most, least, answer, confirmations: 3 }
    }

    /// Lets time pass; says who is out of time.
    fn pass(suspicions: &mut Suspicions, until: Instant) -> Vec<ReplicaId> {
        let mut due = Vec::new();
        while let Some(now) = suspicions.poll_timeout().filter(|now| *now <= until) {
            due.extend(suspicions.take_due(now, patience()));
        }
        due
    }

    fn asked(suspicions: &mut Suspicions) -> usize {
        core::iter::from_fn(|| suspicions.take_last_asked()).count()
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
        suspicions.begin(at(1_000), SUSPECT, Some(accuser(1)), patience());
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
        assert_eq!(pass(&mut suspicions, at(3_999)), []);
        assert_eq!(pass(&mut suspicions, at(4_000)), [SUSPECT]);
        assert_eq!(suspicions.poll_timeout(), None);
    }

    #[test]
    fn time_that_we_slept_does_not_count() {
        let mut suspicions = Suspicions::new();
        suspicions.begin(at(0), SUSPECT, Some(accuser(1)), patience());
        suspicions.handle_sleep(Duration::from_secs(60));
        assert_eq!(pass(&mut suspicions, at(71_999)), []);
        assert_eq!(suspicions.poll_timeout(), Some(at(72_000)));
        suspicions.begin(at(71_000), ReplicaId(8), Some(accuser(1)), patience());
        assert_eq!(pass(&mut suspicions, at(72_000)), [SUSPECT]);
        assert_eq!(suspicions.poll_timeout(), Some(at(74_000)));
    }

    #[test]
    fn who_is_suspected_by_few_is_looked_at_again_before_it_is_given_up() {
        let mut suspicions = Suspicions::new();
        suspicions.begin(at(0), SUSPECT, Some(accuser(1)), patience());
        assert!(suspicions.confirm(SUSPECT, accuser(2), patience()));
        assert_eq!(suspicions.poll_timeout(), Some(at(3_000)));
        assert_eq!(pass(&mut suspicions, at(7_499)), []);
        let looked_at: Vec<_> = core::iter::from_fn(|| suspicions.take_doubted()).collect();
        assert_eq!(looked_at, [SUSPECT; 2]);
        assert_eq!(pass(&mut suspicions, at(7_500)), [SUSPECT]);
    }

    #[test]
    fn who_is_out_of_time_was_told_so_three_times_while_it_could_answer() {
        let mut suspicions = Suspicions::new();
        suspicions.begin(at(0), SUSPECT, None, patience());
        let told: Vec<_> = [2_399, 2_400, 2_549, 2_550, 2_699, 2_700]
            .map(|millis| {
                assert_eq!(pass(&mut suspicions, at(millis)), []);
                asked(&mut suspicions)
            })
            .into();
        assert_eq!(told, [0, 1, 0, 1, 0, 1]);
        assert_eq!(pass(&mut suspicions, at(2_999)), []);
        assert_eq!(pass(&mut suspicions, at(3_000)), [SUSPECT]);
    }

    #[test]
    fn who_is_said_to_be_dead_is_told_so_before_it_is_believed_however_late_that_is() {
        let mut suspicions = Suspicions::new();
        suspicions.begin(at(0), SUSPECT, Some(accuser(1)), patience());
        assert_eq!(pass(&mut suspicions, at(5_000)), []);
        assert!(suspicions.hasten(SUSPECT, patience()));
        assert!(!suspicions.hasten(SUSPECT, patience()), "it is no news twice");
        assert_eq!(suspicions.take_due(at(5_000), patience()), None);
        assert_eq!(pass(&mut suspicions, at(5_599)), []);
        assert_eq!(asked(&mut suspicions), 3);
        assert_eq!(pass(&mut suspicions, at(5_600)), [SUSPECT]);
    }

    #[test]
    fn two_alone_take_their_time() {
        let alone = Patience::new(2, &Config::DEFAULT);
        assert_eq!(alone.after(0), alone.most);
        assert_eq!(alone.after(1), alone.most);
        assert_eq!(Patience::new(3, &Config::DEFAULT).after(1), alone.least);
    }
}
