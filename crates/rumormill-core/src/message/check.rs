//! What is a message, and what is not: seen in one walk over the bytes, without memory.

use rumormill_crdt::{
    RowDelta, RowId, Signature, Since, Version, WholeRow,
    codec::{Malformed, Reader},
};
use rumormill_sketch::{Part, RequestList};

use super::{
    Announced, Compare, DeadPrint, Filled, More, Name, Said, TablePrint, Told, WireStrata,
};
use crate::{digest::Basis, sender::Tag};

/// The kinds of messages, as `docs/wire.md` numbers them and [`Message`](super::Message) orders them.
pub(super) mod kind {
    pub(crate) const PING: u64 = 0;
    pub(crate) const ACK: u64 = 1;
    pub(crate) const WHO: u64 = 2;
    pub(crate) const CLAIM: u64 = 3;
    pub(crate) const COMPARE: u64 = 4;
    pub(crate) const DIFFER: u64 = 5;
    pub(crate) const CELLS: u64 = 6;
    pub(crate) const MORE: u64 = 7;
    pub(crate) const ASK: u64 = 8;
    pub(crate) const AUDIT: u64 = 9;
    pub(crate) const PULL: u64 = 10;
    pub(crate) const PAGE: u64 = 11;
    pub(crate) const NEXT_PAGE: u64 = 12;
    pub(crate) const LACK: u64 = 13;
    pub(crate) const FILLED: u64 = 14;
    pub(crate) const REQUEST: u64 = 15;
    pub(crate) const DELTA: u64 = 16;
    pub(crate) const ROW: u64 = 17;
    pub(crate) const RUMOR: u64 = 18;
    pub(crate) const ANNOUNCE: u64 = 19;
    pub(crate) const PING_FOR: u64 = 20;
    pub(crate) const NACK: u64 = 21;
    pub(crate) const WHO_IS_DEAD: u64 = 22;
    pub(crate) const SO_MANY_ARE_DEAD: u64 = 23;
    pub(crate) const ATTESTED: u64 = 24;
    pub(crate) const SEQUEL: u64 = 25;
    pub(crate) const SEQUEL_RUMOR: u64 = 26;
}

/// What has to be known of a message before its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glimpse {
    /// It opens a conversation. Opening messages are sent by timers alone, or for somebody whose timer
    /// asked for it, so an answer that only they draw cannot draw another.
    Opening,
    /// It asks for rumors, and opens a conversation.
    Pull(TablePrint),
    /// It asks who is dead, besides these.
    WhoIsDead(DeadPrint),
    /// None of these.
    Other,
}

/// Sees that a message follows that a member can write, and goes on behind it. Whoever reads it
/// afterwards need not look at its spelling, its lengths or its rules again.
pub(super) fn check(reader: &mut Reader<'_>) -> Result<Glimpse, Malformed> {
    let kind = reader.varint()?;
    match kind {
        kind::WHO => {}
        kind::PING | kind::ACK | kind::NACK | kind::SO_MANY_ARE_DEAD => drop(reader.varint()?),
        kind::PING_FOR => drop(reader.value::<(Tag, u64)>()?),
        kind::CLAIM => drop(reader.value::<Said>()?),
        kind::COMPARE => drop(reader.value::<Compare>()?),
        kind::DIFFER => drop(reader.value::<(Compare, WireStrata)>()?),
        kind::CELLS => {
            reader.value::<(Basis, Option<WireStrata>)>()?;
            Part::decode(reader.bytes()?).map_err(|_| Malformed)?;
        }
        kind::MORE => drop(reader.value::<More>()?),
        kind::ASK => {
            reader.value::<(Basis, u32)>()?;
            RequestList::decode(reader.bytes()?).map_err(|_| Malformed)?;
        }
        kind::AUDIT => drop(reader.value::<(Compare, [u8; 16], [u8; 16])>()?),
        kind::PULL => return reader.value().map(Glimpse::Pull),
        kind::WHO_IS_DEAD => return reader.value().map(Glimpse::WhoIsDead),
        kind::PAGE => check_page(reader)?,
        kind::NEXT_PAGE => drop(reader.value::<RowId>()?),
        kind::LACK => {
            reader.value::<(RowId, Option<RowId>, [u8; 8])>()?;
            reader.bytes()?;
        }
        kind::FILLED => drop(reader.value::<Filled>()?),
        kind::REQUEST => drop(reader.value::<(Name, Since)>()?),
        kind::DELTA => RowDelta::check(reader)?,
        kind::ROW => WholeRow::check(reader)?,
        kind::RUMOR => {
            reader.byte()?;
            RowDelta::check(reader)?;
        }
        kind::SEQUEL => Told::check(reader)?,
        kind::SEQUEL_RUMOR => {
            reader.byte()?;
            Told::check(reader)?;
        }
        kind::ANNOUNCE => {
            reader.value::<Option<u64>>()?;
            for _ in 0..reader.varint()? {
                reader.value::<Announced>()?;
            }
        }
        kind::ATTESTED => {
            reader.value::<(RowId, Version, [u8; 32])>()?;
            reader.array::<{ Signature::LEN }>()?;
        }
        _ => return Err(Malformed),
    }
    Ok(match kind {
        kind::PING | kind::PING_FOR | kind::COMPARE | kind::AUDIT => Glimpse::Opening,
        _ => Glimpse::Other,
    })
}

