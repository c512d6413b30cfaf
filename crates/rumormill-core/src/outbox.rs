//! What is to be said to whom. Names are queued, bytes are made when a datagram leaves.

mod class;
mod composition;
mod departures;
#[cfg(test)]
mod floods;
mod guests;
mod letter;
mod queue;
mod rounds;
mod urgent;

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use rumormill_crdt::{RowId, Since, Version};
use rumormill_sketch::{Gap, Size, Stripe, Width};
use serde::Serialize;

#[cfg(test)]
pub(crate) use self::guests::GUESTS_LEN_MAX;
use self::{
    guests::Guests,
    letter::{ACKS_MAX, Letter, Manner, Owed, PINGS_MAX, Wish, push_bounded},
    urgent::Urgent,
};
use crate::{
    Instant,
    budget::Scope,
    digest::Basis,
    message::{Claim, DeadPrint, Lack, More},
    sender::Tag,
};

/// The most peers that may have something waiting for them.
const LETTERS_MAX: usize = 4_096;

/// The most rows that may wait to be sent, or to be asked for, of all peers together: as many as
/// one large sketch can find.
const ROWS_MAX: usize = 32_768;

/// The most rows that may wait for one address that may not be real.
const GUEST_ROWS_MAX: usize = 256;

/// The most rows that are sent to whoever lacks them, for one question.
const FILL_ROWS_MAX: usize = 192;

/// The most claims that may wait for one peer.
pub(crate) const CLAIMS_MAX: usize = 1_024;

/// The most claims that may wait for one address that may not be real.
const GUEST_CLAIMS_MAX: usize = 256;

/// What is to be said, by peer; peers take turns.
#[derive(Debug)]
pub(crate) struct Outbox<A> {
    letters: BTreeMap<A, Letter>,
    turns: VecDeque<A>,
    urgent: Urgent<A>,
    /// How many rows wait in all letters.
    rows: usize,
    guests: Guests<A>,
    /// How many datagrams went to others since a guest was answered.
    since_guest: u32,
    /// Whether the last datagram used up the room that is kept for claims.
    used_reserve: bool,
    /// The bytes that follow each payload.
    seal_len: usize,
    /// What found its queue full.
    pub(crate) shed: u64,
}

/// Cells of a sketch that a peer is to get.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellsOwed {
    pub(crate) basis: Basis,
    pub(crate) size: Size,
    pub(crate) width: Width,
    /// Which cells are left to be sent.
    pub(crate) stripe: Stripe,
    pub(crate) with_strata: bool,
}

/// Of what part of the table a peer is to be told what we hold, under which salt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lacking {
    pub(crate) start: RowId,
    pub(crate) end: Option<RowId>,
    pub(crate) salt: [u8; 8],
}

/// The rows that a peer is to get since it lacks them.
#[derive(Clone, Debug)]
struct Fill {
    lack: Lack,
    /// Where to go on.
    next: RowId,
    /// The row that was sent last: what ends the answer may have to wait for the next datagram.
    said: Option<RowId>,
    /// How many more.
    left: usize,
}

/// What a peer is to be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub(crate) basis: Basis,
    /// How many rows were found to differ.
    pub(crate) found: usize,
    /// Those in which we are behind.
    pub(crate) behind: Vec<Gap>,
}

impl<A: Ord + Clone + Serialize> Outbox<A> {
    /// `secret` is for nobody else to know.
    pub(crate) const fn new(secret: [u8; 16], seal_len: usize) -> Self {
        Self {
            letters: BTreeMap::new(),
            turns: VecDeque::new(),
            urgent: Urgent::new(),
            rows: 0,
            guests: Guests::new(secret),
            since_guest: 0,
            used_reserve: false,
            seal_len,
            shed: 0,
        }
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        self.guests.handle_time(now);
    }

    /// How many answers to addresses that may not be real had to make room for others.
    pub(crate) const fn guests_forgotten(&self) -> u64 {
        self.guests.forgotten
    }

    /// What is written to `from` until [`end_answer`](Self::end_answer) is an answer to `len` bytes.
    pub(crate) fn begin_answer(&mut self, from: &A, len: usize) {
        self.guests.begin(from, len);
    }

    /// What is written to `to` until [`end_answer`](Self::end_answer) answers nothing. If the address may
    /// not be real it waits until more comes from there; unless it is a member's that was drawn.
    pub(crate) fn begin_question(&mut self, to: &A, is_drawn: bool) {
        if !is_drawn {
            self.guests.begin(to, 0);
        }
    }

    pub(crate) fn end_answer(&mut self) {
        self.guests.end();
    }

    /// Takes note that an answer came from an address to what we sent there.
    pub(crate) fn prove(&mut self, address: &A) {
        let Some(letter) = self.guests.prove(address) else { return };
        if self.letters.contains_key(address) || self.letters.len() >= LETTERS_MAX {
            self.shed += 1;
        } else {
            self.add(address, letter);
        }
    }

