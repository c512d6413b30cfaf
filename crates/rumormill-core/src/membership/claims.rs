//! Claims to pass on.
//!
//! They ride along with whatever is sent, and are sent to some random members each rumor period
//! besides, as in memberlist: what is said of somebody has to be known to all before its time to
//! refute is over.

use alloc::collections::{BTreeMap, BTreeSet};

use rumormill_crdt::ReplicaId;
use smallvec::SmallVec;

use crate::{
    Config, Instant,
    message::{Claim, ClaimedStanding},
    random::Random,
    sender::Tag,
};

/// The most claims that ride along in one datagram.
pub(super) const CLAIMS_ALONG_MAX: usize = 6;

/// What a claim is about: a member, and who suspects it. Of each there is one claim.
type Subject = (ReplicaId, Option<Tag>);

/// Claims to pass on.
#[derive(Debug)]
pub(super) struct Claims {
    /// The claims, and how often each was passed on.
    claims: BTreeMap<Subject, (Claim, u32)>,
    /// The same, least often passed on first.
    order: BTreeSet<(u32, Subject)>,
    next_at: Instant,
}

impl Claims {
    pub(super) const fn new() -> Self {
        let next_at = Instant::ORIGIN;
        Self { claims: BTreeMap::new(), order: BTreeSet::new(), next_at }
    }

    /// Takes up a claim; if there is no other, it is sent at once.
    pub(super) fn insert(&mut self, now: Instant, claim: Claim) {
        if self.order.is_empty() {
            self.next_at = self.next_at.max(now);
        }
        let subject = (claim.life.replica, claim.standing.accuser());
        if let Some((_, times)) = self.claims.insert(subject, (claim, 0)) {
            self.order.remove(&(times, subject));
        }
        self.order.insert((0, subject));
    }

    /// Forgets all claims about a member.
    pub(super) fn forget(&mut self, replica: ReplicaId) {
        loop {
            let mut about = self.claims.range((replica, None)..);
            let next = about.next().filter(|((whom, _), _)| *whom == replica);
            let Some((&subject, &(_, times))) = next else { return };
            self.claims.remove(&subject);
            self.order.remove(&(times, subject));
        }
    }

    /// The claims that are next to be passed on.
    pub(super) fn next(&self) -> SmallVec<[Claim; CLAIMS_ALONG_MAX]> {
        let next = self.order.iter().take(CLAIMS_ALONG_MAX);
        next.filter_map(|(_, subject)| Some(self.claims.get(subject)?.0)).collect()
    }

    /// Counts the first `count` of those claims as passed on; often enough is enough.
    pub(super) fn passed_on(&mut self, count: usize, times_max: u32) {
        for _ in 0..count {
            let Some((times, subject)) = self.order.pop_first() else { return };
            match self.claims.get_mut(&subject) {
                Some((_, passed)) if times + 1 < times_max => {
                    *passed = times + 1;
                    self.order.insert((times + 1, subject));
                }
                _ => {
                    self.claims.remove(&subject);
                }
            }
        }
    }

    /// Says whether it is time to send claims. If there are some, the next time is a period later.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        config: &Config,
        random: &mut Random,
    ) -> bool {
        let is_due = self.poll_timeout().is_some_and(|next_at| next_at <= now);
        if is_due {
            self.next_at = now + random.around(config.rumor_every);
        }
        is_due
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        (!self.order.is_empty()).then_some(self.next_at)
    }
}

impl ClaimedStanding {
    pub(super) const fn accuser(self) -> Option<Tag> {
        match self {
            Self::Suspect { by } => Some(by),
            Self::Alive | Self::Dead => None,
        }
    }
}
