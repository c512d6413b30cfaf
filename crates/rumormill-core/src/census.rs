//! Finding out who is dead.
//!
//! Rows say who there is, not who is there no more, and claims about the dead are passed on when
//! they die. Who was not there then would find out by probing them all, one a period. It asks
//! instead, until it takes as many for dead as two others do; who was asked sends its claims. Whom
//! they name it asks itself, and waits no longer than for that.
//!
//! Claims are rumors, which may miss somebody. As for rows (Demers et al., "Epidemic algorithms for
//! replicated database maintenance", PODC 1987, section 1.5), comparisons back them up: with one probe
//! in some the member is asked that is probed, and says nothing more if it takes the same for dead.

use crate::{Address, Config, Instant, membership::Membership, outbox::Outbox, random::Random};

/// So many have to take no more members for dead than we do.
const ANSWERS: u32 = 2;

/// With one in how many probes the member is asked.
const PROBES_PER_QUESTION: u32 = 8;

/// How often members are asked at most: probes find whom nobody tells of.
const ASKS_MAX: u32 = 16;

/// When to ask next, if there is something to find out.
#[derive(Debug, Default)]
pub(crate) struct Census {
    next_at: Option<Instant>,
    asks_left: u32,
    answers_left: u32,
    probes: u32,
}

impl Census {
    /// Begins to ask.
    pub(crate) const fn begin(&mut self, now: Instant) {
        self.next_at = Some(now);
        (self.asks_left, self.answers_left) = (ASKS_MAX, ANSWERS);
    }

    /// Asks a member that is probed, now and then.
    pub(crate) fn handle_probe<A: Address>(
        &mut self,
        peer: &A,
        members: &Membership<A>,
        out: &mut Outbox<A>,
    ) {
        self.probes = self.probes.wrapping_add(1);
        if self.probes.is_multiple_of(PROBES_PER_QUESTION) {
            out.who_is_dead(peer, members.dead_print());
        }
    }

    /// Asks a member at random, until enough was heard.
    pub(crate) fn handle_timeout<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        if self.next_at.take_if(|at| *at <= now).is_none() || self.asks_left == 0 {
            return;
        }
        self.asks_left -= 1;
        self.next_at = Some(now + config.request_timeout);
        if let Some(peer) = members.draw(random, 1).first() {
            // Long enough to be asked back by who does not know our address to be real.
            out.introduce(peer);
            out.who_is_dead(peer, members.dead_print());
        }
    }

    /// Takes note that somebody takes so many for dead, of whom it told us before, where we take
    /// `here` for dead by now.
    pub(crate) fn handle_answer(&mut self, there: u64, here: usize) {
        if there <= here as u64 {
            self.answers_left = self.answers_left.saturating_sub(1);
        }
        self.next_at.take_if(|_| self.answers_left == 0);
    }

    /// Says whether there is something to find out yet.
    pub(crate) const fn is_open(&self) -> bool {
        self.next_at.is_some()
    }

    pub(crate) const fn poll_timeout(&self) -> Option<Instant> {
        self.next_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_know_of_no_more_dead_are_enough() {
        let mut census = Census::default();
        assert_eq!(census.poll_timeout(), None);
        census.begin(Instant::default());
        census.handle_answer(3, 2);
        census.handle_answer(3, 3);
        assert!(census.poll_timeout().is_some(), "one is not enough");
        census.handle_answer(1, 3);
        assert_eq!(census.poll_timeout(), None);
    }
}
