//! The messages of a datagram.

use alloc::vec::Vec;

use rumormill_crdt::codec;
use smallvec::SmallVec;

use super::{DeadPrint, Message, TablePrint};
use crate::{Rejected, sender::Sender};

/// Most datagrams have fewer messages than this. Of more the others are read again when their turn comes: a
/// message takes some hundred bytes in memory, and a byte in a datagram.
const READ_ONCE_MAX: usize = 8;

/// The messages of a datagram, all of them well formed.
#[derive(Debug)]
pub(crate) struct Messages {
    first: Vec<Message>,
    /// The bytes of those after them.
    rest: Vec<u8>,
    /// Whether one of them opens a conversation.
    pub(crate) is_opening: bool,
    /// Whom somebody takes for dead who asks who is; of several, the last.
    pub(crate) asks_for_the_dead: Option<DeadPrint>,
    /// The fingerprints of those who ask for rumors, two at the most: one of two is not ours.
    pulls: SmallVec<[TablePrint; 2]>,
}

impl Messages {
    /// Reads messages to the end.
    pub(crate) fn decode(mut bytes: &[u8]) -> Result<Self, Rejected> {
        let (mut is_opening, mut asks_for_the_dead) = (false, None);
        let (mut first, mut rest, mut pulls) = (Vec::new(), &bytes[bytes.len()..], SmallVec::new());
        while !bytes.is_empty() {
            let (message, after) =
                codec::decode_prefix::<Message>(bytes).map_err(|_| Rejected::Malformed)?;
            is_opening |= message.is_opening();
            if let Message::WhoIsDead { known } = message {
                asks_for_the_dead = Some(known);
            }
            if let Message::Pull { fingerprint } = message
                && pulls.len() < 2
                && !pulls.contains(&fingerprint)
            {
                pulls.push(fingerprint);
            }
            if first.len() < READ_ONCE_MAX {
                first.reserve_exact(1);
                first.push(message);
                rest = after;
            }
            bytes = after;
        }
        Ok(Self { first, rest: rest.to_vec(), is_opening, asks_for_the_dead, pulls })
    }

    /// Whether one asks for rumors, and has another table than the one with this fingerprint.
    pub(crate) fn pull_from(&self, ours: TablePrint) -> bool {
        self.pulls.iter().any(|theirs| *theirs != ours)
    }
}

impl IntoIterator for Messages {
    type Item = Message;
    type IntoIter = core::iter::Chain<alloc::vec::IntoIter<Message>, Rest>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(Rest { bytes: self.rest, read: 0 })
    }
}

/// Messages that are read again.
#[derive(Debug)]
pub(crate) struct Rest {
    bytes: Vec<u8>,
    read: usize,
}

impl Iterator for Rest {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let bytes = &self.bytes[self.read..];
        let (message, after) = codec::decode_prefix(bytes).ok().filter(|_| !bytes.is_empty())?;
        self.read = self.bytes.len() - after.len();
        Some(message)
    }
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

    use rumormill_crdt::Life;

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
