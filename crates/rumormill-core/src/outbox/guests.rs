//! Who has not shown yet that what is sent to an address arrives there.
//!
//! Whoever can forge the sender's address of a datagram could have us send much to somebody who
//! asked for nothing. So an answer that is longer than three times the question waits until the
//! address has answered a ping, as in RFC 9000, section 8. The ping's number is a keyed hash of
//! the address, so nothing has to be remembered of who was pinged.

use alloc::{
    collections::{BTreeMap, VecDeque},
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
const GUESTS_MAX: usize = 1_024;

/// Addresses that are known to be real, and answers to those that are not.
#[derive(Debug)]
pub(super) struct Guests<A> {
    secret: [u8; 16],
    proven: Latest<A, ()>,
    waiting: Latest<A, Guest>,
    /// Whom we are answering, and how much it sent.
    asking: Option<(A, usize)>,
}

#[derive(Debug, Default)]
pub(super) struct Guest {
    pub(super) letter: Letter,
    /// How many bytes may be sent unproven.
    pub(super) credit: usize,
    /// Whether it is to be answered, or pinged, and not only waiting for its address to be proven.
    is_due: bool,
}

impl<A: Ord + Clone + Serialize> Guests<A> {
    pub(super) const fn new(secret: [u8; 16]) -> Self {
        Self {
            secret,
            proven: Latest::new(PROVEN_MAX),
            waiting: Latest::new(GUESTS_MAX),
            asking: None,
        }
    }

    /// What is written from here on is an answer to `len` bytes from an address.
    pub(super) fn begin(&mut self, from: &A, len: usize) {
        self.asking = self.proven.get_mut(from).is_none().then(|| (from.clone(), len));
    }

    /// What is written from here on is no answer.
    pub(super) fn end(&mut self) {
        self.asking = None;
    }

    /// Leaves off answering, for an answer to somebody else.
    pub(super) const fn interrupt(&mut self) -> Option<(A, usize)> {
        self.asking.take()
    }

    /// Goes on with the answer that was left off.
    pub(super) fn resume(&mut self, asking: Option<(A, usize)>) {
        self.asking = asking;
    }

    /// Takes over how much is left to be answered, if the address may not be real.
    pub(super) fn take_credit(&mut self, from: &A) -> Option<usize> {
        let asking = self.asking.as_mut().filter(|(asking, _)| asking == from);
        asking.map(|(_, len)| core::mem::take(len))
    }

    /// The letter to write to if this is an answer to an address that may not be real.
    pub(super) fn letter(&mut self, to: &A) -> Option<&mut Letter> {
        let (from, len) = self.asking.as_mut()?;
        if from != to {
            return None;
        }
        let credit = ANSWER_FACTOR * core::mem::take(len);
        if self.waiting.get_mut(to).is_none() {
            self.waiting.insert(to.clone(), Guest::default());
        }
        let guest = self.waiting.get_mut(to)?;
        guest.credit += credit;
        guest.is_due |= credit > 0;
        Some(&mut guest.letter)
    }

    /// Takes the guest who is to be answered, or pinged, and has waited longest for that.
    pub(super) fn next(&mut self) -> Option<(A, Guest)> {
        self.waiting.remove_first(|guest| guest.is_due)
    }

    /// Lets a guest wait until its address is proven.
    pub(super) fn wait(&mut self, to: A, letter: Letter, credit: usize) {
        self.waiting.insert(to, Guest { letter, credit, is_due: false });
    }

    /// Lets a guest be answered further.
    pub(super) fn go_on(&mut self, to: A, letter: Letter, credit: usize) {
        self.waiting.insert(to, Guest { letter, credit, is_due: true });
    }

    /// Says whether somebody is to be answered, or pinged.
    pub(super) fn is_due(&self) -> bool {
        self.waiting.values().any(|guest| guest.is_due)
    }

    /// The number of the ping that proves an address.
    pub(super) fn challenge(&self, address: &A) -> u64 {
        let bytes: Vec<u8> = codec::encode_to_vec(address).unwrap_or_default();
        keyed_hash(self.secret, &bytes) >> 32
    }

    /// The number of the ping that proves an address which is not proven.
    pub(super) fn challenge_unless_proven(&self, address: &A) -> Option<u64> {
        let is_proven = self.proven.entries.contains_key(address);
        (!is_proven).then(|| self.challenge(address))
    }

    /// Takes note that an address is real, and returns what waited for that.
    pub(super) fn prove(&mut self, address: &A) -> Option<Letter> {
        if self.proven.get_mut(address).is_none() {
            self.proven.insert(address.clone(), ());
        }
        self.asking.take_if(|(from, _)| from == address);
        self.waiting.remove(address).map(|guest| guest.letter)
    }
}

/// The latest entries of a map: with more than it may have, the oldest go.
#[derive(Debug)]
struct Latest<A, V> {
    entries: BTreeMap<A, V>,
    /// The keys, oldest first.
    order: VecDeque<A>,
    len_max: usize,
}

impl<A: Ord + Clone, V> Latest<A, V> {
    const fn new(len_max: usize) -> Self {
        Self { entries: BTreeMap::new(), order: VecDeque::new(), len_max }
    }

    fn get_mut(&mut self, key: &A) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values()
    }

    /// Adds an entry whose key is not there.
    fn insert(&mut self, key: A, value: V) {
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
        if self.order.len() > self.len_max {
            let oldest = self.order.pop_front();
            oldest.map(|oldest| self.entries.remove(&oldest));
        }
    }

    /// Removes the oldest entry of a kind.
    fn remove_first(&mut self, mut is_one: impl FnMut(&V) -> bool) -> Option<(A, V)> {
        let mut keys = self.order.iter();
        let key = keys.find(|key| self.entries.get(*key).is_some_and(&mut is_one))?.clone();
        let value = self.remove(&key)?;
        Some((key, value))
    }

    fn remove(&mut self, key: &A) -> Option<V> {
        let removed = self.entries.remove(key)?;
        self.order.retain(|it| it != key);
        Some(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_addresses_leaves_the_latest_and_nothing_else() {
        let mut guests = Guests::<u32>::new([7; 16]);
        for round in 0..3 {
            for address in 0..1_800 {
                guests.begin(&address, 50);
                assert!(guests.letter(&address).is_some(), "round {round}");
                guests.end();
            }
        }
        let mut answered = Vec::new();
        while let Some((to, guest)) = guests.next() {
            assert_eq!(guest.credit, 150);
            answered.push(to);
        }
        assert!(answered.into_iter().eq(776..1_800), "the oldest were forgotten");
        assert!(!guests.is_due());
    }

    #[test]
    fn who_is_proven_is_no_guest_until_thousands_of_others_are() {
        let mut guests = Guests::<u32>::new([7; 16]);
        let is_guest = |guests: &mut Guests<u32>| {
            guests.begin(&1, 50);
            let is_guest = guests.letter(&1).is_some();
            guests.end();
            is_guest
        };
        assert!(is_guest(&mut guests));
        assert!(guests.prove(&1).is_some(), "its answer waited");
        assert!(!is_guest(&mut guests));
        (2..=4_096).for_each(|other| drop(guests.prove(&other)));
        assert!(!is_guest(&mut guests));
        guests.prove(&5_000);
        assert!(is_guest(&mut guests));
    }
}
