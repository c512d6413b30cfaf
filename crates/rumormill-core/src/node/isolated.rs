//! What a node does that hears nobody, and once it hears somebody again.

use super::Node;
use crate::{Address, isolation::Due};

/// How many members are contacted at a time by who hears nobody.
const CONTACTS: usize = 3;

impl<A: Address> Node<A> {
    /// Says whether nobody is heard, though there are members: no datagram was accepted for eight
    /// [`probe_every`](crate::Config::probe_every) in which at least three pings were sent. See
    /// [`Event::Isolated`](crate::Event::Isolated).
    #[must_use]
    pub const fn is_isolated(&self) -> bool {
        self.isolation.is_isolated()
    }

    /// Takes note that somebody was heard. What we made of the silence, if it was long, says
    /// nothing of others, and is taken back before anybody is told.
    pub(super) fn handle_sign_of_life(&mut self, from: &A) {
        self.reconcile.handle_sign_of_life(from);
        self.ageing.handle_sign_of_life(self.replica.table());
        if self.isolation.handle_sign_of_life(self.now) {
            self.members.take_back_verdicts(&mut self.events);
            self.probe.handle_return();
            self.members.speak_of_others(true);
            self.events.isolation(false);
            self.census.begin(self.now);
        }
        self.members.keep_verdicts();
    }

    /// Contacts some members, whatever is thought of them, and a seed, if nobody is heard.
    pub(super) fn ask_about(&mut self) {
        let Self { config, members, random, outbox: out, .. } = self;
        let Some(Due { is_new }) = self.isolation.handle_timeout(self.now, config, random) else {
            return;
        };
        if is_new {
            members.speak_of_others(false);
            self.events.isolation(true);
        }
        let seed = self.reconcile.draw_seed(random);
        for peer in members.draw_any(random, CONTACTS).into_iter().chain(seed) {
            // A ping, since it is answered whatever the tables are.
            out.introduce(&peer);
            out.ping(&peer, random.next() >> 32);
            out.compare(&peer);
        }
    }
}
