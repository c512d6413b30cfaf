//! What datagrams say. `docs/wire.md` has every byte.

mod announced;
mod check;
mod claim;
mod lack;
mod payload;
mod sketched;
mod told;

use alloc::vec::Vec;

use rumormill_crdt::{
    Bytes, Content, Key, Limits, RowDelta, RowId, Signature, Since, Version, WholeRow, codec,
};
use serde::{Deserialize, Serialize};

use crate::{
    seal::FRAME_LEN,
    sender::{Sender, Tag},
    trust::Attested,
};

#[cfg(test)]
pub(crate) use self::payload::decode_all;
pub(crate) use self::{
    announced::{Announced, Name},
    claim::{Claim, ClaimedStanding, Said},
    lack::{Filled, Lack},
    payload::{Messages, decode_payload},
    sketched::{Ask, Cells, Compare, More, WireStrata},
    told::{Called, Told},
};

/// One message. A datagram says who sent it, and then has messages to its end. What is in a message is read
/// after it was [checked](check), so lists have as many elements as they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Message {
    /// Are you there?
    Ping { nonce: u64 },
    /// I am; the nonce is that of the ping.
    Ack { nonce: u64 },
    /// I do not know you: who are you?
    Who,
    /// A belief about somebody's liveness.
    Claim(Said),
    /// This is the fingerprint of my digest. If yours differs on the same basis, go on from there.
    Compare(Compare),
    /// My digest differs from what you sent, or I cannot tell on your basis: this is mine, and
    /// sums to estimate from how much differs.
    Differ { compare: Compare, strata: WireStrata },
    /// Cells of the sketch of my digest.
    Cells(Cells),
    /// Send me cells of the sketch of your digest.
    More(More),
    /// Send me what follows of the rows with these hashes.
    Ask(Ask),
    /// This is the sum over my digest under this salt. If yours differs although our fingerprints
    /// do not, somebody has forged rows: compare all.
    Audit { compare: Compare, salt: [u8; 16], sum: [u8; 16] },
    /// This is the fingerprint of my table; if yours differs, send me your rumors.
    Pull { fingerprint: TablePrint },
    /// The versions of my rows in a range.
    Page(Page),
    /// Send me your page that starts here.
    NextPage { start: RowId },
    /// I am new: send me the rows that I lack.
    Lack(Lack),
    /// So far reaches what I send of what you lack.
    Filled(Filled),
    /// Send me what follows of this row: spelled out if its name is, and else as shortly as can be.
    Request { name: Name, since: Since },
    /// Cells of a row, to whoever asked or was found to lack them.
    Delta(RowDelta<Key, Bytes>),
    /// All cells of a row, likewise.
    Row(WholeRow<Key, Bytes>),
    /// Fresh cells of a row, to be passed on; so many passed them on before.
    Rumor { hops: u8, delta: RowDelta<Key, Bytes> },
    /// These rows grew: ask me for what you lack, and answer this nonce then as that of a ping.
    Announce { nonce: Option<u64>, rows: Vec<Announced> },
    /// Ping the member with this tag for me, and tell me what came of it.
    PingFor { target: Tag, nonce: u64 },
    /// I pinged for you, and got no answer; the nonce is that of your question.
    Nack { nonce: u64 },
    /// Tell me whom you take for dead, if these are not those whom I do.
    WhoIsDead { known: DeadPrint },
    /// So many I take for dead, and of these I have told you.
    SoManyAreDead { dead: u64 },
    /// This is what its owner signed of a row that you hold at the same version, and otherwise.
    Attested(Attested),
    /// What follows of a row that you hold.
    Sequel(Told),
    /// The same, fresh, to be passed on; so many passed it on before.
    SequelRumor { hops: u8, told: Told },
}

impl Message {
    /// Says whether this serves to find out what differs.
    pub(crate) const fn is_digest(&self) -> bool {
        match self {
            Self::Compare(_)
            | Self::Differ { .. }
            | Self::Cells(_)
            | Self::More(_)
            | Self::Ask(_)
            | Self::Audit { .. }
            | Self::Pull { .. }
            | Self::Page(_)
            | Self::NextPage { .. }
            | Self::Lack(_)
            | Self::Filled(_)
            | Self::Request { .. } => true,
            Self::Ping { .. }
            | Self::Ack { .. }
            | Self::Who
            | Self::Claim(_)
            | Self::Delta(_)
            | Self::Row(_)
            | Self::Rumor { .. }
            | Self::Announce { .. }
            | Self::PingFor { .. }
            | Self::Nack { .. }
            | Self::WhoIsDead { .. }
            | Self::SoManyAreDead { .. }
            | Self::Attested(_)
            | Self::Sequel(_)
            | Self::SequelRumor { .. } => false,
        }
    }
}