    /// Says whether this is the number of the ping by which we find out whether an address is real.
    pub(crate) fn is_challenge(&self, address: &A, nonce: u64) -> bool {
        self.guests.is_challenge(address, nonce)
    }

    /// Lets `write` write an answer to `len` bytes from `from`, in the middle of another answer.
    pub(crate) fn on_account(&mut self, from: &A, len: usize, write: impl FnOnce(&mut Self)) {
        let other = self.guests.interrupt();
        self.guests.begin(from, len);
        write(self);
        self.guests.resume(other);
    }

    /// Takes over how many bytes came from `from` that are yet to be answered, to answer them
    /// later; nothing if its address is known to be real.
    pub(crate) fn take_credit(&mut self, from: &A) -> Option<usize> {
        self.guests.take_credit(from)
    }

    pub(crate) fn ping(&mut self, to: &A, nonce: u64) {
        self.letter(to, |letter, _| push_bounded(&mut letter.pings, nonce, PINGS_MAX));
    }

    pub(crate) fn ack(&mut self, to: &A, nonce: u64) {
        self.letter(to, |letter, _| {
            letter.acks.contains(&nonce) || push_bounded(&mut letter.acks, nonce, ACKS_MAX)
        });
    }

    /// Asks a peer to ping somebody for us.
    pub(crate) fn ping_for(&mut self, to: &A, target: Tag, nonce: u64) {
        let question = (target, nonce);
        self.letter(to, |letter, _| push_bounded(&mut letter.pings_for, question, PINGS_MAX));
    }

    /// Tells a peer that whom we pinged for it did not answer.
    pub(crate) fn nack(&mut self, to: &A, nonce: u64) {
        self.letter(to, |letter, _| push_bounded(&mut letter.nacks, nonce, PINGS_MAX));
    }

    /// Has rumored claims said to a peer even if there is nothing else to say.
    pub(crate) fn claims_along(&mut self, to: &A) {
        self.note(to, |letter| letter.claims_along = true);
    }

    /// Spells out who we are in the next datagram to a peer, if there is one.
    pub(crate) fn introduce(&mut self, to: &A) {
        self.note(to, |letter| letter.introduce = true);
    }

    pub(crate) fn who(&mut self, to: &A) {
        self.note(to, |letter| letter.who = true);
    }

    /// Tells a peer what the owner of a row signed, of which the peer holds something else.
    pub(crate) fn attest(&mut self, to: &A, id: RowId) {
        self.note(to, |letter| letter.attest = Some(id));
    }

    /// Asks who is dead, if not those.
    pub(crate) fn who_is_dead(&mut self, to: &A, known: DeadPrint) {
        self.note(to, |letter| letter.who_is_dead = Some(known));
    }

    /// Says of how many dead members a peer is told.
    pub(crate) fn so_many_are_dead(&mut self, to: &A, dead: u64) {
        self.note(to, |letter| letter.dead = Some(dead));
    }

    pub(crate) fn claim(&mut self, to: &A, claim: Claim) {
        let claims_max = if self.guests.is_asking(to) { GUEST_CLAIMS_MAX } else { CLAIMS_MAX };
        self.letter(to, |letter, _| {
            let room = letter.claims.len() < claims_max;
            letter.claims.insert(claim.life.replica, claim, room)
        });
    }

    pub(crate) fn compare(&mut self, to: &A) {
        self.note(to, |letter| letter.compare = true);
    }

    pub(crate) fn audit(&mut self, to: &A, salt: [u8; 16]) {
        self.note(to, |letter| letter.audit = Some(salt));
    }

    /// Queues what our digest says on a basis of ours.
    pub(crate) fn differ(&mut self, to: &A, basis: Basis) {
        self.note(to, |letter| letter.differ = Some(basis));
    }

    pub(crate) fn more(&mut self, to: &A, more: More) {
        self.note(to, |letter| letter.more = Some(more));
    }

    /// Queues cells, in place of others that were not sent yet.
    pub(crate) fn cells(&mut self, to: &A, cells: CellsOwed) {
        self.note(to, |letter| letter.cells = Some(cells));
    }

    /// Queues what to ask for, in place of wishes that were not sent yet.
    pub(crate) fn ask(&mut self, to: &A, wishes: Wishes) {
        self.note(to, |letter| letter.ask = Some(wishes));
    }

    pub(crate) fn pull(&mut self, to: &A) {
        self.note(to, |letter| letter.pull = true);
    }

    pub(crate) fn page(&mut self, to: &A, start: RowId) {
        self.note(to, |letter| letter.page = Some(start));
    }

    pub(crate) fn next_page(&mut self, to: &A, start: RowId) {
        self.note(to, |letter| letter.next_page = Some(start));
    }

