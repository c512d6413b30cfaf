//! Takes canonical bytes apart, piece by piece and without memory.

use serde::{Deserialize, Serialize};

use super::{Malformed, decode_prefix};

/// Takes values off the front of bytes. What [`encode`](super::encode) would not write is
/// [`Malformed`], as by [`decode`](super::decode), but nothing has to be encoded again to see it,
/// and nothing is allocated. Whoever reads a type this way spells its fields out, so it is for
/// what comes often, or from strangers.
///
/// ```
/// use rumormill_crdt::codec::{Malformed, Reader, encode_to_vec};
///
/// let bytes = encode_to_vec(&(300_u64, "load", Some(7_u8)))?;
/// let mut reader = Reader::new(&bytes);
/// assert_eq!(reader.varint(), Ok(300));
/// assert_eq!(reader.bytes(), Ok(&b"load"[..]));
/// assert_eq!((reader.option(), reader.byte()), (Ok(true), Ok(7)));
/// assert_eq!(reader.byte(), Err(Malformed), "nothing is left");
/// # Ok::<(), rumormill_crdt::codec::TooLong>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    /// Begins with the first of these bytes.
    #[must_use]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// What is left.
    #[must_use]
    pub const fn rest(&self) -> &'b [u8] {
        self.0
    }

    /// So many bytes.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there are not as many.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The bytes of an array, which has no length in front.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there are not as many.
    #[inline]
    pub fn array<const LEN: usize>(&mut self) -> Result<&'b [u8; LEN], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// One byte: a `u8`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there is none.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| *byte)
    }

    /// A larger unsigned integer, or the number of an enum's variant, without padding.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it is padded, or has more than 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        match self.byte()? {
            low @ 0..0x80 => Ok(low.into()),
            low => self.varint_after(low),
        }
    }

    fn varint_after(&mut self, low: u8) -> Result<u64, Malformed> {
        let mut value = u64::from(low & 0x7f);
        for shift in (7..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            value |= bits << shift;
            if byte < 0x80 {
                let is_whole = bits << shift >> shift == bits;
                return if bits > 0 && is_whole { Ok(value) } else { Err(Malformed) };
            }
        }
        Err(Malformed)
    }

    /// A byte string, or text: its length and the bytes.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it is longer than what is left.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        let len = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        self.take(len)
    }

    /// Whether there is something, of an option.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if neither is said.
    #[inline]
    pub fn option(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// A value of any type, as [`decode_prefix`] reads it.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there is none.
    pub fn value<T: Serialize + Deserialize<'b>>(&mut self) -> Result<T, Malformed> {
        let (value, rest) = decode_prefix(self.0)?;
        self.0 = rest;
        Ok(value)
    }

    /// A value of any type, where its spelling was seen to be canonical before.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there is no value at all.
    pub fn checked_value<T: Deserialize<'b>>(&mut self) -> Result<T, Malformed> {
        let (value, rest) = postcard::take_from_bytes(self.0).map_err(|_| Malformed)?;
        self.0 = rest;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::codec::encode_to_vec;

    /// Reads the same with serde, and says whether both agree.
    fn agree<T>(bytes: &[u8], read: impl Fn(&mut Reader<'_>) -> Result<T, Malformed>) -> bool
    where
        T: Serialize + for<'b> Deserialize<'b> + PartialEq,
    {
        let mut reader = Reader::new(bytes);
        let read = read(&mut reader).map(|value| (value, reader.rest()));
        read == decode_prefix(bytes)
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_serde_reads_and_nothing_else(
            bytes in vec(prop_oneof![Just(0), Just(1), Just(0x80), Just(0xff), any::<u8>()], 0..16),
            number in any::<u64>(),
            shift in 0..64u32,
        ) {
            prop_assert!(agree::<u64>(&bytes, |reader| reader.varint()));
            prop_assert!(agree::<u8>(&bytes, |reader| reader.byte()));
            prop_assert!(agree::<[u8; 3]>(&bytes, |reader| reader.array().copied()));
            prop_assert!(agree::<alloc::vec::Vec<u8>>(&bytes, |it| it.bytes().map(<[u8]>::to_vec)));
            prop_assert!(agree::<Option<()>>(&bytes, |it| it.option().map(|is| is.then_some(()))));
            let spelled = encode_to_vec(&(number >> shift)).expect("a number has a length");
            prop_assert_eq!(Reader::new(&spelled).varint(), Ok(number >> shift));
        }
    }
}
