//! Canonical bytes: serde and postcard, and a decoder that accepts only what the encoder writes.
//!
//! postcard by itself accepts several spellings of one value (varints padded with zeros, map keys
//! out of order or twice, bytes after the end). Hashes, signatures and deduplication need one.
//! [`decode`] therefore encodes what it read again and compares, without allocating. A [`Reader`] takes
//! bytes apart and sees at each step that they are spelled the one way there is: rows, which are most
//! of what travels, are read by it.

mod reader;

use alloc::vec::Vec;
use core::{fmt, marker::PhantomData};

use postcard::ser_flavors::{Flavor, Size};
use serde::{Deserialize, Deserializer, Serialize, de};

pub use self::reader::Reader;

/// The bytes are not what the encoder writes for any value of the type. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The value does not fit the buffer, or its serde form has no length in advance. Nothing of use
/// was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Encodes `value` at the start of `buf` and returns how many bytes it took.
///
/// # Errors
///
/// [`TooLong`] if the value needs more than `buf.len()` bytes.
pub fn encode<T: Serialize + ?Sized>(value: &T, buf: &mut [u8]) -> Result<usize, TooLong> {
    postcard::to_slice(value, buf).map(|used| used.len()).map_err(|_| TooLong)
}

/// Encodes `value` into a new vector.
///
/// # Errors
///
/// [`TooLong`] if the value's serde form has a sequence of unknown length, which postcard cannot
/// write.
pub fn encode_to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, TooLong> {
    postcard::to_allocvec(value).map_err(|_| TooLong)
}

/// Returns how many bytes [`encode`] writes for `value`; `usize::MAX` if it cannot be encoded.
pub fn encoded_len<T: Serialize + ?Sized>(value: &T) -> usize {
    postcard::serialize_with_flavor(value, Size::default()).unwrap_or(usize::MAX)
}

/// Returns how many bytes an unsigned integer takes.
pub(crate) const fn varint_len(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Decodes a value that fills `bytes` to the end.
///
/// # Errors
///
/// [`Malformed`] if `bytes` is anything but the encoding of one value, bit for bit.
pub fn decode<'a, T: Serialize + Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Malformed> {
    match decode_prefix(bytes)? {
        (value, []) => Ok(value),
        (_, _) => Err(Malformed),
    }
}

/// Decodes a value from the start of `bytes` and returns it with the bytes after it.
///
/// Allocates at most in proportion to `bytes.len()`.
///
/// # Errors
///
/// [`Malformed`] if `bytes` does not start with the canonical encoding of a value.
pub fn decode_prefix<'a, T: Serialize + Deserialize<'a>>(
    bytes: &'a [u8],
) -> Result<(T, &'a [u8]), Malformed> {
    let (value, rest) = postcard::take_from_bytes::<T>(bytes).map_err(|_| Malformed)?;
    let used = &bytes[..bytes.len() - rest.len()];
    let compared = postcard::serialize_with_flavor(&value, Comparison { unmatched: used });
    match compared {
        Ok(true) => Ok((value, rest)),
        Ok(false) | Err(_) => Err(Malformed),
    }
}

/// Compares what is written to it with bytes at hand.
struct Comparison<'a> {
    unmatched: &'a [u8],
}

impl Flavor for Comparison<'_> {
    /// Whether everything at hand was written, and nothing else.
    type Output = bool;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        let first = self.unmatched.split_first().filter(|(first, _)| **first == byte);
        (_, self.unmatched) = first.ok_or(postcard::Error::SerializeBufferFull)?;
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let differs = postcard::Error::SerializeBufferFull;
        self.unmatched = self.unmatched.strip_prefix(bytes).ok_or(differs)?;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.unmatched.is_empty())
    }
}

/// Eight big-endian bytes for what has no small values: ids, hashes and timestamps.
pub(crate) mod fixed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_be_bytes().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        <[u8; 8]>::deserialize(deserializer).map(u64::from_be_bytes)
    }
}

/// A list that takes room as its elements come. See [`frugal_list`].
pub(crate) struct Frugal<T>(pub(crate) Vec<T>);

/// Reads a list that takes room as its elements come, and little more than they need, whatever count a
/// stranger puts before it: for `#[serde(deserialize_with = "frugal_list")]` on fields of what strangers
/// send. (A `Vec` by itself makes room for as many elements at once as there are bytes left.)
///
/// # Errors
///
/// Those of the elements.
pub fn frugal_list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Frugal::deserialize(deserializer).map(|Frugal(list)| list)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Frugal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Elements<T> {
            type Value = Frugal<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<S: de::SeqAccess<'de>>(self, mut seq: S) -> Result<Frugal<T>, S::Error> {
                let mut list = Vec::new();
                while let Some(element) = seq.next_element()? {
                    if list.len() == list.capacity() {
                        list.reserve_exact(list.len() / 4 + 4);
                    }
                    list.push(element);
                }
                Ok(Frugal(list))
            }
        }

        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

/// A map as a list of pairs, for formats whose maps have keys of text. In postcard the same bytes.
pub(crate) mod pairs {
    use alloc::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::frugal_list;

    pub(crate) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        frugal_list(deserializer).map(|pairs| pairs.into_iter().collect())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not the canonical encoding of the expected type; dropped")
    }
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value does not fit the buffer; use a larger buffer or a smaller value")
    }
}

impl core::error::Error for Malformed {}
impl core::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;

    #[test]
    fn only_one_spelling_is_accepted() {
        assert_eq!(decode::<u32>(&[0x00]), Ok(0));
        assert_eq!(decode::<u32>(&[0x80, 0x00]), Err(Malformed), "padded varint");
        assert_eq!(decode::<u32>(&[0x00, 0x00]), Err(Malformed), "trailing byte");
        assert_eq!(decode::<u32>(&[]), Err(Malformed), "nothing");
        let sorted = [2, 1, 9, 2, 9];
        assert_eq!(decode(&sorted), Ok(BTreeMap::from([(1u8, 9u8), (2, 9)])));
        assert_eq!(decode::<BTreeMap<u8, u8>>(&[2, 2, 9, 1, 9]), Err(Malformed), "unsorted");
        assert_eq!(decode::<BTreeMap<u8, u8>>(&[2, 1, 9, 1, 9]), Err(Malformed), "twice");
    }

    #[test]
    fn accounted_length_is_encoded_length() {
        let value = (u64::MAX, [1u8, 2, 3].as_slice(), Some("text"));
        assert_eq!(encoded_len(&value), encode_to_vec(&value).unwrap().len());
        assert_eq!(encode(&value, &mut [0; 4]), Err(TooLong));
    }
}
