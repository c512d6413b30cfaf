//! Who has not shown yet that what is sent to an address arrives there.
//!
//! Whoever can forge the sender's address of a datagram could have us send much to somebody who
//! asked for nothing. So no more bytes go to an address than came from it until it has answered a ping, as
//! in RFC 9000, section 8, but there it is three times as many. The ping's number is a keyed hash of the
//! address and the time, so nothing has to be remembered of who was pinged, and whoever answers it
//! is believed even if its answer, which waits here, had to make room for others meanwhile: it asks again.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::time::Duration;

use rumormill_crdt::{codec, keyed_hash};
use serde::Serialize;

use super::Letter;
use crate::Instant;

/// The most addresses that are remembered to be real.
const PROVEN_MAX: usize = 4_096;

/// The most bytes of memory that answers that wait take, about: as many as several hundred newcomers at
/// once need.
pub(crate) const GUESTS_LEN_MAX: usize = 1 << 20;

/// For so long a ping is good for its answer, and for as long again.
const PERIOD: Duration = Duration::from_secs(30);

/// The bits of the number of such a ping, which fit six bytes: with a million guesses a second, the
/// chance to find it in the minute that it is good for is 1 in 70,000.
const CHALLENGE_BITS: u32 = 42;

/// Addresses that are known to be real, and answers to those that are not.
#[derive(Debug)]
pub(super) struct Guests<A> {
    secret: [u8; 16],
    /// In which period we are.
    period: u64,
    proven: Latest<A, ()>,
    waiting: Latest<A, Box<Guest>>,
    /// The memory that waiting guests take.
    waiting_len: usize,
    /// How many had to make room for others.
    pub(super) forgotten: u64,
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
            period: 0,
            proven: Latest::new(),
            waiting: Latest::new(),
            waiting_len: 0,
            forgotten: 0,
            asking: None,
        }
    }

    pub(super) fn handle_time(&mut self, now: Instant) {
        self.period = now.since_origin().as_secs() / PERIOD.as_secs();
    }

    /// What is written from here on is an answer to `len` bytes from an address.
    pub(super) fn begin(&mut self, from: &A, len: usize) {
        self.asking = (!self.is_proven(from)).then(|| (from.clone(), len));
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

    /// Says whether what is written to an address is an answer to one that may not be real.
    pub(super) fn is_asking(&self, to: &A) -> bool {
        self.asking.as_ref().is_some_and(|(from, _)| from == to)
    }

    /// Writes to the letter of an address that may not be real, if this is an answer to that. Says
    /// whether it is.
    pub(super) fn write(&mut self, to: &A, write: impl FnOnce(&mut Letter)) -> bool {
        let Some((from, len)) = self.asking.as_mut().filter(|(from, _)| from == to) else {
            return false;
        };
        let (to, credit) = (from.clone(), core::mem::take(len));
        let mut guest = self.take(&to).unwrap_or_default();
        guest.credit += credit;
        guest.is_due |= credit > 0;
        write(&mut guest.letter);
        self.keep(to, guest);
        true
    }

    /// Takes the guest who is to be answered, or pinged, and has waited longest for that.
    pub(super) fn next(&mut self) -> Option<(A, Guest)> {
        let (to, guest) = self.waiting.remove_first(|guest| guest.is_due)?;
        self.waiting_len -= guest.memory_len();
        Some((to, *guest))
    }

    /// Lets a guest wait until its address is proven, or more comes from it.
    pub(super) fn wait(&mut self, to: A, letter: Letter, credit: usize) {
        self.keep(to, Guest { letter, credit, is_due: false });
    }

    /// Lets a guest be answered further.
    pub(super) fn go_on(&mut self, to: A, letter: Letter, credit: usize) {
        self.keep(to, Guest { letter, credit, is_due: true });
    }

    /// Keeps a guest; those who have waited longest make room for it.
    fn keep(&mut self, to: A, guest: Guest) {
        self.waiting_len += guest.memory_len();
        self.waiting.insert(to, Box::new(guest));
        while self.waiting_len > GUESTS_LEN_MAX {
            let Some((_, oldest)) = self.waiting.remove_first(|_| true) else { break };
            self.waiting_len -= oldest.memory_len();
            self.forgotten += 1;
        }
    }

    fn take(&mut self, address: &A) -> Option<Guest> {
        let guest = self.waiting.remove(address)?;
        self.waiting_len -= guest.memory_len();
        Some(*guest)
    }

    /// Says whether somebody is to be answered, or pinged.
    pub(super) fn is_due(&self) -> bool {
        self.waiting.values().any(|guest| guest.is_due)
    }

    /// The number of the ping that proves an address.
    pub(super) fn challenge(&self, address: &A) -> u64 {
        self.challenge_of(address, self.period)
    }

    /// Says whether this is the number of a ping that proves an address, sent not long ago.
    pub(super) fn is_challenge(&self, address: &A, nonce: u64) -> bool {
        let periods = [self.period, self.period.saturating_sub(1)];
        periods.iter().any(|period| self.challenge_of(address, *period) == nonce)
    }

    fn challenge_of(&self, address: &A, period: u64) -> u64 {
        let bytes: Vec<u8> = codec::encode_to_vec(&(period, address)).unwrap_or_default();
        keyed_hash(self.secret, &bytes) >> (u64::BITS - CHALLENGE_BITS)
    }

    /// The number of the ping that proves an address which is not proven.
    pub(super) fn challenge_unless_proven(&self, address: &A) -> Option<u64> {
        (!self.is_proven(address)).then(|| self.challenge(address))
    }

    /// Takes note that an address is real, and returns what waited for that.
    pub(super) fn prove(&mut self, address: &A) -> Option<Letter> {
        if !self.is_proven(address) {
            self.proven.insert(address.clone(), ());
            if self.proven.entries.len() > PROVEN_MAX {
                self.proven.remove_first(|()| true);
            }
        }
        self.asking.take_if(|(from, _)| from == address);
        self.take(address).map(|guest| guest.letter)
    }

    fn is_proven(&self, address: &A) -> bool {
        self.proven.entries.contains_key(address)
    }
}