/// The rows are those from the start to before the end, ascending.
fn check_page(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let (start, end) = reader.value::<(RowId, Option<RowId>)>()?;
    let mut last = None;
    for _ in 0..reader.varint()? {
        let (id, _) = reader.value::<(RowId, Version)>()?;
        if id < start || last.is_some_and(|last| id <= last) {
            return Err(Malformed);
        }
        last = Some(id);
    }
    let is_before_end = end.is_none_or(|end| last.unwrap_or(start) < end);
    if is_before_end { Ok(()) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use rumormill_crdt::{Bytes, Key, Life, Limits, Replica, ReplicaId, Space, WholeRow, codec};

    use super::*;
    use crate::{
        digest::Basis,
        message::{Ask, Called, Cells, Lack, Message, Name, Page, Told, payload::Messages},
    };

    const LIFE: Life = Life { replica: ReplicaId(7), epoch: 300 };

    fn row(number: u64) -> RowId {
        RowId { space: Space::SHARED, life: Life { epoch: number, ..LIFE } }
    }

    fn value<T: for<'b> serde::Deserialize<'b> + serde::Serialize>(bytes: &[u8]) -> T {
        codec::decode(bytes).expect("these bytes are one")
    }

    /// A message of each kind, by the numbers of the kinds.
    fn one_of_each() -> Vec<Message> {
        let mut ann = Replica::new(LIFE, Limits::DEFAULT);
        for name in ["a", "b"] {
            let set = |writer: &mut rumormill_crdt::Writer<'_>| {
                writer.set(Space::SHARED, Key::raw(name), Bytes::copy_from(b"v"))
            };
            ann.edit(core::time::Duration::from_secs(1), set).expect("it fits");
        }
        let delta = |since: u64| {
            let row = ann.table().rows().next().expect("it was written");
            row.delta_since(since, usize::MAX).expect("there is more")
        };
        let told = |call: fn(RowId) -> Called| {
            let row = ann.table().rows().next().expect("it was written");
            Told::new(call(row.id()), row, &delta(1), |_| None).expect("it begins at 1")
        };
        let (tag, basis): (Tag, Basis) = (Tag::of(LIFE), value(&[1, 2, 3]));
        let compare: Compare = value(&[9; 19]);
        let list = RequestList::new(&[], 200).expect("few");
        let part = vec![0x20, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6];
        Part::decode(&part).expect("one cell of six bytes");
        let rows = vec![
            Announced::new(row(1), 1, true),
            Announced { name: Name::Tagged { space: Space::SHARED, tag }, version: 200 },
        ];
        vec![
            Message::Ping { nonce: 300 },
            Message::Ack { nonce: 300 },
            Message::Who,
            Message::Claim(value(&[1, 2, 3, 4, 5, 1, 1, 2, 3, 4])),
            Message::Compare(compare),
            Message::Differ { compare, strata: value(&[5; 64]) },
            Message::Cells(Cells::new(basis, Some(value(&[5; 64])), part)),
            Message::More(value(&[1, 2, 3, 1, 40])),
            Message::Ask(Ask::new(basis, 300, &list)),
            Message::Audit { compare, salt: [1; 16], sum: [2; 16] },
            Message::Pull { fingerprint: TablePrint::new(7) },
            Message::Page(Page::fit(row(1), [(row(1), 1), (row(2), 200)].into_iter(), 1_000)),
            Message::NextPage { start: row(1) },
            Message::Lack(Lack::fit(row(1), None, [1; 8], [(row(1), 1)].into_iter(), 1_000)),
            Message::Filled(value(&[&[1; 8][..], &[0, 5], &[1; 8]].concat())),
            Message::Request { name: Name::Row(row(1)), since: 300.into() },
            Message::Delta(delta(1)),
            Message::Row(WholeRow::new(delta(0)).expect("it is whole")),
            Message::Rumor { hops: 1, delta: delta(0) },
            Message::Announce { nonce: Some(300), rows },
            Message::PingFor { target: tag, nonce: 300 },
            Message::Nack { nonce: 300 },
            Message::WhoIsDead { known: DeadPrint::of([tag].into_iter()) },
            Message::SoManyAreDead { dead: 300 },
            Message::Attested(value(&[&[7; 17][..], &[3], &[8; 96]].concat())),
            Message::Sequel(told(Called::by_member)),
            Message::SequelRumor {
                hops: 1,
                told: told(|_| Called::Hashed { key: 1, low: [2; 3] }),
            },
        ]
    }

    fn written(message: &Message) -> Vec<u8> {
        codec::encode_to_vec(message).expect("a known length")
    }

    #[test]
    fn all_kinds_are_messages_and_no_part_of_one_is() {
        for (kind, message) in (0..=kind::SEQUEL_RUMOR).zip(one_of_each()) {
            let bytes = written(&message);
            assert_eq!(u64::from(bytes[0]), kind, "{message:?}");
            let read = Messages::decode(&bytes).expect("it is one");
            assert!(read.into_iter().eq([message.clone()]));
            for len in 1..bytes.len() {
                let check = check(&mut Reader::new(&bytes[..len]));
                assert_eq!(check, Err(Malformed), "{len} bytes of {message:?}");
            }
        }
        assert!(check(&mut Reader::new(&[27])).is_err(), "there are no more kinds");
        assert!(check(&mut Reader::new(&[0x80, 0])).is_err(), "the kind is padded");
    }

    #[test]
    fn what_messages_must_be_is_seen() {
        let page = |start: u64, end: Option<u64>, rows: &[u64]| {
            let rows: Vec<_> = rows.iter().map(|number| (row(*number), 1_u64)).collect();
            let page = codec::encode_to_vec(&(11_u8, row(start), end.map(row), rows));
            check(&mut Reader::new(&page.expect("a known length"))).is_ok()
        };
        assert!(page(1, None, &[]) && page(1, Some(2), &[]) && page(1, Some(4), &[1, 3]));
        assert!(!page(2, None, &[1]), "a row before the start");
        assert!(!page(1, None, &[2, 2]) && !page(1, None, &[3, 2]), "rows that do not ascend");
        assert!(!page(1, Some(3), &[2, 3]) && !page(1, Some(1), &[]), "an end that is none");
        let is_message = |bytes: &[&[u8]]| check(&mut Reader::new(&bytes.concat())).is_ok();
        assert!(is_message(&[&[6, 1, 2, 3, 0, 11], &[0x20, 0, 0, 0, 1], &[1; 6]]));
        assert!(!is_message(&[&[6, 1, 2, 3, 0, 12], &[0x20, 0, 0, 0, 1], &[1; 7]]), "half a cell");
        assert!(is_message(&[&[7, 1, 2, 3, 4, 40]]) && !is_message(&[&[7, 1, 2, 3, 5, 40]]));
        assert!(is_message(&[&[8, 1, 2, 3, 0, 2, 16, 0]]));
        assert!(!is_message(&[&[8, 1, 2, 3, 0, 2, 16, 1]]), "a list that has no zeros at its end");
    }
}
