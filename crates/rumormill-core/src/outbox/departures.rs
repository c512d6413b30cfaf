//! What leaves next, and to whom.

use rumormill_crdt::{Life, Table};
use serde::Serialize;

use super::{
    Outbox,
    composition::{About, Composition},
    guests::Guest,
};
use crate::{
    budget::Scope,
    digest::Digest,
    message::Claim,
    seal::FRAME_LEN,
    sender::{Sender, Tag},
};

/// After so many datagrams to others an answer to an address that may not be real goes first.
const GUEST_WAIT_MAX: u32 = 8;

/// A datagram that lies in the caller's buffer.
#[derive(Debug)]
pub(crate) struct Composed<A> {
    pub(crate) to: A,
    pub(crate) len: usize,
    /// How many of the rumored claims ride along.
    pub(crate) claims: usize,
    pub(crate) deltas: u64,
    pub(crate) pings: u64,
    pub(crate) has_cells: bool,
    /// What finding out what differs took of it; 0 if there is nothing of that kind.
    pub(crate) digest_bytes: usize,
}

impl<A: Ord + Clone + Serialize> Outbox<A> {
    /// Composes the next datagram after the frame in `buf`, with as many of the `rumored` claims
    /// as fit: they ride along with whatever leaves anyway.
    pub(crate) fn compose(
        &mut self,
        scope: Scope,
        life: Life,
        (table, digest): (&Table, &Digest),
        rumored: &[Claim],
        buf: &mut [u8],
    ) -> Option<Composed<A>> {
        let about = About { life, table, digest, seal_len: self.seal_len };
        if scope == Scope::Urgent {
            return self.compose_urgent(about, rumored, buf);
        }
        if self.since_guest >= GUEST_WAIT_MAX {
            self.since_guest = 0;
            if let Some(composed) = self.compose_for_guest(about, buf) {
                return Some(composed);
            }
        }
        while let Some(to) = self.turns.pop_front() {
            let Some(mut letter) = self.take_out(&to) else { continue };
            let mut page = letter.begin(about, buf);
            page.challenge = self.guests.challenge_unless_proven(&to);
            page.is_reserve_firm = self.used_reserve;
            letter.write_to(about.life, rumored, &mut page);
            self.used_reserve = page.used_reserve;
            let claims = letter.say_along(rumored, &mut page);
            if page.has_messages() {
                if !letter.is_empty() {
                    self.add(&to, letter);
                }
                self.since_guest += 1;
                return Some(Composed::new(to, &page, claims));
            }
        }
        self.compose_for_guest(about, buf)
    }

    /// Composes what is said of liveness, and claims, to the peer for whom they wait longest. What
    /// else waits for it keeps its turn.
    fn compose_urgent(
        &mut self,
        about: About<'_>,
        rumored: &[Claim],
        buf: &mut [u8],
    ) -> Option<Composed<A>> {
        loop {
            let to = self.urgent.first()?;
            let mut letter = self.take_out(&to)?;
            let mut page = letter.begin(about, buf);
            letter.write_urgent(about.life, &mut page);
            let claims = letter.say_along(rumored, &mut page);
            self.put_back(&to, letter);
            if page.has_messages() {
                return Some(Composed::new(to, &page, claims));
            }
        }
    }

    /// Answers somebody whose address may not be real, as far as that is short enough. What is not
    /// waits, and the address is asked to show that it is.
    fn compose_for_guest(&mut self, about: About<'_>, buf: &mut [u8]) -> Option<Composed<A>> {
        while let Some((to, Guest { mut letter, credit, .. })) = self.guests.next() {
            let mut rest = letter.clone();
            let mut page = rest.begin(about, buf);
            rest.write_to(about.life, &[], &mut page);
            if !page.has_messages() {
                continue;
            }
            if page.datagram_len() <= credit {
                let composed = Composed::new(to.clone(), &page, 0);
                if !rest.is_empty() {
                    self.guests.go_on(to, rest, credit - composed.len);
                }
                return Some(composed);
            }
            let len_max = credit.min(buf.len());
            if len_max < FRAME_LEN + Sender::TAG_LEN + about.seal_len {
                self.guests.wait(to, letter, credit);
                continue;
            }
            let sender = Sender::Tag(Tag::of(about.life));
            let mut page = Composition::new(sender, about, &mut buf[..len_max]);
            // Its own ping first: were each to wait for the other's answer, none would come.
            letter.write_acks(&mut page);
            page.say_ping(self.guests.challenge(&to));
            if !page.has_messages() {
                self.guests.wait(to, letter, credit);
                continue;
            }
            let composed = Composed::new(to.clone(), &page, 0);
            self.guests.wait(to, letter, credit - composed.len);
            return Some(composed);
        }
        None
    }
}

impl<A> Composed<A> {
    const fn new(to: A, page: &Composition<'_>, claims: usize) -> Self {
        let len = page.datagram_len();
        let Composition { deltas, pings, has_cells, .. } = *page;
        Self { to, len, claims, deltas, pings, has_cells, digest_bytes: page.digest_bytes() }
    }
}
