//! Asking members, one after the other, whether they are there.
//!
//! Das, Gupta and Motivala, "SWIM" (DSN 2002), section 4.3: each member is probed once per round
//! in an order shuffled anew each round, which bounds the time to the first probe of a crashed
//! member. A probe is repeated before its target is suspected, since datagrams get lost.

use alloc::vec::Vec;
use core::time::Duration;

use rumormill_crdt::ReplicaId;

use crate::{Address, Config, Instant, membership::Membership, outbox::Outbox, random::Random};

/// Whom we probe, and what we wait for.
#[derive(Debug)]
pub(crate) struct Probe {
    round: Vec<ReplicaId>,
    pending: Option<Pending>,
    next_at: Instant,
    /// The member that did not answer, to be suspected.
    silent: Option<ReplicaId>,
    /// The member that a ping is on its way to, to be compared with on this occasion.
    probed: Option<ReplicaId>,
}

#[derive(Debug)]
struct Pending {
    target: ReplicaId,
    nonce: u64,
    attempts: u32,
    sent_at: Instant,
    deadline: Instant,
}

impl Probe {
    pub(crate) fn new(now: Instant, config: &Config, random: &mut Random) -> Self {
        let next_at = now + random.around(config.probe_every);
        Self { round: Vec::new(), pending: None, next_at, silent: None, probed: None }
    }

    /// Takes in an answer: returns whose it is, and how long it took if there is no doubt.
    pub(crate) fn handle_ack(
        &mut self,
        now: Instant,
        nonce: u64,
    ) -> Option<(ReplicaId, Option<Duration>)> {
        let pending = self.pending.take_if(|pending| pending.nonce == nonce)?;
        let took = (pending.attempts == 1).then(|| now.since(pending.sent_at));
        Some((pending.target, took))
    }

    /// Repeats or ends the probe under way, or starts the next one.
    pub(crate) fn handle_timeout<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.deadline <= now) {
            if pending.attempts < config.probe_attempts {
                pending.attempts += 1;
                pending.deadline = now + config.probe_timeout;
                send(pending, members, out);
                self.probed = Some(pending.target);
            } else {
                self.silent = Some(pending.target);
                self.pending = None;
            }
        }
        if self.next_at <= now {
            self.next_at = now + random.around(config.probe_every);
            if self.pending.is_none() {
                self.start(now, config, members, random, out);
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
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        if self.round.is_empty() {
            self.round.extend_from_slice(members.reachable());
            random.shuffle(&mut self.round);
        }
        while let Some(target) = self.round.pop() {
            if members.is_reachable(target) {
                let (nonce, deadline) = (random.next() >> 32, now + config.probe_timeout);
                let pending = Pending { target, nonce, attempts: 1, sent_at: now, deadline };
                send(&pending, members, out);
                self.probed = Some(target);
                self.pending = Some(pending);
                return;
            }
        }
    }
}

fn send<A: Address>(pending: &Pending, members: &Membership<A>, out: &mut Outbox<A>) {
    let Some(address) = members.address(pending.target) else { return };
    out.ping(address, pending.nonce);
    if let Some(claim) = members.claim_against(pending.target) {
        out.claim(address, claim);
    }
}
