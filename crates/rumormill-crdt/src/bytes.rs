//! Short byte strings, kept in place up to 22 bytes.

use alloc::{sync::Arc, vec::Vec};
use core::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A byte string in 24 bytes; up to 22 bytes take no allocation, and clones of a longer one share
/// it. On the wire its length, then the bytes.
#[derive(Clone)]
pub struct Bytes(Place);

/// Invariant: strings of at most 22 bytes are `Here`; the bytes after `len` are 0.
#[derive(Clone)]
enum Place {
    Here { len: u8, bytes: [u8; Bytes::LEN_IN_PLACE] },
    Shared(Arc<[u8]>),
}

const _: () = assert!(size_of::<Option<Bytes>>() == 24, "a cell pays for what this takes");

impl Bytes {
    /// How long a string may be and still take no allocation.
    pub const LEN_IN_PLACE: usize = 22;

    /// Copies `bytes`.
    #[inline(always)]
    #[must_use]
    pub fn copy_from(bytes: &[u8]) -> Self {
        match u8::try_from(bytes.len()) {
            Ok(len) if bytes.len() <= Self::LEN_IN_PLACE => {
                Self(Place::Here { len, bytes: padded(bytes) })
            }
            _ => Self(Place::Shared(bytes.into())),
        }
    }

    /// Copies `parts`, one after the other.
    pub(crate) fn concat<'p>(parts: impl Iterator<Item = &'p [u8]> + Clone) -> Self {
        let mut bytes = [0; Self::LEN_IN_PLACE];
        let mut len = 0;
        for part in parts.clone() {
            let Some(room) = bytes.get_mut(len..len + part.len()) else {
                return Self(Place::Shared(parts.flatten().copied().collect()));
            };
            room.copy_from_slice(part);
            len += part.len();
        }
        let len = u8::try_from(len).expect("at most 22 bytes are in place");
        Self(Place::Here { len, bytes })
    }
}

/// Up to 22 bytes, and zeros behind them. Word by word: a copy of unknown length is a call, and
/// cells are made of many.
#[inline(always)]
fn padded(bytes: &[u8]) -> [u8; Bytes::LEN_IN_PLACE] {
    let word = |at: usize| word(bytes.get(at..).unwrap_or_default()).to_le_bytes();
    let mut padded = [0; Bytes::LEN_IN_PLACE];
    padded[..8].copy_from_slice(&word(0));
    padded[8..16].copy_from_slice(&word(8));
    padded[16..].copy_from_slice(&word(16)[..Bytes::LEN_IN_PLACE - 16]);
    padded
}

/// The first eight bytes, or as many as there are, the first of them the lowest.
#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    if let Some(whole) = bytes.first_chunk() {
        return u64::from_le_bytes(*whole);
    }
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(low), Some(high)) => {
            let [low, high] = [low, high].map(|half| u64::from(u32::from_le_bytes(*half)));
            low | high << (8 * (bytes.len() - 4))
        }
        _ => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::copy_from(&[])
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Here { len, bytes } => &bytes[..usize::from(*len)],
            Place::Shared(bytes) => bytes,
        }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Bytes {}

impl PartialOrd for Bytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bytes {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            // Of two strings that only zeros tell apart, the shorter comes first.
            (Place::Here { len: a, bytes: x }, Place::Here { len: b, bytes: y }) => {
                for word in WORDS {
                    let (x, y) = (number(x, word), number(y, word));
                    if x != y {
                        return x.cmp(&y);
                    }
                }
                a.cmp(b)
            }
            _ => (**self).cmp(&**other),
        }
    }
}

/// Where the numbers begin that together are all of the bytes.
const WORDS: [usize; 3] = [0, 8, Bytes::LEN_IN_PLACE - 8];

/// The eight bytes from `start` on, as a number that compares as they do.
#[inline]
fn number(bytes: &[u8; Bytes::LEN_IN_PLACE], start: usize) -> u64 {
    let word = bytes[start..].first_chunk().expect("a word begins where eight bytes follow");
    u64::from_be_bytes(*word)
}

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (**self).hash(hasher);
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CopyBytes;

        impl<'de> Visitor<'de> for CopyBytes {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes::copy_from(bytes))
            }

            /// Text formats have no byte strings.
            fn visit_seq<S: de::SeqAccess<'de>>(self, mut bytes: S) -> Result<Bytes, S::Error> {
                let mut all = Vec::new();
                while let Some(byte) = bytes.next_element()? {
                    all.push(byte);
                }
                Ok(Bytes::copy_from(&all))
            }
        }

        deserializer.deserialize_bytes(CopyBytes)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn strings_compare_as_slices_do(
            a in vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..30),
            b in vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..30),
            same in 0..30usize,
        ) {
            // Half of all pairs share a beginning, or only their ends would ever decide.
            let b: Vec<u8> = a.iter().copied().take(same).chain(b).collect();
            prop_assert_eq!(Bytes::copy_from(&a).cmp(&Bytes::copy_from(&b)), a.cmp(&b));
            prop_assert_eq!(Bytes::copy_from(&a) == Bytes::copy_from(&b), a == b);
            prop_assert_eq!(&*Bytes::copy_from(&b), &b[..]);
        }
    }
}
