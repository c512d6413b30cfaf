//! What is to be said to whom. Names are queued, bytes are made when a datagram leaves.

mod composition;
mod guests;

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use rumormill_crdt::{Life, ReplicaId, RowId, Since, Table, Version};
use rumormill_sketch::{Gap, Size, Stripe, Width};
use serde::Serialize;
use smallvec::SmallVec;

use self::{
    composition::Composition,
    guests::{Guest, Guests},
};
use crate::{
    digest::{Basis, Digest},
    message::{Claim, Lack, Message, More},
    sender::{Sender, Tag},
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

/// The most pings of one peer that wait for their answer.
const ACKS_MAX: usize = 4;

/// The most pings that wait for one peer, our own and those for others, and the most questions and
/// answers about pings for others.
const PINGS_MAX: usize = 4;

/// What is to be said, by peer; peers take turns.
#[derive(Debug)]
pub(crate) struct Outbox<A> {
    letters: BTreeMap<A, Letter>,
    turns: VecDeque<A>,
    /// How many rows wait in all letters.
    rows: usize,
    guests: Guests<A>,
    /// What found its queue full.
    pub(crate) shed: u64,
}

/// What is to be said to one peer.
#[derive(Clone, Debug, Default)]
struct Letter {
    /// Whether to spell out who we are: the peer does not know us.
    introduce: bool,
    /// Whether to ask the peer who it is.
    who: bool,
    who_is_dead: bool,
    acks: SmallVec<[u64; ACKS_MAX]>,
    pings: SmallVec<[u64; 2]>,
    pings_for: SmallVec<[(Tag, u64); 1]>,
    nacks: SmallVec<[u64; 1]>,
    /// Whether rumored claims are to be said even if nothing else is.
    claims_along: bool,
    claims: BTreeMap<ReplicaId, Claim>,
    compare: bool,
    /// A comparison with the salt of an audit.
    audit: Option<[u8; 16]>,
    differ: Option<Basis>,
    more: Option<More>,
    cells: Option<CellsOwed>,
    ask: Option<Wishes>,
    pull: bool,
    page: Option<RowId>,
    next_page: Option<RowId>,
    lack: Option<Lacking>,
    fill: Option<Fill>,
    requests: BTreeMap<RowId, Since>,
    /// Rows to name, and whether the peer may never have heard of them.
    announced: BTreeMap<RowId, bool>,
    deltas: BTreeMap<RowId, Owed>,
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
    pub(crate) const fn new(secret: [u8; 16]) -> Self {
        let guests = Guests::new(secret);
        Self { letters: BTreeMap::new(), turns: VecDeque::new(), rows: 0, guests, shed: 0 }
    }

    /// What is written to `from` until [`end_answer`](Self::end_answer) is an answer to `len` bytes.
    pub(crate) fn begin_answer(&mut self, from: &A, len: usize) {
        self.guests.begin(from, len);
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
            self.rows += letter.rows();
            self.letters.insert(address.clone(), letter);
            self.turns.push_back(address.clone());
        }
    }

    /// Says whether this is the number of the ping by which we find out whether an address is real.
    pub(crate) fn is_challenge(&self, address: &A, nonce: u64) -> bool {
        self.guests.challenge(address) == nonce
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
        self.letter(to, |letter, _| push_bounded(&mut letter.acks, nonce, ACKS_MAX));
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

    /// Asks who is dead.
    pub(crate) fn who_is_dead(&mut self, to: &A) {
        self.note(to, |letter| letter.who_is_dead = true);
    }

    pub(crate) fn claim(&mut self, to: &A, claim: Claim) {
        self.letter(to, |letter, _| {
            let replica = claim.life.replica;
            let room = letter.claims.len() < CLAIMS_MAX || letter.claims.contains_key(&replica);
            if room {
                letter.claims.insert(replica, claim);
            }
            room
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
        self.note(to, |letter| letter.fill = Some(Fill { lack, next, left: FILL_ROWS_MAX }));
    }

    pub(crate) fn request(&mut self, to: &A, id: RowId, since: Since) {
        self.letter(to, |letter, room| insert_bounded(&mut letter.requests, id, since, room));
    }

    /// Queues what the peer asked for: what follows of a row.
    pub(crate) fn answer(&mut self, to: &A, id: RowId, since: Since) {
        let owed = Owed { since, hops: None };
        self.letter(to, |letter, room| insert_bounded(&mut letter.deltas, id, owed, room));
    }

    /// Queues what a peer lacks of a row that it shows at `from`. The peer may hold more in a
    /// staging, so what it asked for itself stands.
    pub(crate) fn offer(&mut self, to: &A, id: RowId, from: Version) {
        self.owe(to, id, Owed { since: from.into(), hops: None });
    }

    /// Queues what grew of a row since `from`, for the peer to pass on; so many did before.
    pub(crate) fn rumor(&mut self, to: &A, id: RowId, from: Version, hops: u8) {
        self.owe(to, id, Owed { since: from.into(), hops: Some(hops) });
    }

    /// Queues the name of a row that grew. Rows that are not new are named by a tag.
    pub(crate) fn announce(&mut self, to: &A, id: RowId, is_new: bool) {
        self.letter(to, |letter, room| insert_bounded(&mut letter.announced, id, is_new, room));
    }

    fn owe(&mut self, to: &A, id: RowId, owed: Owed) {
        self.letter(to, |letter, room| {
            letter.deltas.contains_key(&id) || insert_bounded(&mut letter.deltas, id, owed, room)
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty() && !self.guests.is_due()
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
        if let Some(letter) = self.guests.letter(to) {
            let room = letter.rows() < GUEST_ROWS_MAX;
            self.shed += u64::from(!write(letter, room));
            return;
        }
        let full = self.letters.len() >= LETTERS_MAX;
        let room = self.rows < ROWS_MAX;
        if let Some(letter) = self.letters.get_mut(to) {
            let before = letter.rows();
            self.shed += u64::from(!write(letter, room));
            self.rows = self.rows - before + letter.rows();
        } else if full {
            self.shed += 1;
        } else {
            let mut letter = Letter::default();
            self.shed += u64::from(!write(&mut letter, room));
            self.rows += letter.rows();
            self.letters.insert(to.clone(), letter);
            self.turns.push_back(to.clone());
        }
    }

    /// Composes the next datagram after the frame in `buf`, with as many of the `rumored` claims
    /// as fit: they ride along with whatever leaves anyway.
    pub(crate) fn compose(
        &mut self,
        life: Life,
        (table, digest): (&Table, &Digest),
        rumored: &[Claim],
        buf: &mut [u8],
    ) -> Option<Composed<A>> {
        while let Some(to) = self.turns.pop_front() {
            let Some(mut letter) = self.letters.remove(&to) else { continue };
            self.rows -= letter.rows();
            let mut page = letter.begin(life, (table, digest), buf);
            page.challenge = self.guests.challenge_unless_proven(&to);
            letter.write_to(&mut page);
            let claims = if page.has_messages() || core::mem::take(&mut letter.claims_along) {
                page.say_all(rumored)
            } else {
                0
            };
            if page.has_messages() {
                if !letter.is_empty() {
                    self.rows += letter.rows();
                    self.letters.insert(to.clone(), letter);
                    self.turns.push_back(to.clone());
                }
                return Some(Composed::new(to, &page, claims));
            }
        }
        self.compose_for_guest(life, (table, digest), buf)
    }

    /// Answers somebody whose address may not be real, as far as that is short enough. What is not
    /// waits, and the address is asked to show that it is.
    fn compose_for_guest(
        &mut self,
        life: Life,
        (table, digest): (&Table, &Digest),
        buf: &mut [u8],
    ) -> Option<Composed<A>> {
        while let Some((to, Guest { letter, credit, .. })) = self.guests.next() {
            let mut rest = letter.clone();
            let mut page = rest.begin(life, (table, digest), buf);
            rest.write_to(&mut page);
            if !page.has_messages() {
                continue;
            }
            if page.len <= credit {
                let composed = Composed::new(to.clone(), &page, 0);
                if !rest.is_empty() {
                    self.guests.go_on(to, rest, credit - composed.len);
                }
                return Some(composed);
            }
            let mut page = Composition::new(Sender::Tag(Tag::of(life)), (table, digest), buf);
            page.say_ping(self.guests.challenge(&to));
            let composed = Composed::new(to.clone(), &page, 0);
            self.guests.wait(to, letter, credit.saturating_sub(composed.len));
            return Some(composed);
        }
        None
    }
}

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

impl<A> Composed<A> {
    const fn new(to: A, page: &Composition<'_>, claims: usize) -> Self {
        let Composition { len, deltas, pings, has_cells, .. } = *page;
        Self { to, len, claims, deltas, pings, has_cells, digest_bytes: page.digest_bytes() }
    }
}

impl Letter {
    /// Begins a datagram.
    fn begin<'b>(
        &mut self,
        life: Life,
        about: (&'b Table, &'b Digest),
        buf: &'b mut [u8],
    ) -> Composition<'b> {
        let introduce = core::mem::take(&mut self.introduce);
        let sender = if introduce { Sender::Life(life) } else { Sender::Tag(Tag::of(life)) };
        Composition::new(sender, about, buf)
    }

    /// Says as much as fits, most urgent first; what was said is struck out. What finds out what
    /// differs goes before the rows that are known to: it is of the table as the peer knows it.
    fn write_to(&mut self, page: &mut Composition<'_>) {
        self.acks.retain(|nonce| !page.say(&Message::Ack { nonce: *nonce }));
        self.pings.retain(|nonce| !page.say_ping(*nonce));
        self.pings_for.retain(|(target, nonce)| !page.say_ping_for(*target, *nonce));
        self.nacks.retain(|nonce| !page.say(&Message::Nack { nonce: *nonce }));
        self.who &= !(self.who && page.say(&Message::Who));
        self.who_is_dead &= !(self.who_is_dead && page.say(&Message::WhoIsDead));
        self.claims.retain(|_, claim| !page.say(&Message::Claim((*claim).into())));
        self.compare &= !(self.compare && page.say_compare());
        self.audit.take_if(|salt| page.say_audit(*salt));
        self.differ.take_if(|basis| page.say_differ(*basis));
        self.more.take_if(|more| page.say(&Message::More(*more)));
        self.ask.take_if(|wishes| page.say_wishes(wishes));
        self.cells.take_if(|cells| page.say_cells(cells));
        self.pull &= !(self.pull && page.say_pull());
        self.next_page.take_if(|start| page.say(&Message::NextPage { start: *start }));
        self.requests.retain(|id, since| !page.say(&Message::Request { id: *id, since: *since }));
        if !self.announced.is_empty() {
            page.say_names(&mut self.announced);
        }
        while let Some((id, owed)) = self.deltas.pop_first() {
            if !page.say_delta(id, owed) {
                self.deltas.insert(id, owed);
                return;
            }
        }
        self.fill.take_if(|fill| page.say_fill(fill));
        self.lack.take_if(|lacking| page.say_lack(*lacking));
        self.page.take_if(|start| page.say_page(*start));
    }

    fn is_empty(&self) -> bool {
        self.acks.is_empty()
            && self.pings.is_empty()
            && self.pings_for.is_empty()
            && self.nacks.is_empty()
            && !self.claims_along
            && !self.who
            && !self.who_is_dead
            && self.claims.is_empty()
            && !self.compare
            && self.audit.is_none()
            && self.differ.is_none()
            && self.more.is_none()
            && self.ask.is_none()
            && self.cells.is_none()
            && !self.pull
            && self.page.is_none()
            && self.next_page.is_none()
            && self.lack.is_none()
            && self.fill.is_none()
            && self.requests.is_empty()
            && self.announced.is_empty()
            && self.deltas.is_empty()
    }

    /// How many rows are named.
    fn rows(&self) -> usize {
        let asked_for = self.ask.as_ref().map_or(0, |wishes| wishes.behind.len());
        self.requests.len() + self.announced.len() + self.deltas.len() + asked_for
    }
}

/// What a peer is to get of a row.
#[derive(Clone, Copy, Debug)]
struct Owed {
    since: Since,
    /// How many passed it on, if it is for the peer to pass on.
    hops: Option<u8>,
}

fn push_bounded<T: smallvec::Array>(
    items: &mut SmallVec<T>,
    item: T::Item,
    len_max: usize,
) -> bool {
    let room = items.len() < len_max;
    if room {
        items.push(item);
    }
    room
}

fn insert_bounded<T>(rows: &mut BTreeMap<RowId, T>, id: RowId, item: T, room: bool) -> bool {
    let room = room || rows.contains_key(&id);
    if room {
        rows.insert(id, item);
    }
    room
}
