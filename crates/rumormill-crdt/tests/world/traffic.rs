//! Deltas on their way: cut, encoded, kept, lost, repeated, reordered and gone astray.

use rumormill_crdt::{Bytes, Key};
use rumormill_crdt::{DeltaParts, RowDelta, Version, codec};

use super::{
    SKEW_MAX, World, invariants,
    step::{Cut, Since, Who},
    truth::{Broken, Check, TableRow, ensure},
};

/// A delta of a [`Table`](rumormill_crdt::Table).
pub(crate) type Delta = RowDelta<Key, Bytes>;

/// An encoded delta and whom it is for.
#[derive(Clone)]
pub(crate) struct Flight {
    pub(crate) to: Who,
    pub(crate) bytes: Vec<u8>,
}

/// The most that is in flight; what comes on top is lost.
const FLIGHTS_MAX: usize = 40;

/// The most pieces that a sender makes of one row at a time.
const PIECES_MAX: usize = 6;

/// What a delta takes besides its head and its cells.
const FRAME_LEN_MAX: usize = 24;

/// The longest cell in these histories: a kill.
const CELL_LEN_MAX: usize = 32;

impl World {
    /// Puts what `to` lacks of `from`'s rows in flight.
    pub(crate) fn send(&mut self, from: Who, to: Who, since: Since, cut: Cut) -> Check {
        let (Some(sender), Some(receiver)) = (self.nodes.get(&from), self.nodes.get(&to)) else {
            return Ok(());
        };
        for row in sender.table().rows() {
            if row.version() <= receiver.table().version(row.id()) {
                continue;
            }
            let len_max = if let Cut::Budget(len_max) = cut { len_max.into() } else { usize::MAX };
            let lacking = match since {
                Since::Wanted => row.delta_since(receiver.table().wanted_from(row.id()), len_max),
                Since::Beginning => row.delta_since(0, len_max),
            };
            let Some(lacking) = lacking else { continue };
            for delta in pieces(row, lacking, cut)? {
                invariants::i5_completeness(row, &delta)?;
                let bytes = encoded(&delta)?;
                if self.flights.len() < FLIGHTS_MAX {
                    self.flights.push(Flight { to, bytes });
                }
            }
        }
        Ok(())
    }

    /// Delivers what is in flight, to whom it was sent or to somebody else.
    pub(crate) fn deliver(&mut self, nth: u8, astray: Option<Who>, keep: bool) -> Check {
        let Some(flight) = self.take_flight(nth, keep) else { return Ok(()) };
        self.receive(astray.unwrap_or(flight.to), &flight.bytes).map(drop)
    }

    /// Lets `to` ask for the rows in which `from` is ahead; the answers are cut off after some
    /// pieces of each row.
    pub(crate) fn fetch(&mut self, from: Who, to: Who, every: u8, count: u8) -> Check {
        let Some(sender) = self.nodes.get(&from) else { return Ok(()) };
        let rows: Vec<_> = sender.table().rows().cloned().collect();
        for row in rows {
            let Some(receiver) = self.nodes.get(&to) else { return Ok(()) };
            let wanted = receiver.table().wanted_from(row.id());
            let Some(lacking) = row.delta_since(wanted, usize::MAX) else { continue };
            for delta in split(&lacking, every.into()).iter().take(count.into()) {
                self.receive(to, &encoded(delta)?)?;
            }
        }
        Ok(())
    }

    /// Takes a datagram out of the air, or a copy of it.
    pub(crate) fn take_flight(&mut self, nth: u8, keep: bool) -> Option<Flight> {
        let nth = usize::from(nth).checked_rem(self.flights.len())?;
        Some(if keep { self.flights[nth].clone() } else { self.flights.remove(nth) })
    }

