//! The messages of a datagram.

use alloc::vec::Vec;

use rumormill_crdt::{RowDelta, WholeRow, codec::Reader};
use serde::Deserialize;
use smallvec::SmallVec;

use super::{
    DeadPrint, Message, TablePrint, Told,
    check::{Glimpse, check, kind},
};
use crate::{Rejected, sender::Sender};

/// The messages of a datagram, all of them well formed. Each is read when its turn comes: it takes some
/// hundred bytes in memory, and may be a byte in a datagram.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    bytes: Vec<u8>,
    /// Whether one of them opens a conversation.
    pub(crate) is_opening: bool,
    /// Whom somebody takes for dead who asks who is; of several, the last.
    pub(crate) asks_for_the_dead: Option<DeadPrint>,
    /// The fingerprints of those who ask for rumors, two at the most: one of two is not ours.
    pulls: SmallVec<[TablePrint; 2]>,
}

impl Messages {
    /// Checks messages to the end. Nothing is allocated unless all of them are well formed.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Rejected> {
        let mut messages = Self::default();
        let mut reader = Reader::new(bytes);
        while !reader.rest().is_empty() {
            let glimpse = check(&mut reader).map_err(|_| Rejected::Malformed)?;
            messages.note(glimpse);
        }
        messages.bytes = bytes.to_vec();
        Ok(messages)
    }

    fn note(&mut self, glimpse: Glimpse) {
        match glimpse {
            Glimpse::Other => {}
            Glimpse::WhoIsDead(known) => self.asks_for_the_dead = Some(known),
            Glimpse::Opening => self.is_opening = true,
            Glimpse::Pull(fingerprint) => {
                self.is_opening = true;
                if self.pulls.len() < 2 && !self.pulls.contains(&fingerprint) {
                    self.pulls.push(fingerprint);
                }
            }
        }
    }

    /// Whether one asks for rumors, and has another table than the one with this fingerprint.
    pub(crate) fn pull_from(&self, ours: TablePrint) -> bool {
        self.pulls.iter().any(|theirs| *theirs != ours)
    }
}

impl IntoIterator for Messages {
    type Item = Message;
    type IntoIter = Unread;

    fn into_iter(self) -> Unread {
        Unread { bytes: self.bytes, read: 0 }
    }
}

/// Messages that are read one after the other.
#[derive(Debug)]
pub(crate) struct Unread {
    bytes: Vec<u8>,
    /// So many bytes of them were read.
    read: usize,
}

impl Iterator for Unread {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let mut reader = Reader::new(&self.bytes[self.read..]);
        let message = read(&mut reader);
        debug_assert!(message.is_some() || self.read == self.bytes.len(), "all were checked");
        self.read = self.bytes.len() - reader.rest().len();
        message
    }
}

