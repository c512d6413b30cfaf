//! A question that waits for its answer, on a walk over the table.

use core::time::Duration;

use super::Scene;
use crate::{Address, Instant, membership::Membership, random::Random};

/// How often a question that is not answered is asked before the walk is given up.
const ATTEMPTS: u32 = 24;

/// How many times as long as answers take one is waited for, at most.
const WAITS_MAX: u32 = 4;

/// Who was asked, and when.
#[derive(Clone, Debug)]
pub(super) struct Asked<A> {
    peer: A,
    at: Instant,
    /// How often.
    attempts: u32,
    /// Whether it is a member that we turned to by ourselves.
    is_drawn: bool,
    overdue: Instant,
}

impl<A: Address> Asked<A> {
    /// Takes note that a peer is asked for the `attempts`-th time. Whom we turned to by ourselves may be
    /// asked again whatever comes from there.
    pub(super) fn new(peer: &A, attempts: u32, is_drawn: bool, scene: &Scene<'_, A>) -> Self {
        let wait = scene.timeout.saturating_mul(attempts.min(WAITS_MAX));
        let wait = wait.min(scene.config.request_timeout);
        let (peer, at) = (peer.clone(), scene.now);
        Self { peer, at, attempts, is_drawn, overdue: at + wait }
    }

    /// Who was asked.
    pub(super) const fn peer(&self) -> &A {
        &self.peer
    }

    /// When it is asked again.
    pub(super) const fn overdue(&self) -> Instant {
        self.overdue
    }

    /// How long an answer that came took. Which question it answers is known if there was but one.
    pub(super) fn took(&self, now: Instant) -> Option<Duration> {
        (self.attempts == 1).then(|| now.since(self.at))
    }

    /// Whom to ask again, which attempt that is, and whether we turn to it by ourselves: the same peer, and
    /// every other time somebody else. Nobody if it was asked often enough.
    pub(super) fn again(
        self,
        members: &Membership<A>,
        random: &mut Random,
    ) -> Option<(A, u32, bool)> {
        if self.attempts == ATTEMPTS {
            return None;
        }
        let another = members.draw(random, 1).pop().filter(|_| self.attempts.is_multiple_of(2));
        let is_drawn = self.is_drawn || another.is_some();
        Some((another.unwrap_or(self.peer), self.attempts + 1, is_drawn))
    }
}
