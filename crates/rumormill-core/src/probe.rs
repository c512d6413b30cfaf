//! Asking members, one after the other, whether they are there.
//!
//! Das, Gupta and Motivala, "SWIM" (DSN 2002), section 4: each member is probed once per round in
//! an order shuffled anew each round, which bounds the time to the first probe of a crashed
//! member. Where no ping is answered, other members are asked to try, so that a broken link is
//! not taken for a broken member. How long an answer may take follows from what the member's
//! answers took before; how many pings it takes, from what share of datagrams gets lost.

use alloc::collections::VecDeque;
use core::time::Duration;

use rumormill_crdt::ReplicaId;

use crate::{
    Address, Config, Instant, health::Health, loss::Loss, membership::Membership, outbox::Outbox,
    random::Random, round_trip::RoundTrip,
};

/// The most pings of one probe.
const ATTEMPTS_MAX: u32 = 24;

/// The most members that wait to be probed out of turn.
const DOUBTED_MAX: usize = 16;

/// The low bits of a number say which ping of a probe it is; none is one by another member. So
/// an answer tells which ping it is to, and Karn's rule is obeyed without leaving any out.
const ATTEMPT_MASK: u64 = 31;

/// Whom we probe, and what we wait for.
#[derive(Debug)]
pub(crate) struct Probe {
    pending: Option<Pending>,
    next_at: Instant,
    /// Members that somebody suspects, to be probed out of turn.
    doubted: VecDeque<ReplicaId>,
    /// The member that did not answer, to be suspected.
    silent: Option<ReplicaId>,
    /// The member that a ping is on its way to, to be compared with on this occasion.
    probed: Option<ReplicaId>,
    pub(crate) loss: Loss,
    pub(crate) health: Health,
    /// How many members were asked to ping for us.
    pub(crate) asked: u64,
}

#[derive(Debug)]
struct Pending {
    target: ReplicaId,
    /// The number of the first ping, less one.
    nonce: u64,
    attempts: u32,
    attempts_max: u32,
    /// How long each ping waits for its answer.
    timeout: Duration,
    sent_at: Instant,
    deadline: Instant,
    stage: Stage,
    /// Whether one of those who pinged for us said that it got no answer either.
    nacked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// We ping.
    Direct,
    /// Others do.
    Indirect,
}

/// An answer that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) target: ReplicaId,
    /// How long it took, if there is no doubt.
    pub(crate) took: Option<Duration>,
}

impl Probe {
    pub(crate) fn new(now: Instant, config: &Config, random: &mut Random) -> Self {
        let part = u32::try_from(random.below(1_024)).unwrap_or(0);
        Self {
            pending: None,
            next_at: now + config.probe_every / 1_024 * part,
            doubted: VecDeque::new(),
            silent: None,
            probed: None,
            loss: Loss::new(),
            health: Health::new(now),
            asked: 0,
        }
    }

    /// Takes in an answer, by the member itself or by whoever pinged it for us.
    pub(crate) fn handle_ack(&mut self, now: Instant, nonce: u64) -> Option<Answer> {
        let pending = self.pending.take_if(|pending| pending.nonce == nonce & !ATTEMPT_MASK)?;
        self.hurry(now);
        let attempt = u32::try_from(nonce & ATTEMPT_MASK).unwrap_or(0);
        self.loss.observe(attempt == 1);
        self.health.heal(now);
        Some(Answer { target: pending.target, took: pending.took(now, attempt) })
    }

