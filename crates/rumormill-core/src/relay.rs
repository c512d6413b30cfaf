//! Pinging for others.
//!
//! Das, Gupta and Motivala, "SWIM" (DSN 2002), section 4.1: whoever gets no answer asks others
//! to try. Who asks is told in any case, so that it knows whether it is itself that nobody hears:
//! the nack of Dadgar, Phillips and Currey, "Lifeguard" (DSN-W 2018), section IV-A.
//!
//! Nobody can use this to flood somebody else. Members alone are served, at the addresses that
//! their rows name, and each with one question at a time; one ping leaves for it, to the address that
//! the row of its target names; and what goes back is on the account of the question (see `outbox/guests`).

use alloc::collections::VecDeque;
use core::time::Duration;

use rumormill_crdt::ReplicaId;

use crate::{
    Address, Config, Instant, membership::Membership, outbox::Outbox, probe, random::Random,
};

/// The most questions of others that are open; with more, the oldest are forgotten.
const RELAYS_MAX: usize = 64;

/// What others want to know of us: whether somebody is there.
#[derive(Debug)]
pub(crate) struct Relay<A> {
    /// Oldest first, so earliest deadline first.
    open: VecDeque<Question<A>>,
    /// How long an answer may take: less than who asked waits for ours, or that comes too late.
    timeout: Duration,
}

/// One question of somebody else.
#[derive(Debug)]
struct Question<A> {
    asker: A,
    /// The number by which the asker knows it.
    asked: u64,
    /// The number of our ping.
    nonce: u64,
    /// How many bytes came for which nothing went back, if the asker's address may not be real.
    credit: Option<usize>,
    deadline: Instant,
}

impl<A: Address> Relay<A> {
    pub(crate) fn new(config: &Config) -> Self {
        Self { open: VecDeque::new(), timeout: config.probe_timeout * 2 / 3 }
    }

    /// Pings a member for another one, unless that has a question open. Returns whether it did.
    pub(crate) fn handle_question(
        &mut self,
        now: Instant,
        (asker, asked): (&A, u64),
        target: ReplicaId,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) -> bool {
        if self.open.iter().any(|open| open.asker == *asker) {
            return false;
        }
        let (nonce, credit) = (random.next() >> 32, out.take_credit(asker));
        if self.open.len() >= RELAYS_MAX {
            self.open.pop_front();
        }
        let deadline = now + self.timeout;
        self.open.push_back(Question { asker: asker.clone(), asked, nonce, credit, deadline });
        probe::ping(target, nonce, members, out);
        true
    }

    /// Takes in an answer, and tells whoever asked.
    pub(crate) fn handle_ack(&mut self, nonce: u64, out: &mut Outbox<A>) {
        let found = self.open.iter().position(|open| open.nonce == nonce);
        if let Some(open) = found.and_then(|at| self.open.remove(at)) {
            open.answer(out, |asker, out| out.ack(asker, open.asked));
        }
    }

    /// Tells those whose targets did not answer in time. Returns how many there are.
    pub(crate) fn handle_timeout(&mut self, now: Instant, out: &mut Outbox<A>) -> u64 {
        let mut nacks = 0;
        while self.open.front().is_some_and(|open| open.deadline <= now) {
            let Some(open) = self.open.pop_front() else { break };
            open.answer(out, |asker, out| out.nack(asker, open.asked));
            nacks += 1;
        }
        nacks
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.open.front().map(|open| open.deadline)
    }

    /// Takes note that we slept: whoever asked has long since judged.
    pub(crate) fn handle_sleep(&mut self) {
        self.open.clear();
    }
}

impl<A: Address> Question<A> {
    fn answer(&self, out: &mut Outbox<A>, write: impl FnOnce(&A, &mut Outbox<A>)) {
        match self.credit {
            Some(credit) => out.on_account(&self.asker, credit, |out| write(&self.asker, out)),
            None => write(&self.asker, out),
        }
    }
}
