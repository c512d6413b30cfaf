//! What is to be said to whom. Names are queued, bytes are made when a datagram leaves.

use alloc::collections::{BTreeMap, VecDeque};

use rumormill_crdt::{Bytes, Key, Life, ReplicaId, RowDelta, RowId, Since, Table, Version, codec};
use smallvec::SmallVec;

use crate::{
    message::{Claim, Fingerprint, Message, Page},
    seal::FRAME_LEN,
};

/// The most peers that may have something waiting for them.
const LETTERS_MAX: usize = 4_096;

/// The most rows that may wait to be sent to one peer, or to be asked of it.
const ROWS_MAX: usize = 1_024;

/// The most pings of one peer that wait for their answer.
const ACKS_MAX: usize = 4;

/// The least room for which starting on a delta or a page is worth it.
const ROOM_MIN: usize = 128;

/// What is to be said, by peer; peers take turns.
#[derive(Debug)]
pub(crate) struct Outbox<A> {
    letters: BTreeMap<A, Letter>,
    turns: VecDeque<A>,
    /// What found its queue full.
    pub(crate) shed: u64,
}

/// What is to be said to one peer.
#[derive(Debug, Default)]
struct Letter {
    acks: SmallVec<[u64; ACKS_MAX]>,
    ping: Option<u64>,
    claims: BTreeMap<ReplicaId, Claim>,
    compare: Option<RowId>,
    pull: bool,
    page: Option<RowId>,
    next_page: Option<RowId>,
    requests: BTreeMap<RowId, Since>,
    deltas: BTreeMap<RowId, Owed>,
}

impl<A: Ord + Clone> Outbox<A> {
    pub(crate) const fn new() -> Self {
        Self { letters: BTreeMap::new(), turns: VecDeque::new(), shed: 0 }
    }

    pub(crate) fn ping(&mut self, to: &A, nonce: u64) {
        self.letter(to, |letter| {
            letter.ping = Some(nonce);
            true
        });
    }

    pub(crate) fn ack(&mut self, to: &A, nonce: u64) {
        self.letter(to, |letter| {
            let room = letter.acks.len() < ACKS_MAX;
            if room {
                letter.acks.push(nonce);
            }
            room
        });
    }

    pub(crate) fn claim(&mut self, to: &A, claim: Claim) {
        self.letter(to, |letter| {
            let replica = claim.life.replica;
            let room = letter.claims.len() < ROWS_MAX || letter.claims.contains_key(&replica);
            if room {
                letter.claims.insert(replica, claim);
            }
            room
        });
    }

    pub(crate) fn compare(&mut self, to: &A, start: RowId) {
        self.letter(to, |letter| {
            letter.compare = Some(start);
            true
        });
    }

    pub(crate) fn pull(&mut self, to: &A) {
        self.letter(to, |letter| {
            letter.pull = true;
            true
        });
    }

    pub(crate) fn page(&mut self, to: &A, start: RowId) {
        self.letter(to, |letter| {
            letter.page = Some(start);
            true
        });
    }

    pub(crate) fn next_page(&mut self, to: &A, start: RowId) {
        self.letter(to, |letter| {
            letter.next_page = Some(start);
            true
        });
    }

    pub(crate) fn request(&mut self, to: &A, id: RowId, since: Since) {
        self.letter(to, |letter| insert_bounded(&mut letter.requests, id, since));
    }

    /// Queues what the peer asked for: what follows of a row.
    pub(crate) fn answer(&mut self, to: &A, id: RowId, since: Since) {
        let owed = Owed { since, is_rumor: false };
        self.letter(to, |letter| insert_bounded(&mut letter.deltas, id, owed));
    }

    /// Queues what a peer lacks of a row that it shows at `from`. The peer may hold more in a
    /// staging, so what it asked for itself stands.
    pub(crate) fn offer(&mut self, to: &A, id: RowId, from: Version) {
        self.owe(to, id, Owed { since: from.into(), is_rumor: false });
    }

    /// Queues what grew of a row since `from`, for the peer to pass on.
    pub(crate) fn rumor(&mut self, to: &A, id: RowId, from: Version) {
        self.owe(to, id, Owed { since: from.into(), is_rumor: true });
    }

