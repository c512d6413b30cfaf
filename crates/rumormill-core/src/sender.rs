//! Who sent a datagram.

use rumormill_crdt::{Life, codec, keyed_hash};
use serde::{Deserialize, Serialize};

use crate::Rejected;

/// Who sent a datagram: four bytes among those who know each other, all of the life otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Tag(Tag),
    Life(Life),
}

/// What stands for a life among those who know it: a hash of four bytes that are not all 0. Where
/// two lives share one, which is rare, each is taken for the other, and told what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Tag([u8; 4]);

/// What a datagram begins with whose sender spells out its life.
const SPELLED_OUT: Tag = Tag([0; 4]);

impl Tag {
    pub(crate) fn of(life: Life) -> Self {
        let bytes = [life.replica.0.to_be_bytes(), life.epoch.to_be_bytes()].concat();
        let [a, b, c, d, ..] = keyed_hash(*b"tag of a life...", &bytes).to_be_bytes();
        if [a, b, c, d] == [0; 4] { Self([0, 0, 0, 1]) } else { Self([a, b, c, d]) }
    }

    /// What it begins with.
    pub(crate) const fn first_three(self) -> [u8; 3] {
        let [a, b, c, _] = self.0;
        [a, b, c]
    }

    /// The first tag that begins so.
    pub(crate) const fn first_with([a, b, c]: [u8; 3]) -> Self {
        Self([a, b, c, 0])
    }

    pub(crate) const fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    pub(crate) const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn to_number(self) -> u32 {
        u32::from_be_bytes(self.0)
    }
}

impl Sender {
    /// The longest encoding, in bytes.
    pub(crate) const LEN_MAX: usize = Self::TAG_LEN + 16;

    /// The length of a tag, in bytes.
    pub(crate) const TAG_LEN: usize = 4;

    /// Encodes at the start of `buf` and returns the length; nothing if there is no room.
    pub(crate) fn encode(self, buf: &mut [u8]) -> Option<usize> {
        let encoded = match self {
            Self::Tag(tag) => codec::encode(&tag, buf),
            Self::Life(life) => codec::encode(&(SPELLED_OUT, life), buf),
        };
        encoded.ok()
    }

    /// Decodes what `payload` begins with, and returns the rest.
    pub(crate) fn decode(payload: &[u8]) -> Result<(Self, &[u8]), Rejected> {
        let (tag, rest) = codec::decode_prefix(payload).map_err(|_| Rejected::Malformed)?;
        if tag != SPELLED_OUT {
            return Ok((Self::Tag(tag), rest));
        }
        let (life, rest) = codec::decode_prefix(rest).map_err(|_| Rejected::Malformed)?;
        Ok((Self::Life(life), rest))
    }
}
