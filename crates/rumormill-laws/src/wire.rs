//! Types that are sent as bytes.

use rumormill_crdt::{Bytes, Key, RowDelta, codec};

/// What travels as bytes: a whole state, or a delta.
pub trait Wire: Sized {
    /// Encodes it. Equal values have equal bytes.
    fn encode(&self) -> Vec<u8>;

    /// Decodes what [`encode`](Self::encode) wrote; nothing if it never writes such bytes.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// What says in advance how many bytes it takes.
pub trait Accounted: Wire {
    /// How many bytes [`Wire::encode`] writes.
    fn encoded_len(&self) -> usize;
}

impl Wire for RowDelta<Key, Bytes> {
    fn encode(&self) -> Vec<u8> {
        codec::encode_to_vec(self).expect("a delta has no sequence of unknown length")
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        codec::decode(bytes).ok()
    }
}

impl Accounted for RowDelta<Key, Bytes> {
    fn encoded_len(&self) -> usize {
        codec::encoded_len(self)
    }
}
