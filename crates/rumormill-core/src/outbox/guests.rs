//! Who has not shown yet that what is sent to an address arrives there.
//!
//! Whoever can forge the sender's address of a datagram could have us send much to somebody who
//! asked for nothing. So an answer that is longer than three times the question waits until the
//! address has answered a ping, as in RFC 9000, section 8. The ping's number is a keyed hash of
//! the address, so nothing has to be remembered of who was pinged.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use rumormill_crdt::{codec, keyed_hash};
use serde::Serialize;

use super::Letter;

/// How many times as much may be sent as was received.
const ANSWER_FACTOR: usize = 3;

/// The most addresses that are remembered to be real.
const PROVEN_MAX: usize = 4_096;

/// The most addresses whose answers wait.
const GUESTS_MAX: usize = 256;

/// Addresses that are known to be real, and answers to those that are not.
#[derive(Debug)]
pub(super) struct Guests<A> {
    secret: [u8; 16],
    proven: BTreeSet<A>,
    /// The proven in the order in which they were; the oldest are forgotten.
    order: VecDeque<A>,
    waiting: BTreeMap<A, Guest>,
    /// Who is next to be answered, or to be pinged.
    turns: VecDeque<A>,
    /// Whom we are answering, and how much it sent.
    asking: Option<(A, usize)>,
}

#[derive(Debug, Default)]
pub(super) struct Guest {
    pub(super) letter: Letter,
    /// How many bytes may be sent unproven.
    pub(super) credit: usize,
}

impl<A: Ord + Clone + Serialize> Guests<A> {
    pub(super) const fn new(secret: [u8; 16]) -> Self {
        Self {
            secret,
            proven: BTreeSet::new(),
            order: VecDeque::new(),
            waiting: BTreeMap::new(),
            turns: VecDeque::new(),
            asking: None,
        }
    }

    /// What is written from here on is an answer to `len` bytes from an address.
    pub(super) fn begin(&mut self, from: &A, len: usize) {
        self.asking = (!self.proven.contains(from)).then(|| (from.clone(), len));
    }

    /// What is written from here on is no answer.
    pub(super) fn end(&mut self) {
        self.asking = None;
    }

    /// The letter to write to if this is an answer to an address that may not be real.
    pub(super) fn letter(&mut self, to: &A) -> Option<&mut Letter> {
        let (from, len) = self.asking.as_mut()?;
        if from != to {
            return None;
        }
        let credit = ANSWER_FACTOR * core::mem::take(len);
        let is_new = !self.waiting.contains_key(to);
        if is_new && self.waiting.len() >= GUESTS_MAX {
            self.waiting.pop_first();
        }
        let guest = self.waiting.entry(to.clone()).or_default();
        guest.credit += credit;
        if credit > 0 {
            self.turns.push_back(to.clone());
        }
        Some(&mut guest.letter)
    }

    /// Takes the next guest who is to be answered, or pinged.
    pub(super) fn next(&mut self) -> Option<(A, Guest)> {
        while let Some(to) = self.turns.pop_front() {
            if let Some(guest) = self.waiting.remove(&to) {
                return Some((to, guest));
            }
        }
        None
    }

    /// Lets a guest wait until its address is proven.
    pub(super) fn wait(&mut self, to: A, guest: Guest) {
        self.waiting.insert(to, guest);
    }

    /// Lets a guest be answered further.
    pub(super) fn go_on(&mut self, to: A, guest: Guest) {
        self.turns.push_back(to.clone());
        self.wait(to, guest);
    }

    pub(super) fn has_turns(&self) -> bool {
        !self.turns.is_empty()
    }

    /// The number of the ping that proves an address.
    pub(super) fn challenge(&self, address: &A) -> u64 {
        let bytes: Vec<u8> = codec::encode_to_vec(address).unwrap_or_default();
        keyed_hash(self.secret, &bytes) >> 32
    }

    /// Takes note that an address is real, and returns what waited for that.
    pub(super) fn prove(&mut self, address: &A) -> Option<Letter> {
        if self.proven.insert(address.clone()) {
            self.order.push_back(address.clone());
            if self.order.len() > PROVEN_MAX {
                let forgotten = self.order.pop_front();
                forgotten.map(|forgotten| self.proven.remove(&forgotten));
            }
        }
        if self.asking.as_ref().is_some_and(|(from, _)| from == address) {
            self.asking = None;
        }
        self.waiting.remove(address).map(|guest| guest.letter)
    }
}
