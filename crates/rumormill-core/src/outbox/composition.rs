//! A datagram in the making.

use alloc::{vec, vec::Vec};

use rumormill_crdt::{Bytes, Key, Life, RowDelta, RowId, Since, Table, WholeRow, codec};
use rumormill_sketch::{Part, RequestList, Strata, Stripe};

use super::{
    CellsOwed, Fill, Lacking, Wishes,
    letter::{Manner, Owed},
    queue::Queue,
};
use crate::{
    digest::{Basis, Digest, View},
    membership::Acquaintances,
    message::{
        Announced, Ask, Called, Cells, Claim, Compare, Filled, Lack, Message, Page, TablePrint,
        Told,
    },
    seal::FRAME_LEN,
    sender::{Sender, Tag},
    trust::Attested,
};

/// The least room for which starting on a delta, a page or cells is worth it.
const ROOM_MIN: usize = 128;

/// What a datagram is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'b> {
    pub(super) life: Life,
    pub(super) table: &'b Table,
    pub(super) digest: &'b Digest,
    pub(super) seal_len: usize,
}

/// A datagram in the making.
#[derive(Debug)]
pub(super) struct Composition<'b> {
    table: &'b Table,
    digest: &'b Digest,
    buf: &'b mut [u8],
    pub(super) len: usize,
    start: usize,
    /// Bytes that follow the payload.
    seal_len: usize,
    pub(super) deltas: u64,
    pub(super) pings: u64,
    pub(super) has_cells: bool,
    /// What the peer is to answer to show that its address is real, unless that is known.
    pub(super) challenge: Option<u64>,
    /// Bytes of messages that find out what differs.
    digest_len: usize,
    /// Bytes at the end that are kept free.
    reserve: usize,
    /// Whether they are to stay free even if the next message does not fit otherwise.
    pub(super) is_reserve_firm: bool,
    /// Whether they did not.
    pub(super) used_reserve: bool,
}

impl<'b> Composition<'b> {
    pub(super) fn new(sender: Sender, about: About<'b>, buf: &'b mut [u8]) -> Self {
        let About { table, digest, seal_len, .. } = about;
        let payload_end = buf.len().saturating_sub(seal_len);
        let buf = &mut buf[..payload_end];
        let after_frame = buf.get_mut(FRAME_LEN..).unwrap_or_default();
        let start = FRAME_LEN + sender.encode(after_frame).expect("buffers hold at least a header");
        let (deltas, pings, has_cells, digest_len) = (0, 0, false, 0);
        let challenge = None;
        Self {
            table,
            digest,
            buf,
            len: start,
            start,
            seal_len,
            deltas,
            pings,
            has_cells,
            challenge,
            digest_len,
            reserve: 0,
            is_reserve_firm: false,
            used_reserve: false,
        }
    }

    /// The length of the datagram as it is.
    pub(super) const fn datagram_len(&self) -> usize {
        self.len + self.seal_len
    }

    pub(super) const fn has_messages(&self) -> bool {
        self.len > self.start
    }

    /// Keeps room free at the end from here on.
    pub(super) const fn reserve(&mut self, len: usize) {
        self.reserve = len;
    }

    const fn room(&self) -> usize {
        (self.buf.len() - self.len).saturating_sub(self.reserve)
    }

    pub(super) fn say(&mut self, message: &Message) -> bool {
        let end = self.len + self.room();
        let said = codec::encode(message, &mut self.buf[self.len..end]);
        let len = said.unwrap_or(0);
        self.len += len;
        if message.is_digest() {
            self.digest_len += len;
        }
        said.is_ok()
    }

    /// What finding out what differs took; 0 if nothing here is of that kind.
    pub(super) const fn digest_bytes(&self) -> usize {
        if self.digest_len == 0 { 0 } else { self.start - FRAME_LEN + self.digest_len }
    }

    pub(super) fn say_claims(&mut self, claims: &[Claim]) -> usize {
        claims.iter().take_while(|claim| self.say(&Message::Claim((**claim).into()))).count()
    }

    pub(super) fn say_ping(&mut self, nonce: u64) -> bool {
        let said = self.say(&Message::Ping { nonce });
        self.pings += u64::from(said);
        said
    }

    pub(super) fn say_ping_for(&mut self, target: Tag, nonce: u64) -> bool {
        self.say(&Message::PingFor { target, nonce })
    }