/// What the tags of all whom somebody takes for dead add up to, modulo 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadPrint([u8; 4]);

impl DeadPrint {
    pub(crate) fn of(tags: impl Iterator<Item = Tag>) -> Self {
        let sum = tags.map(Tag::to_number).fold(0, u32::wrapping_add);
        Self(sum.to_be_bytes())
    }
}

/// The hash of a version vector, in 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TablePrint([u8; 8]);

/// The versions of all rows that the sender holds in `[start, end)`, or from `start` on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    start: RowId,
    end: Option<RowId>,
    rows: Vec<(RowId, Version)>,
}

impl TablePrint {
    pub(crate) const fn new(fingerprint: u64) -> Self {
        Self(fingerprint.to_be_bytes())
    }
}

impl Page {
    /// Fits as many rows as there is room for, given the row after the last as well.
    pub(crate) fn fit(
        start: RowId,
        rows: impl Iterator<Item = (RowId, Version)>,
        len_max: usize,
    ) -> Self {
        let mut page = Self { start, end: None, rows: Vec::new() };
        // An upper bound of everything but the rows: the kind, two row ids, tag and count.
        let mut room = len_max.saturating_sub(1 + 2 * codec::encoded_len(&start) + 1 + 3);
        for row in rows {
            let len = codec::encoded_len(&row);
            if len > room {
                page.end = Some(row.0);
                break;
            }
            room -= len;
            page.rows.push(row);
        }
        page
    }

    pub(crate) const fn start(&self) -> RowId {
        self.start
    }

    pub(crate) const fn end(&self) -> Option<RowId> {
        self.end
    }

    /// The rows, by ascending id.
    pub(crate) fn rows(&self) -> &[(RowId, Version)] {
        &self.rows
    }
}

/// The longest datagram that a delta of one cell takes under the given limits.
pub(crate) const fn delta_len_max(limits: &Limits, seal_len: usize, is_signed: bool) -> usize {
    const VARINT: usize = 10;
    const ROW: usize = 17;
    let frame_and_sender = FRAME_LEN + Sender::LEN_MAX;
    let head = 2 * VARINT + 2 * 8 + VARINT + limits.dependencies_max * (ROW + VARINT + 8);
    let cell = VARINT + 1 + 2 * 3 + limits.cell_len_max;
    const KIND: usize = 2;
    // A mark that says that it is there, the signature, and the content that a piece names.
    let signature = if is_signed { 1 + Signature::LEN + size_of::<Content>() } else { 0 };
    frame_and_sender + seal_len + signature + KIND + ROW + 2 * VARINT + head + 3 + cell
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use rumormill_crdt::{Life, ReplicaId};

    use super::*;

    fn bytes(message: &Message) -> Vec<u8> {
        codec::encode_to_vec(message).expect("messages have a known length")
    }

    #[test]
    fn messages_about_liveness_are_spelled_as_documented() {
        let life = Life { replica: ReplicaId(7), epoch: 9 };
        let tag = Tag::of(life);
        let tag_bytes = codec::encode_to_vec(&tag).expect("four bytes");
        let claim =
            |standing| bytes(&Message::Claim(Claim { life, incarnation: 300, standing }.into()));
        let begin = [vec![3], tag_bytes.clone(), vec![0xac, 2]].concat();
        assert_eq!(claim(ClaimedStanding::Alive), [&begin[..], &[0]].concat());
        let suspect = [&begin[..], &[1], &tag_bytes].concat();
        assert_eq!(claim(ClaimedStanding::Suspect { by: tag }), suspect);
        assert_eq!(claim(ClaimedStanding::Dead), [&begin[..], &[2]].concat());
        assert_eq!(bytes(&Message::Ping { nonce: 5 }), [0, 5]);
        assert_eq!(bytes(&Message::Ack { nonce: 5 }), [1, 5]);
        let question = bytes(&Message::PingFor { target: tag, nonce: 32 });
        assert_eq!(question, [vec![20], tag_bytes, vec![32]].concat());
        assert_eq!(bytes(&Message::Nack { nonce: 32 }), [21, 32]);
    }
}