    /// Delivers bytes and checks what becomes of them. Says whether the row came any further.
    pub(crate) fn receive(&mut self, who: Who, bytes: &[u8]) -> Result<bool, Broken> {
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(false) };
        let malformed = |_| Broken("I11: what was encoded does not decode".to_owned());
        let delta = Delta::decode(bytes).map_err(malformed)?;
        let (before, clock) = (node.table().clone(), node.replica.last_timestamp());
        let was_staged = before.staged().any(|id| id == delta.id());
        let wanted = before.wanted_from(delta.id());
        let outcome = node.replica.admit(node.wall, SKEW_MAX, &delta);
        self.tally.note(was_staged, &outcome);
        invariants::i10_skew(node, clock, &before, &delta, &outcome)?;
        invariants::i4_admission(&before, node.table(), &delta, &outcome)?;
        let grown = outcome.map(|admission| admission.grown).unwrap_or_default();
        invariants::growth_is_what_grew(&before, node.table(), &grown)?;
        let came_further = !grown.is_empty() || node.table().wanted_from(delta.id()) != wanted;
        self.check(who)?;
        Ok(came_further)
    }

    /// Brings `to` up to date with `from`, whole rows in the order of their ids. Says whether
    /// anything came any further.
    pub(crate) fn sync(&mut self, from: Who, to: Who) -> Result<bool, Broken> {
        let (Some(sender), Some(receiver)) = (self.nodes.get(&from), self.nodes.get(&to)) else {
            return Ok(false);
        };
        let digest = receiver.table().version_vector();
        let deltas: Vec<Delta> = sender.replica.delta_since(&digest).collect();
        let mut moved = false;
        for delta in deltas {
            moved |= self.receive(to, &encoded(&delta)?)?;
        }
        Ok(moved)
    }

    /// Brings `to` up to date with `from` in datagrams with room for the head, the longest
    /// cell, and `room` bytes, each asked for by where the receiver stands. Says whether anything came any further.
    pub(crate) fn sync_in_pieces(
        &mut self,
        from: Who,
        to: Who,
        room: usize,
    ) -> Result<bool, Broken> {
        let Some(sender) = self.nodes.get(&from) else { return Ok(false) };
        let rows: Vec<_> = sender.table().rows().cloned().collect();
        let mut moved = false;
        for row in rows {
            let len_max = FRAME_LEN_MAX + codec::encoded_len(row.head()) + CELL_LEN_MAX + room;
            loop {
                let Some(receiver) = self.nodes.get(&to) else { return Ok(moved) };
                let wanted = receiver.table().wanted_from(row.id());
                let Some(delta) = row.delta_since(wanted, len_max) else { break };
                if !self.receive(to, &encoded(&delta)?)? {
                    break;
                }
                moved = true;
            }
        }
        Ok(moved)
    }
}

/// Cuts what a copy lacks of `row`. Of a budget, `lacking` is the first piece.
fn pieces(row: &TableRow, lacking: Delta, cut: Cut) -> Result<Vec<Delta>, Broken> {
    let len_max = match cut {
        Cut::Whole => return Ok(vec![lacking]),
        Cut::Every(versions) => return Ok(split(&lacking, versions.into())),
        Cut::Budget(len_max) => usize::from(len_max),
    };
    let mut pieces = Vec::new();
    let mut next = Some(lacking);
    while let Some(piece) = next.filter(|_| pieces.len() < PIECES_MAX) {
        let len = codec::encoded_len(&piece);
        ensure(len <= len_max, || format!("I9: {len} bytes, {len_max} were allowed"))?;
        next = row.delta_since(piece.to(), len_max);
        pieces.push(piece);
    }
    Ok(pieces)
}

/// Cuts a delta at every `every` versions.
pub(crate) fn split(delta: &Delta, every: Version) -> Vec<Delta> {
    let mut pieces = Vec::new();
    let mut from = delta.from();
    while from < delta.to() {
        let to = delta.to().min(from + every);
        let inside = |version| from < version && version <= to;
        let cells = delta.cells().iter().filter(|cell| inside(cell.version)).cloned().collect();
        let parts = DeltaParts {
            id: delta.id(),
            from,
            to,
            head: delta.head().clone(),
            content: None,
            cells,
        };
        pieces.push(RowDelta::new(parts).expect("a part of a sound delta is sound"));
        from = to;
    }
    pieces
}

/// Encodes a delta and checks that its accounted size is its encoded size (I9).
pub(crate) fn encoded(delta: &Delta) -> Result<Vec<u8>, Broken> {
    let bytes = codec::encode_to_vec(delta).map_err(|why| Broken(format!("I11: {why}")))?;
    let accounted = codec::encoded_len(delta);
    ensure(accounted == bytes.len(), || {
        format!("I9: {accounted} bytes accounted, {} encoded", bytes.len())
    })?;
    Ok(bytes)
}