    /// Takes note that somebody who pinged for us got no answer either.
    pub(crate) fn handle_nack(&mut self, nonce: u64) {
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.nonce == nonce) {
            pending.nacked = true;
        }
    }

    /// Probes a member out of turn.
    pub(crate) fn doubt(&mut self, now: Instant, replica: ReplicaId) {
        let is_probed = self.pending.as_ref().is_some_and(|pending| pending.target == replica);
        let is_known = is_probed || self.doubted.contains(&replica);
        if !is_known && self.doubted.len() < DOUBTED_MAX {
            self.doubted.push_back(replica);
            self.hurry(now);
        }
    }

    /// Begins the next probe at once if it is out of turn.
    fn hurry(&mut self, now: Instant) {
        if self.pending.is_none() && !self.doubted.is_empty() {
            self.next_at = self.next_at.min(now);
        }
    }

    /// Takes note that we slept: who could not reach us is not to be blamed.
    pub(crate) fn handle_sleep(&mut self) {
        self.pending = None;
    }

    /// Takes note that we are in touch again: who could not be heard is not to be blamed.
    pub(crate) fn handle_return(&mut self) {
        self.pending = None;
        self.doubted.clear();
        self.silent = None;
    }

    /// Repeats or ends the probe under way, or starts the next one.
    pub(crate) fn handle_timeout<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &mut Membership<A>,
        everybody: RoundTrip,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        if self.pending.as_ref().is_some_and(|pending| pending.deadline <= now) {
            self.go_on(now, config, members, random, out);
        }
        if self.next_at <= now {
            self.next_at = now + self.health.stretch(random.around(config.probe_every));
            if self.pending.is_none() {
                self.start(now, config, members, everybody, random, out);
            }
        }
    }

    /// Takes the member that left its last probe unanswered.
    pub(crate) const fn take_silent(&mut self) -> Option<ReplicaId> {
        self.silent.take()
    }

    /// Takes the member that was pinged last.
    pub(crate) const fn take_probed(&mut self) -> Option<ReplicaId> {
        self.probed.take()
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.pending.as_ref().map_or(self.next_at, |pending| pending.deadline.min(self.next_at))
    }

    fn start<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &mut Membership<A>,
        everybody: RoundTrip,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        let doubted = self.doubted.pop_front().filter(|it| members.is_reachable(*it));
        let Some(target) = doubted.or_else(|| members.next_in_round(random)) else { return };
        let round_trip = members.round_trip(target).or(everybody);
        let timeout = self.health.stretch(round_trip.timeout(config.probe_timeout));
        let pending = Pending {
            target,
            nonce: random.next() >> 32 & !ATTEMPT_MASK,
            attempts: 1,
            attempts_max: self.attempts(timeout, config),
            timeout,
            sent_at: now,
            deadline: now + timeout,
            stage: Stage::Direct,
            nacked: false,
        };
        pending.send(members, out);
        self.probed = Some(target);
        self.pending = Some(pending);
    }

    /// How many pings it takes and how many there is time for until the next probe, if others are
    /// to be asked in that time too.
    fn attempts(&self, timeout: Duration, config: &Config) -> u32 {
        let time = self.health.stretch(config.probe_every.saturating_sub(config.probe_timeout));
        let fit = time.as_nanos() / timeout.as_nanos().max(1);
        let most = u32::try_from(fit).unwrap_or(u32::MAX).max(config.probe_attempts);
        self.loss.attempts(config.probe_attempts, most.min(ATTEMPTS_MAX), config.probe_indirect)
    }

    /// Pings again; asks others; gives up.
    fn go_on<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        let Some(pending) = self.pending.as_mut() else { return };
        if pending.attempts < pending.attempts_max {
            pending.attempts += 1;
            pending.deadline = now + pending.timeout;
            pending.send(members, out);
        } else if pending.stage == Stage::Direct {
            pending.stage = Stage::Indirect;
            pending.deadline = now + self.health.stretch(config.probe_timeout);
            self.asked += pending.ask_others(config.probe_indirect, members, random, out);
        } else {
            if !pending.nacked {
                self.health.worsen();
            }
            self.silent = Some(pending.target);
            self.pending = None;
            self.hurry(now);
        }
    }
}

impl Pending {
    /// How long the answer to an attempt took; nothing if it came by way of others.
    fn took(&self, now: Instant, attempt: u32) -> Option<Duration> {
        let repeats = attempt.checked_sub(1).filter(|repeats| *repeats < self.attempts)?;
        Some(now.since(self.sent_at + self.timeout.saturating_mul(repeats)))
    }

    fn send<A: Address>(&self, members: &Membership<A>, out: &mut Outbox<A>) {
        ping(self.target, self.nonce | u64::from(self.attempts), members, out);
    }

    /// Asks random members to ping the target for us. Returns how many were asked.
    fn ask_others<A: Address>(
        &self,
        count: usize,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) -> u64 {
        let target = members.address(self.target);
        let Some(tag) = members.tag(self.target) else { return 0 };
        let others = members.draw(random, count.saturating_add(1));
        let others = others.iter().filter(|other| Some(*other) != target).take(count);
        others.map(|other| out.ping_for(other, tag, self.nonce)).count() as u64
    }
}

/// Pings a member, and tells it what is said against it so that it can refute: the buddy of
/// Dadgar, Phillips and Currey, "Lifeguard" (DSN-W 2018), section IV-C.
pub(crate) fn ping<A: Address>(
    target: ReplicaId,
    nonce: u64,
    members: &Membership<A>,
    out: &mut Outbox<A>,
) {
    let Some(address) = members.address(target) else { return };
    out.ping(address, nonce);
    if let Some(claim) = members.claim_against(target) {
        out.claim(address, claim);
    }
}
