//! What the bytes of a datagram are spent on.

use rumormill_crdt::{Bytes, Division, Key, Row, Version, codec};

use crate::{
    message::{Called, Message, Told, decode_payload},
    seal::FRAME_LEN,
    sender::{Sender, Tag},
};

/// What the bytes of datagrams are spent on, in a population that is not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Weight {
    /// How many datagrams.
    pub datagrams: usize,
    /// Their frames.
    pub frames: usize,
    /// Who sent them.
    pub senders: usize,
    /// Messages that serve to find out what differs.
    pub digests: usize,
    /// Rows, whole or in part; that they are such counts as framing.
    pub rows: Division,
    /// All other messages.
    pub others: usize,
}

impl Weight {
    /// What one datagram is spent on; nothing if it is sealed, or is none.
    #[must_use]
    pub fn of(datagram: &[u8]) -> Option<Self> {
        let payload = datagram.get(FRAME_LEN..)?;
        let (sender, messages) = decode_payload(payload).ok()?;
        let senders = sender.encode(&mut [0; Sender::LEN_MAX])?;
        let framed = Self { datagrams: 1, frames: FRAME_LEN, senders, ..Self::default() };
        Some(messages.into_iter().fold(framed, |sum, message| sum + Self::of_message(&message)))
    }

    /// All bytes.
    #[must_use]
    pub const fn total(&self) -> usize {
        let Self { datagrams: _, frames, senders, digests, rows, others } = self;
        *frames + *senders + *digests + rows.total() + *others
    }

    fn of_message(message: &Message) -> Self {
        let len = codec::encoded_len(message);
        if let Some(rows) = division(message) {
            let rows = Division { framing: rows.framing + len - rows.total(), ..rows };
            Self { rows, ..Self::default() }
        } else if message.is_digest() {
            Self { digests: len, ..Self::default() }
        } else {
            Self { others: len, ..Self::default() }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other message has rows")]
fn division(message: &Message) -> Option<Division> {
    match message {
        Message::Delta(delta) | Message::Rumor { delta, .. } => Some(delta.division()),
        Message::Row(row) => Some(row.division()),
        Message::Sequel(told) | Message::SequelRumor { told, .. } => Some(told.division()),
        _ => None,
    }
}

/// What it takes to tell others how a row grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// What the growth itself is spent on, and which row it is.
    pub division: Division,
    /// How many bytes a datagram takes that says who sent it, to somebody who knows it, and passes this on
    /// as a rumor.
    pub datagram_len: usize,
}

impl Telling {
    /// What it takes to tell those who hold a row at `from`, where everybody knows whose it is and whose
    /// cells it removes; nothing if they lack nothing.
    #[must_use]
    pub fn of(row: &Row<Key, Bytes>, from: Version) -> Option<Self> {
        let delta = row.delta_since(from, usize::MAX)?;
        let name = |life| Some(Tag::of(life).to_bytes());
        let (message, division) = match Told::new(Called::by_member(row.id()), row, &delta, name) {
            Some(told) => {
                let division = told.division();
                (Message::SequelRumor { hops: 0, told }, division)
            }
            None => {
                let division = delta.division();
                (Message::Rumor { hops: 0, delta }, division)
            }
        };
        let datagram_len = FRAME_LEN + Sender::TAG_LEN + codec::encoded_len(&message);
        Some(Self { division, datagram_len })
    }
}

impl core::ops::Add for Weight {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            datagrams: self.datagrams + more.datagrams,
            frames: self.frames + more.frames,
            senders: self.senders + more.senders,
            digests: self.digests + more.digests,
            rows: self.rows + more.rows,
            others: self.others + more.others,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use rumormill_crdt::{Life, Limits, Replica, ReplicaId, Space, VersionVector};

    use super::*;
    use crate::{Config, forging::Forger, message::Name};

    #[test]
    fn all_bytes_of_a_datagram_are_spent_on_something() {
        let life = Life { replica: ReplicaId(7), epoch: 1 };
        let mut ann = Replica::new(life, Limits::DEFAULT);
        let value = Bytes::copy_from(b"v");
        ann.edit(Duration::ZERO, |w| w.set(Space::SHARED, Key::raw("k"), value)).expect("it fits");
        let delta = ann.delta_since(&VersionVector::default()).next().expect("it was written");
        let id = delta.id();
        let messages = [
            Message::Rumor { hops: 0, delta: delta.clone() },
            Message::Ping { nonce: 300 },
            Message::Request { name: Name::Row(id), since: 3.into() },
        ];
        let datagram = Forger::new(life, &Config::DEFAULT, 1).say(life, &messages);
        let datagram = datagram.expect("it fits");
        let weight = Weight::of(&datagram).expect("it is whole");
        assert_eq!(weight.total(), datagram.len());
        assert_eq!(weight.rows.total(), delta.encoded_len() + 2);
        assert_eq!((weight.senders, weight.digests, weight.others), (4 + 16, 1 + 18 + 2, 3));
        let datagram = Forger::new(life, &Config::DEFAULT, 1).say(life, &messages[..1]);
        // A life is spelled out there.
        let row = ann.table().row(id).expect("it was written");
        let telling = Telling::of(row, 0).expect("it was written");
        assert_eq!(telling.datagram_len + 16, datagram.expect("it fits").len());
        assert_eq!(telling.division, delta.division());
        assert_eq!(Weight::of(&[1; 12]), None);
    }
}
