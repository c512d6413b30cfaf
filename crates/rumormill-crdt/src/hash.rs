//! The one hash of the format: SipHash-1-3, specified by Aumasson and Bernstein,
//! "SipHash: a fast short-input PRF" (INDOCRYPT 2012), so that it outlives every release.

use core::hash::Hasher;

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use siphasher::sip::SipHasher13;

use crate::{RowId, Version};

const CELL: &[u8; 16] = b"cell of a row...";

/// Hashes bytes under a 16-byte key.
///
/// With a secret key it is a pseudo-random function; with a public key it finds accidents and
/// stops no adversary.
#[must_use]
pub fn keyed_hash(key: [u8; 16], bytes: &[u8]) -> u64 {
    SipHasher13::new_with_key(&key).hash(bytes)
}

/// The share of one cell in its row's hash. A row's hash is the sum of its cells' shares and its
/// floor's, modulo 2^64, so that one write costs one share and not a walk over the row.
pub(crate) fn cell_hash<K: Serialize, V: Serialize>(
    version: Version,
    key: &K,
    value: Option<&V>,
) -> u64 {
    value_hash(*CELL, &(version, key, value))
}

/// The same, of a cell's bytes as they travel: version, key and value.
pub(crate) fn encoded_cell_hash(cell: &[u8]) -> u64 {
    keyed_hash(*CELL, cell)
}

/// The share of the floor in its row's hash; 0 for floor 0, so that an empty row hashes to 0.
pub(crate) fn floor_hash(floor: Version) -> u64 {
    if floor == 0 { 0 } else { value_hash(*b"floor of a row..", &floor) }
}

/// The share of a row's every write in its table's fingerprint: the hash of space, replica and
/// epoch, in big-endian order.
pub(crate) fn row_hash(id: RowId) -> u64 {
    keyed_hash(*b"row of a table..", &id.to_bytes())
}

/// Hashes the postcard form of a value.
pub(crate) fn value_hash<T: Serialize>(key: [u8; 16], value: &T) -> u64 {
    // Most values are short, and one call with all bytes costs a fraction of a call for each.
    let mut short = [0; 96];
    if let Ok(bytes) = postcard::to_slice(value, &mut short) {
        return keyed_hash(key, bytes);
    }
    let sink = HashSink(SipHasher13::new_with_key(&key));
    postcard::serialize_with_flavor(value, sink)
        .expect("hashed types have serde forms of known length")
}

struct HashSink(SipHasher13);

impl Flavor for HashSink {
    type Output = u64;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.write_u8(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.write(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<u64> {
        Ok(self.0.finish())
    }
}