    pub(super) fn say_pull(&mut self) -> bool {
        let fingerprint = TablePrint::new(self.table.fingerprint());
        self.say(&Message::Pull { fingerprint })
    }

    pub(super) fn say_compare(&mut self) -> bool {
        self.say(&Message::Compare(compare(&self.digest.view())))
    }

    pub(super) fn say_audit(&mut self, salt: [u8; 16]) -> bool {
        let view = self.digest.view();
        let sum = view.audit(salt, self.table);
        self.say(&Message::Audit { compare: compare(&view), salt, sum })
    }

    /// Says what our digest says, unless we cannot tell any more.
    pub(super) fn say_differ(&mut self, basis: Basis) -> bool {
        let Some(view) = self.digest.view_on(basis) else { return true };
        let differ = Message::Differ { compare: compare(&view), strata: view.strata().into() };
        self.say(&differ)
    }

    /// Says as many cells as fit, and strikes them out. A sketch that fits one datagram is not cut.
    pub(super) fn say_cells(&mut self, cells: &mut CellsOwed) -> bool {
        let CellsOwed { basis, size, width, stripe, with_strata } = *cells;
        let Some(view) = self.digest.view_on(basis) else { return true };
        let strata = with_strata.then(|| view.strata().into());
        let header = 1 + Cells::HEADER_LEN_MAX + if with_strata { Strata::LEN } else { 0 };
        let room = self.room().saturating_sub(header);
        let whole = Part::len_of(size, width);
        let would_be_cut = stripe == Stripe::WHOLE && room < whole;
        if self.has_messages() && (would_be_cut || room < ROOM_MIN) {
            return false;
        }
        let mut part = vec![0; room.min(whole)];
        let (len, rest) = view.sketch(size).encode_part(width, stripe, &mut part);
        part.truncate(len);
        let said = len == 0 || self.say(&Message::Cells(Cells::new(basis, strata, part)));
        debug_assert!(said, "cells fit the room that was left for them");
        self.has_cells = true;
        *cells = CellsOwed { stripe: rest.unwrap_or(stripe), with_strata: false, ..*cells };
        rest.is_none()
    }

    /// Asks for as many rows as fit, and strikes them out.
    pub(super) fn say_wishes(&mut self, wishes: &mut Wishes) -> bool {
        let Some(view) = self.digest.view_on(wishes.basis) else { return true };
        let keys = view.index().len();
        while !wishes.behind.is_empty() {
            let mut count = wishes.behind.len();
            loop {
                let list = RequestList::new(&wishes.behind[..count], keys);
                let ask =
                    list.map(|list| Message::Ask(Ask::new(wishes.basis, wishes.found, &list)));
                if ask.is_ok_and(|ask| self.say(&ask)) {
                    break;
                }
                if count < 16 || self.room() < ROOM_MIN {
                    return false;
                }
                count = count * 3 / 4;
            }
            wishes.behind.drain(..count);
        }
        true
    }

    /// Says what a copy lacks. A row that would be cut waits for a datagram of its own;
    /// what does not even fit there is dropped, and the peer will ask again.
    pub(super) fn say_delta(&mut self, id: RowId, owed: Owed) -> bool {
        let Owed { since, hops, manner } = owed;
        let is_fresh = !self.has_messages();
        if !is_fresh && self.room() < ROOM_MIN {
            return false;
        }
        let kind_len = 1 + usize::from(hops.is_some());
        let Some(delta) = self.delta_since(id, since, kind_len) else {
            if self.table.version(id) <= since.version {
                return true;
            }
            if !is_fresh || self.reserve == 0 {
                return is_fresh;
            }
            return !self.is_reserve_firm && self.say_delta_alone(id, owed);
        };
        if !delta.is_complete() && !is_fresh {
            return false;
        }
        let told = self.tell(&delta, manner);
        let message = match (told, hops) {
            (Some(told), Some(hops)) => Message::SequelRumor { hops, told },
            (Some(told), None) => Message::Sequel(told),
            (None, Some(hops)) => Message::Rumor { hops, delta },
            (None, None) => WholeRow::new(delta).map_or_else(Message::Delta, Message::Row),
        };
        let said = self.say(&message);
        self.deltas += u64::from(said);
        said || is_fresh
    }

