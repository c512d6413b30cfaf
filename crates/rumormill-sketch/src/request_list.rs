//! Asking for what one lacks.

use alloc::{borrow::Cow, vec, vec::Vec};
use core::fmt;

use crate::{
    Gap, KeyHash, KeyIndex, Malformed,
    bits::{BitReader, BitWriter},
    mix::mask,
};

/// The most keys that one list asks for.
const REQUESTS_MAX: usize = u16::MAX as usize;

/// The keys that somebody wants, and by how much he is behind in each.
///
/// Keys travel as the low bits of their hashes: eight more than tell the keys of a map apart on
/// average, so one request in 256 names a second key as well, which is then sent for nothing.
/// The differences of the sorted keys are Rice-coded, gaps are gamma-coded: some 2 to 3 bytes a
/// key in maps of 100,000 that differ in a hundred.
///
/// It is kept as it travels, and its requests are read when somebody walks over them: a request may take
/// two bits there, and sixteen bytes in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestList<'b> {
    /// Invariant: what [`RequestList::new`] writes for some gaps: keys within `bits`, which are 8 to 48, by
    /// ascending key, no key twice, no gap of 0, at most [`REQUESTS_MAX`].
    bytes: Cow<'b, [u8]>,
    bits: u32,
}

/// The requests of a [`RequestList`], by ascending key.
#[derive(Clone, Debug)]
pub struct Requests<'l> {
    reader: BitReader<'l>,
    bits: u32,
    /// The parameter of Rice's code.
    k: u32,
    /// The least key that the next one may have.
    next: u64,
    left: usize,
}

/// One key that somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// The low bits of the key's hash.
    pub key: u64,
    /// By how much the sender's value is behind; not 0.
    pub behind: u64,
}

/// More keys than one list holds. Nothing was made; split them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl<'b> RequestList<'b> {
    /// Asks for all keys in which `gaps` say that we are behind. `keys` is how many keys the maps
    /// have, about.
    ///
    /// # Errors
    ///
    /// [`TooMany`] if that is more than 65,535 keys.
    pub fn new(gaps: &[Gap], keys: usize) -> Result<Self, TooMany> {
        let bits = (keys.max(1).next_power_of_two().trailing_zeros() + 8).min(KeyHash::BITS);
        let behind = gaps.iter().filter(|gap| gap.ahead < 0);
        let mut requests: Vec<_> = behind
            .map(|gap| Request {
                key: gap.key.bits() & mask(bits),
                behind: gap.ahead.unsigned_abs(),
            })
            .collect();
        if requests.len() > REQUESTS_MAX {
            return Err(TooMany);
        }
        requests.sort_unstable_by(|a, b| (a.key, b.behind).cmp(&(b.key, a.behind)));
        requests.dedup_by_key(|request| request.key);
        let mut writer = BitWriter::after(vec![u8::try_from(bits).expect("at most 48")]);
        writer.gamma(requests.len() as u64 + 1);
        let k = rice_parameter(bits, requests.len());
        let mut next = 0;
        for request in &requests {
            writer.rice(request.key - next, k);
            writer.gamma(request.behind);
            next = request.key + 1;
        }
        Ok(Self { bytes: writer.into_bytes().into(), bits })
    }

    /// Walks the requests, by ascending key.
    #[must_use]
    pub fn requests(&self) -> Requests<'_> {
        Requests::read(&self.bytes).expect("the bytes are those of a list")
    }

    /// Returns the keys of an index that a request may mean: mostly one, none if we do not have it.
    pub fn keys<'i, V>(
        &self,
        request: Request,
        index: &'i KeyIndex<V>,
    ) -> impl Iterator<Item = KeyHash> + use<'i, V> {
        index.candidates(request.key, self.bits)
    }

    /// Encodes the list.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// Decodes a list that fills `bytes` to the end. Allocates nothing.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if these are not the bytes of a list.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut requests = Requests::read(bytes)?;
        while requests.left > 0 {
            requests.read_next()?;
        }
        let bits = requests.bits;
        requests.reader.finish()?;
        Ok(Self { bytes: bytes.into(), bits })
    }
}

impl<'l> Requests<'l> {
    /// Reads what comes before the requests.
    fn read(bytes: &'l [u8]) -> Result<Self, Malformed> {
        let ([bits], coded) = bytes.split_first_chunk().ok_or(Malformed)?;
        let bits = u32::from(*bits);
        if !(8..=KeyHash::BITS).contains(&bits) {
            return Err(Malformed);
        }
        let mut reader = BitReader::new(coded);
        let left = usize::try_from(reader.gamma()? - 1).map_err(|_| Malformed)?;
        if left > REQUESTS_MAX {
            return Err(Malformed);
        }
        Ok(Self { reader, bits, k: rice_parameter(bits, left), next: 0, left })
    }

    fn read_next(&mut self) -> Result<Request, Malformed> {
        let key = self.next + self.reader.rice(self.k, self.bits)?;
        if key > mask(self.bits) {
            return Err(Malformed);
        }
        (self.next, self.left) = (key + 1, self.left - 1);
        Ok(Request { key, behind: self.reader.gamma()? })
    }
}

impl Iterator for Requests<'_> {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        if self.left == 0 { None } else { self.read_next().ok() }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Requests<'_> {}

/// The parameter under which `count` numbers that are spread over `2^bits` are coded shortest: the
/// logarithm of ln 2 times their mean distance.
fn rice_parameter(bits: u32, count: usize) -> u32 {
    let spread = (mask(bits) + 1) / 100 * 69;
    spread.checked_div(count as u64).and_then(u64::checked_ilog2).unwrap_or(0)
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list holds at most 65,535 requests; split them")
    }
}

impl core::error::Error for TooMany {}
