//! Asking for what one lacks.

use alloc::vec::Vec;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestList {
    /// Invariant: 8 to 48.
    bits: u32,
    /// Invariant: by ascending key, no key twice, keys within `bits`, no gap of 0, at most
    /// [`REQUESTS_MAX`].
    requests: Vec<Request>,
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

impl RequestList {
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
        Ok(Self { bits, requests })
    }

    /// Returns the requests, by ascending key.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        &self.requests
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
        let mut bytes = Vec::new();
        bytes.extend(u8::try_from(self.bits));
        let mut writer = BitWriter::after(bytes);
        writer.gamma(self.requests.len() as u64 + 1);
        let k = rice_parameter(self.bits, self.requests.len());
        let mut next = 0;
        for request in &self.requests {
            writer.rice(request.key - next, k);
            writer.gamma(request.behind);
            next = request.key + 1;
        }
        writer.into_bytes()
    }

    /// Decodes a list that fills `bytes` to the end. Allocates at most 128 bytes for each,
    /// since no request is coded in less than two bits.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if these are not the bytes of a list.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let ([bits], coded) = bytes.split_first_chunk().ok_or(Malformed)?;
        let bits = u32::from(*bits);
        if !(8..=KeyHash::BITS).contains(&bits) {
            return Err(Malformed);
        }
        let mut reader = BitReader::new(coded);
        let count = usize::try_from(reader.gamma()? - 1).map_err(|_| Malformed)?;
        if count > REQUESTS_MAX {
            return Err(Malformed);
        }
        let k = rice_parameter(bits, count);
        // Grows with what is read, not with what is announced.
        let mut requests = Vec::new();
        let mut next = 0;
        for _ in 0..count {
            let key = next + reader.rice(k, bits)?;
            if key > mask(bits) {
                return Err(Malformed);
            }
            requests.push(Request { key, behind: reader.gamma()? });
            next = key + 1;
        }
        reader.finish()?;
        Ok(Self { bits, requests })
    }
}

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
