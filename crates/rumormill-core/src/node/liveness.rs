//! Asking who is there, and judging who is not.

use core::time::Duration;

use rumormill_crdt::ReplicaId;

use super::Node;
use crate::{
    Address, Instant,
    health::is_late,
    membership::{Heard, Patience},
    message::{Claim, ClaimedStanding},
    probe::Answer,
    sender::Tag,
};

impl<A: Address> Node<A> {
    /// Asks who is there, and judges who is not.
    pub(super) fn detect_failures(&mut self) {
        let (now, everybody) = (self.now, self.transfer.round_trip());
        let Self { config, members, random, outbox: out, .. } = self;
        self.probe.handle_timeout(now, config, members, everybody, random, out);
        if let Some(silent) = self.probe.take_silent() {
            self.suspect(silent);
        }
        let (patience, is_isolated) = (self.patience(), self.is_isolated());
        let Self { config, members, random, outbox: out, events, .. } = self;
        self.stats.nacks_sent += self.relay.handle_timeout(now, out);
        members.handle_timeout(now, patience, events);
        while let Some((address, claim)) = members.take_last_asked() {
            if !is_isolated {
                out.claim(address, claim);
            }
        }
        while let Some(doubted) = members.take_doubted() {
            self.probe.doubt(now, doubted);
        }
        for hearer in members.take_hearers(now, config, random) {
            out.claims_along(&hearer);
        }
    }

    fn suspect(&mut self, silent: ReplicaId) {
        let patience = self.patience();
        let claim = self.members.suspect(self.now, silent, patience, &mut self.events);
        let address = self.members.address(silent);
        if let Some((claim, address)) = claim.zip(address) {
            self.stats.suspicions += 1;
            if !self.is_isolated() {
                self.outbox.claim(address, claim);
            }
        }
    }

    pub(super) fn handle_ack(&mut self, from: &A, nonce: u64) {
        let answered = self.probe.handle_ack(self.now, nonce);
        let is_there = |answer: Answer| self.members.address(answer.target) == Some(from);
        if answered.is_some_and(is_there) || self.outbox.is_challenge(from, nonce) {
            self.outbox.prove(from);
        }
        match answered {
            Some(Answer { target, took: Some(took) }) => {
                self.transfer.observe(took);
                self.members.observe(target, took);
            }
            Some(Answer { took: None, .. }) => {}
            None => self.relay.handle_ack(nonce, &mut self.outbox),
        }
    }

    /// Pings a member for another one.
    pub(super) fn ping_for(&mut self, asker: &A, target: Tag, asked: u64) {
        let Some(target) = self.members.tagged(target) else { return };
        let Self { now, members, random, outbox: out, relay, .. } = self;
        let asked = (asker, asked);
        let pinged = relay.handle_question(*now, asked, target, members, random, out);
        self.stats.pings_for_others += u64::from(pinged);
    }

    pub(super) fn handle_claim(&mut self, from: &A, claim: Claim) {
        self.members.note_claim(claim);
        let asks = self.census.is_open() && claim.standing == ClaimedStanding::Dead;
        let patience = if asks { self.patience().of_who_asks() } else { self.patience() };
        let jumps = self.members.hearsay.jumps;
        let heard = self.members.handle_claim(self.now, claim, patience, &mut self.events);
        if self.members.hearsay.jumps > jumps {
            self.events.implausible(claim.life.replica, from);
        }
        // Whoever doubts us has not heard what we say, however often we said it.
        if claim.doubts(self.life()) {
            self.outbox.claim(from, self.members.answer_to(claim));
            if heard == Heard::News {
                self.probe.health.worsen();
            }
            if self.members.is_worn_out() {
                self.live_anew();
            }
        }
        if heard == Heard::Return {
            self.reconcile.hurry_to_the_dead(self.now, &self.config, &mut self.random);
        }
        if heard == Heard::OldDeath || heard == Heard::Suspicion && self.is_called_on() {
            self.probe.doubt(self.now, claim.life.replica);
        }
    }

    /// Says whether we look at a suspect ourselves before its turn: some members at random do, about
    /// twice as many as it takes to confirm a suspicion, since by turns alone a large population
    /// takes as many seconds for that as it takes confirmations.
    fn is_called_on(&mut self) -> bool {
        let volunteers = self.config.suspicion_confirmations.saturating_mul(2);
        self.random.below(self.members.population()) < volunteers
    }

    /// Notices that nothing reached us for a while in which something was due: the process was
    /// stopped, or the machine. Nobody is judged by what happened meanwhile.
    pub(super) fn notice_sleep(&mut self, now: Instant) {
        if is_late(now.since(self.now), &self.config) {
            let slept = now.since(self.now).min(self.lateness(now));
            if is_late(slept, &self.config) {
                self.members.handle_sleep(slept);
                self.probe.handle_sleep();
                self.isolation.handle_sleep(slept);
                self.relay.handle_sleep();
            }
        }
    }

    /// How much later it is than we wanted to be woken.
    pub(super) fn lateness(&self, now: Instant) -> Duration {
        self.poll_timeout().map_or(Duration::ZERO, |due| now.since(due))
    }

    /// Brings us to the end of the incarnations of this life, but for one.
    #[cfg(test)]
    pub(crate) const fn wear_out(&mut self) {
        self.members.wear_out();
    }

    /// Says whether what we have to say waited for the budget lately: then it is likely that what others
    /// have to say waits too.
    pub(super) fn is_held_back(&self) -> bool {
        self.now < self.held_back_until
    }

    fn patience(&self) -> Patience {
        let patience = Patience::new(self.members.population(), &self.config);
        if self.is_held_back() { patience.doubled() } else { patience }
    }
}