/// Reads a message that was checked; nothing at the end.
fn read(reader: &mut Reader<'_>) -> Option<Message> {
    Some(match reader.varint().ok()? {
        kind::PING => Message::Ping { nonce: reader.varint().ok()? },
        kind::ACK => Message::Ack { nonce: reader.varint().ok()? },
        kind::WHO => Message::Who,
        kind::CLAIM => Message::Claim(value(reader)?),
        kind::COMPARE => Message::Compare(value(reader)?),
        kind::DIFFER => {
            let (compare, strata) = value(reader)?;
            Message::Differ { compare, strata }
        }
        kind::CELLS => Message::Cells(value(reader)?),
        kind::MORE => Message::More(value(reader)?),
        kind::ASK => Message::Ask(value(reader)?),
        kind::AUDIT => {
            let (compare, salt, sum) = value(reader)?;
            Message::Audit { compare, salt, sum }
        }
        kind::PULL => Message::Pull { fingerprint: value(reader)? },
        kind::PAGE => Message::Page(value(reader)?),
        kind::NEXT_PAGE => Message::NextPage { start: value(reader)? },
        kind::LACK => Message::Lack(value(reader)?),
        kind::FILLED => Message::Filled(value(reader)?),
        kind::REQUEST => {
            let (name, since) = value(reader)?;
            Message::Request { name, since }
        }
        kind::DELTA => Message::Delta(RowDelta::read_checked(reader).ok()?),
        kind::ROW => Message::Row(WholeRow::read_checked(reader).ok()?),
        kind::RUMOR => {
            let hops = reader.byte().ok()?;
            Message::Rumor { hops, delta: RowDelta::read_checked(reader).ok()? }
        }
        kind::ANNOUNCE => {
            let (nonce, rows) = value(reader)?;
            Message::Announce { nonce, rows }
        }
        kind::PING_FOR => {
            let (target, nonce) = value(reader)?;
            Message::PingFor { target, nonce }
        }
        kind::NACK => Message::Nack { nonce: reader.varint().ok()? },
        kind::WHO_IS_DEAD => Message::WhoIsDead { known: value(reader)? },
        kind::SO_MANY_ARE_DEAD => Message::SoManyAreDead { dead: reader.varint().ok()? },
        kind::ATTESTED => Message::Attested(value(reader)?),
        kind::SEQUEL => Message::Sequel(Told::read(reader).ok()?),
        kind::SEQUEL_RUMOR => {
            let hops = reader.byte().ok()?;
            Message::SequelRumor { hops, told: Told::read(reader).ok()? }
        }
        _ => return None,
    })
}

fn value<'b, T: Deserialize<'b>>(reader: &mut Reader<'b>) -> Option<T> {
    reader.checked_value().ok()
}

/// Reads the payload of a datagram: who sent it, and what it says.
pub(crate) fn decode_payload(payload: &[u8]) -> Result<(Sender, Messages), Rejected> {
    let (sender, rest) = Sender::decode(payload)?;
    Ok((sender, Messages::decode(rest)?))
}

/// The same, as a list.
#[cfg(test)]
pub(crate) fn decode_all(payload: &[u8]) -> Result<(Sender, Vec<Message>), Rejected> {
    let (sender, messages) = decode_payload(payload)?;
    Ok((sender, messages.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use rumormill_crdt::{Life, codec};

    use super::*;
    use crate::sender::Tag;

    #[test]
    fn all_messages_come_in_order_however_many_there_are() {
        for count in [0, 1, 8, 9, 200] {
            let said: Vec<Message> = (0..count).map(|nonce| Message::Ack { nonce }).collect();
            let bytes: Vec<Vec<u8>> =
                said.iter().map(|it| codec::encode_to_vec(it).expect("a known length")).collect();
            let bytes = bytes.concat();
            let read = Messages::decode(&bytes).expect("well formed");
            assert!(!read.is_opening && read.asks_for_the_dead.is_none());
            assert_eq!(read.into_iter().collect::<Vec<_>>(), said);
            let spoiled = [&bytes[..], &[0xff]].concat();
            assert!(Messages::decode(&spoiled).is_err(), "the last of {count} is not one");
        }
    }

    #[test]
    fn what_is_asked_for_is_known_before_it_is_read_again() {
        let [ours, theirs] = [1, 2].map(TablePrint::new);
        let acks = vec![Message::Ack { nonce: 1 }; 20];
        let pulls = [ours, theirs].map(|fingerprint| Message::Pull { fingerprint });
        let known = DeadPrint::of([Tag::of(Life::default())].into_iter());
        let said = [&acks[..], &pulls, &[Message::WhoIsDead { known }]].concat();
        let bytes: Vec<Vec<u8>> =
            said.iter().map(|it| codec::encode_to_vec(it).expect("a known length")).collect();
        let read = Messages::decode(&bytes.concat()).expect("well formed");
        assert!(read.is_opening && read.asks_for_the_dead == Some(known));
        assert!(read.pull_from(ours), "somebody's table is not ours");
        let ours_alone = codec::encode_to_vec(&pulls[0]).expect("a known length");
        assert!(!Messages::decode(&ours_alone).expect("well formed").pull_from(ours));
    }
}