impl Guest {
    /// The memory it takes, about.
    fn memory_len(&self) -> usize {
        size_of::<Self>() + self.letter.heap_len()
    }
}

/// A map that knows which of its entries are oldest.
#[derive(Debug)]
struct Latest<A, V> {
    /// The values, and when they came.
    entries: BTreeMap<A, (u64, V)>,
    order: BTreeMap<u64, A>,
    next: u64,
}

impl<A: Ord + Clone, V> Latest<A, V> {
    const fn new() -> Self {
        Self { entries: BTreeMap::new(), order: BTreeMap::new(), next: 0 }
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| value)
    }

    /// Adds an entry whose key is not there.
    fn insert(&mut self, key: A, value: V) {
        self.order.insert(self.next, key.clone());
        self.entries.insert(key, (self.next, value));
        self.next += 1;
    }

    /// Removes the oldest entry of a kind.
    fn remove_first(&mut self, mut is_one: impl FnMut(&V) -> bool) -> Option<(A, V)> {
        let mut keys = self.order.values();
        let is_one = |key: &&A| self.entries.get(*key).is_some_and(|(_, value)| is_one(value));
        let key = keys.find(is_one)?.clone();
        let value = self.remove(&key)?;
        Some((key, value))
    }

    fn remove(&mut self, key: &A) -> Option<V> {
        let (came, value) = self.entries.remove(key)?;
        self.order.remove(&came);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::new(Duration::from_secs(secs))
    }

    #[test]
    fn a_flood_of_addresses_leaves_the_latest_and_nothing_else() {
        let mut guests = Guests::<u32>::new([7; 16]);
        for address in 0..10_000 {
            guests.begin(&address, 50);
            assert!(guests.write(&address, |_| ()));
            guests.end();
            assert!(guests.waiting_len <= GUESTS_LEN_MAX);
        }
        let mut answered = Vec::new();
        while let Some((to, guest)) = guests.next() {
            assert_eq!(guest.credit, 50);
            answered.push(to);
        }
        let oldest = 10_000 - u32::try_from(answered.len()).expect("few");
        assert!((1_000..1_300).contains(&answered.len()), "{}", answered.len());
        assert!(answered.into_iter().eq(oldest..10_000), "the oldest were forgotten");
        assert_eq!((guests.is_due(), guests.waiting_len), (false, 0));
        assert_eq!(guests.forgotten, u64::from(oldest));
    }

    #[test]
    fn who_is_proven_is_no_guest_until_thousands_of_others_are() {
        let mut guests = Guests::<u32>::new([7; 16]);
        let is_guest = |guests: &mut Guests<u32>| {
            guests.begin(&1, 50);
            let is_guest = guests.write(&1, |_| ());
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

    #[test]
    fn an_answer_proves_the_address_that_was_pinged_for_a_minute_at_most() {
        let mut guests = Guests::<u32>::new([7; 16]);
        guests.handle_time(at(1_000));
        let challenge = guests.challenge(&1);
        assert!(challenge < 1 << 42);
        assert!(guests.is_challenge(&1, challenge) && !guests.is_challenge(&2, challenge));
        assert!(
            !Guests::<u32>::new([8; 16]).is_challenge(&1, challenge),
            "others have other secrets"
        );
        guests.handle_time(at(1_030));
        assert!(guests.is_challenge(&1, challenge), "it was sent less than 30 seconds ago");
        guests.handle_time(at(1_060));
        assert!(!guests.is_challenge(&1, challenge));
    }
}