    fn owe(&mut self, to: &A, id: RowId, owed: Owed) {
        self.letter(to, |letter| {
            letter.deltas.contains_key(&id) || insert_bounded(&mut letter.deltas, id, owed)
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    fn letter(&mut self, to: &A, write: impl FnOnce(&mut Letter) -> bool) {
        let full = self.letters.len() >= LETTERS_MAX;
        if let Some(letter) = self.letters.get_mut(to) {
            self.shed += u64::from(!write(letter));
        } else if full {
            self.shed += 1;
        } else {
            let mut letter = Letter::default();
            write(&mut letter);
            self.letters.insert(to.clone(), letter);
            self.turns.push_back(to.clone());
        }
    }

    /// Composes the next datagram after the frame in `buf`, with as many of the `rumored` claims
    /// as fit: they ride along with whatever leaves anyway.
    pub(crate) fn compose(
        &mut self,
        sender: Life,
        table: &Table,
        rumored: &[Claim],
        buf: &mut [u8],
    ) -> Option<Composed<A>> {
        while let Some(to) = self.turns.pop_front() {
            let Some(mut letter) = self.letters.remove(&to) else { continue };
            let mut page = Composition::new(sender, buf);
            letter.write_to(table, &mut page);
            if page.has_messages() {
                let claims = page.say_all(rumored);
                let digest_bytes = page.digest_bytes();
                let Composition { len, deltas, pings, .. } = page;
                if !letter.is_empty() {
                    self.letters.insert(to.clone(), letter);
                    self.turns.push_back(to.clone());
                }
                return Some(Composed { to, len, claims, deltas, pings, digest_bytes });
            }
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
    /// What finding out what differs took of it; 0 if there is nothing of that kind.
    pub(crate) digest_bytes: usize,
}

impl Letter {
    /// Says as much as fits, most urgent first; what was said is struck out.
    fn write_to(&mut self, table: &Table, page: &mut Composition<'_>) {
        self.acks.retain(|nonce| !page.say(&Message::Ack { nonce: *nonce }));
        self.ping.take_if(|nonce| page.say_ping(*nonce));
        self.claims.retain(|_, claim| !page.say(&Message::Claim(*claim)));
        let fingerprint = Fingerprint::new(table.fingerprint());
        self.compare.take_if(|start| {
            let start = Some(*start).filter(|start| *start != RowId::MIN);
            page.say(&Message::Compare { fingerprint, start })
        });
        self.pull &= !(self.pull && page.say(&Message::Pull { fingerprint }));
        self.next_page.take_if(|start| page.say(&Message::NextPage { start: *start }));
        self.requests.retain(|id, since| !page.say(&Message::Request { id: *id, since: *since }));
        while let Some((id, owed)) = self.deltas.pop_first() {
            if !page.say_delta(table, id, owed) {
                self.deltas.insert(id, owed);
                return;
            }
        }
        self.page.take_if(|start| page.say_page(table, *start));
    }

    fn is_empty(&self) -> bool {
        self.acks.is_empty()
            && self.ping.is_none()
            && self.claims.is_empty()
            && self.compare.is_none()
            && !self.pull
            && self.page.is_none()
            && self.next_page.is_none()
            && self.requests.is_empty()
            && self.deltas.is_empty()
    }
}

/// What a peer is to get of a row.
#[derive(Clone, Copy, Debug)]
struct Owed {
    since: Since,
    is_rumor: bool,
}

fn insert_bounded<T>(rows: &mut BTreeMap<RowId, T>, id: RowId, item: T) -> bool {
    let room = rows.len() < ROWS_MAX || rows.contains_key(&id);
    if room {
        rows.insert(id, item);
    }
    room
}

/// A datagram in the making.
#[derive(Debug)]
struct Composition<'b> {
    buf: &'b mut [u8],
    len: usize,
    start: usize,
    deltas: u64,
    pings: u64,
    /// Bytes of messages that find out what differs.
    digest_len: usize,
}

impl<'b> Composition<'b> {
    fn new(sender: Life, buf: &'b mut [u8]) -> Self {
        let after_frame = buf.get_mut(FRAME_LEN..).unwrap_or_default();
        let start = FRAME_LEN
            + codec::encode(&sender, after_frame).expect("buffers hold at least a header");
        Self { buf, len: start, start, deltas: 0, pings: 0, digest_len: 0 }
    }

    const fn has_messages(&self) -> bool {
        self.len > self.start
    }

    const fn room(&self) -> usize {
        self.buf.len() - self.len
    }

    fn say(&mut self, message: &Message) -> bool {
        let said = codec::encode(message, &mut self.buf[self.len..]);
        let len = said.unwrap_or(0);
        self.len += len;
        if message.is_digest() {
            self.digest_len += len;
        }
        said.is_ok()
    }

    const fn digest_bytes(&self) -> usize {
        if self.digest_len == 0 { 0 } else { self.start - FRAME_LEN + self.digest_len }
    }

    fn say_all(&mut self, claims: &[Claim]) -> usize {
        claims.iter().take_while(|claim| self.say(&Message::Claim(**claim))).count()
    }

    fn say_ping(&mut self, nonce: u64) -> bool {
        let said = self.say(&Message::Ping { nonce });
        self.pings += u64::from(said);
        said
    }

    /// Says what a copy lacks. A row that would be cut waits for a datagram of its own;
    /// what does not even fit there is dropped, and the peer will ask again.
    fn say_delta(&mut self, table: &Table, id: RowId, owed: Owed) -> bool {
        let Owed { since, is_rumor } = owed;
        let is_fresh = !self.has_messages();
        if !is_fresh && self.room() < ROOM_MIN {
            return false;
        }
        let kind_len = 1;
        let delta: Option<RowDelta<Key, Bytes>> = table
            .row(id)
            .and_then(|row| row.delta_since(since, self.room().saturating_sub(kind_len)));
        let Some(delta) = delta else { return is_fresh || table.version(id) <= since.version };
        if !delta.is_complete() && !is_fresh {
            return false;
        }
        let kind = if is_rumor { Message::Rumor } else { Message::Delta };
        let said = self.say(&kind(delta));
        self.deltas += u64::from(said);
        said || is_fresh
    }

    fn say_page(&mut self, table: &Table, start: RowId) -> bool {
        if self.has_messages() && self.room() < ROOM_MIN {
            return false;
        }
        let rows = table.rows_from(start).map(|row| (row.id(), row.version()));
        let page = Page::fit(start, rows, self.room());
        self.say(&Message::Page(page))
    }
}