    /// Asks for the rows that we lack of a part of the table.
    pub(crate) fn lack(&mut self, to: &A, lacking: Lacking) {
        self.note(to, |letter| letter.lack = Some(lacking));
    }

    /// Sends what a peer lacks, and how far that reaches, in place of what it asked for before.
    pub(crate) fn fill(&mut self, to: &A, lack: Lack) {
        let next = lack.start;
        self.note(to, |letter| {
            letter.fill = Some(Fill { lack, next, said: None, left: FILL_ROWS_MAX })
        });
    }

    /// Asks for what follows of a row, spelled out or not.
    pub(crate) fn request(&mut self, to: &A, id: RowId, since: Since, is_spelled: bool) {
        let wish = Wish { since, is_spelled };
        self.letter(to, |letter, room| letter.requests.insert(id, wish, room));
    }

    /// Queues what the peer asked for: what follows of a row.
    pub(crate) fn answer(&mut self, to: &A, id: RowId, since: Since, is_spelled: bool) {
        let manner = if is_spelled { Manner::SpelledOut } else { Manner::Shortly };
        let owed = Owed { since, hops: None, manner };
        self.letter(to, |letter, room| {
            let room = room || letter.rumors.get(&id).is_some();
            letter.rumors.remove(&id);
            letter.deltas.insert(id, owed, room)
        });
    }

    /// Queues what a peer lacks of a row that it shows at `from`. The peer may hold more in a
    /// staging, so what it asked for itself stands.
    pub(crate) fn offer(&mut self, to: &A, id: RowId, from: Version) {
        self.owe(to, id, Owed { since: from.into(), hops: None, manner: Manner::Unmistakably });
    }

    /// Queues what grew of a row since `from`, for the peer to pass on; so many did before.
    pub(crate) fn rumor(&mut self, to: &A, id: RowId, from: Version, hops: u8) {
        self.owe(to, id, Owed { since: from.into(), hops: Some(hops), manner: Manner::Shortly });
    }

    /// Queues the name of a row that grew. Rows that are not new are named by a tag.
    pub(crate) fn announce(&mut self, to: &A, id: RowId, is_new: bool) {
        self.letter(to, |letter, room| letter.announced.insert(id, is_new, room));
    }

    fn owe(&mut self, to: &A, id: RowId, owed: Owed) {
        self.letter(to, |letter, room| {
            let waits = letter.deltas.get(&id).is_some() || letter.rumors.get(&id).is_some();
            let queue = if owed.hops.is_some() { &mut letter.rumors } else { &mut letter.deltas };
            waits || queue.insert(id, owed, room)
        });
    }

    /// Says whether nothing of a kind waits.
    pub(crate) fn is_empty(&self, scope: Scope) -> bool {
        match scope {
            Scope::Everything => self.turns.is_empty() && !self.guests.is_due(),
            Scope::Urgent => self.urgent.is_empty(),
        }
    }

    /// Writes to a peer's letter what there is room for in every letter.
    fn note(&mut self, to: &A, write: impl FnOnce(&mut Letter)) {
        self.letter(to, |letter, _| {
            write(letter);
            true
        });
    }

    /// Writes to a peer's letter; `write` is told whether there is room for more rows, and says
    /// whether it wrote.
    fn letter(&mut self, to: &A, write: impl FnOnce(&mut Letter, bool) -> bool) {
        if self.guests.is_asking(to) {
            let mut wrote = false;
            self.guests.write(to, |letter| wrote = write(letter, letter.rows() < GUEST_ROWS_MAX));
            self.shed += u64::from(!wrote);
            return;
        }
        let full = self.letters.len() >= LETTERS_MAX;
        let room = self.rows < ROWS_MAX;
        if let Some(letter) = self.letters.get_mut(to) {
            let before = letter.rows();
            self.shed += u64::from(!write(letter, room));
            self.rows = self.rows - before + letter.rows();
            self.urgent.follow(to, letter);
        } else if full {
            self.shed += 1;
        } else {
            let mut letter = Letter::default();
            self.shed += u64::from(!write(&mut letter, room));
            self.add(to, letter);
        }
    }

    /// Adds a letter to a peer for whom there is none.
    fn add(&mut self, to: &A, letter: Letter) {
        self.put_back(to, letter);
        self.turns.push_back(to.clone());
    }

    fn put_back(&mut self, to: &A, mut letter: Letter) {
        self.rows += letter.rows();
        self.urgent.follow(to, &mut letter);
        self.letters.insert(to.clone(), letter);
    }

    fn take_out(&mut self, to: &A) -> Option<Letter> {
        let mut letter = self.letters.remove(to)?;
        self.rows -= letter.rows();
        self.urgent.leave(&mut letter);
        Some(letter)
    }
}