    /// What a delta tells, if it can be told shortly.
    fn tell(&self, delta: &RowDelta<Key, Bytes>, manner: Manner) -> Option<Told> {
        let (id, known) = (delta.id(), Acquaintances::of(self.table));
        let called = match manner {
            Manner::SpelledOut => None,
            Manner::Shortly if Called::is_by_member(id, known) => Some(Called::by_member(id)),
            Manner::Shortly | Manner::Unmistakably => self.digest.call(id, self.table),
        };
        Told::new(called?, self.table.row(id)?, delta, |life| known.name(life))
    }

    /// Says a delta that only fits where nothing is kept free.
    fn say_delta_alone(&mut self, id: RowId, owed: Owed) -> bool {
        self.reserve = 0;
        self.used_reserve = true;
        self.say_delta(id, owed)
    }

    fn delta_since(
        &self,
        id: RowId,
        since: Since,
        kind_len: usize,
    ) -> Option<RowDelta<Key, Bytes>> {
        self.table.row(id)?.delta_since(since, self.room().saturating_sub(kind_len))
    }

    /// Says what the owner of a row signed, unless it did not.
    pub(super) fn say_attested(&mut self, id: RowId) -> bool {
        let row = self.table.row(id);
        let attested = row.and_then(|row| Attested::new(id, row.head(), &row.content()));
        attested.is_none_or(|attested| self.say(&Message::Attested(attested)))
    }

    /// Names as many rows as fit, with their versions, and strikes them out. Says whether all did.
    pub(super) fn say_names(&mut self, rows: &mut Queue<RowId, bool>) -> bool {
        let mut room = self.room().saturating_sub(Announced::HEADER_LEN_MAX);
        let mut names = Vec::new();
        while rows.say_next(|id, is_new| {
            let version = self.table.version(id);
            let name = Announced::new(id, version, is_new);
            let len = codec::encoded_len(&name);
            let fits = len <= room;
            if fits && version > 0 {
                room -= len;
                names.push(name);
            }
            fits
        }) {}
        let said =
            names.is_empty() || self.say(&Message::Announce { nonce: self.challenge, rows: names });
        debug_assert!(said, "names fit the room that was left for them");
        rows.is_empty()
    }

    /// Asks for what we lack, if there is room to say what we hold.
    pub(super) fn say_lack(&mut self, lacking: Lacking) -> bool {
        let Lacking { start, end, salt } = lacking;
        let held = self.table.rows_from(start).map(|row| (row.id(), row.version()));
        let held = held.take_while(|(id, _)| end.is_none_or(|end| *id < end));
        if self.has_messages() && self.room() < Lack::HEADER_LEN_MAX + Lack::ROWS_MAX {
            return false;
        }
        let lack = Lack::fit(start, end, salt, held, self.room());
        self.say(&Message::Lack(lack))
    }

    /// Sends as many rows that a peer lacks as fit, and in the end says how far they reach.
    pub(super) fn say_fill(&mut self, fill: &mut Fill) -> bool {
        let Fill { lack, next, said, left } = fill;
        let mut end = lack.end;
        for row in self.table.rows_from(*next) {
            let (id, owed) =
                (row.id(), Owed { since: 0.into(), hops: None, manner: Manner::SpelledOut });
            *next = id;
            if lack.end.is_some_and(|end| end <= id) {
                break;
            }
            if *said == Some(id) || lack.holds(id, row.version()) {
                continue;
            }
            if *left == 0 {
                end = Some(id);
                break;
            }
            if !self.say_delta(id, owed) {
                return false;
            }
            (*said, *left) = (Some(id), *left - 1);
        }
        let rows = self.table.len() as u64;
        let fingerprint = TablePrint::new(self.table.fingerprint());
        self.say(&Message::Filled(Filled { salt: lack.salt, end, rows, fingerprint }))
    }

    pub(super) fn say_page(&mut self, start: RowId) -> bool {
        if self.has_messages() && self.room() < ROOM_MIN {
            return false;
        }
        let rows = self.table.rows_from(start).map(|row| (row.id(), row.version()));
        let page = Page::fit(start, rows, self.room());
        self.say(&Message::Page(page))
    }
}

fn compare(view: &View<'_>) -> Compare {
    Compare::new(view.basis, &view.fingerprint())
}
