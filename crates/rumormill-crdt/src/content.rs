//! What a row holds, in 32 bytes that nobody can make another row for.

use alloc::boxed::Box;
use core::fmt;

use blake3::Hasher;
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use crate::{Cell, Version};

/// The digest of all that a row holds at one head: cells, tombstones and floor. Unlike
/// [`Head::hash`](crate::Head::hash), which finds accidents, it is collision-resistant, so an owner
/// that signs it has signed the cells. It never travels: whoever has the cells can work it out.
///
/// A row of up to 64 cells is hashed from end to end. Of a larger one the sum of hashes of its cells
/// is hashed, so that a write costs two of them and not a walk over the row: LtHash, with 1,024
/// lanes of 16 bits (Bellare and Micciancio, EUROCRYPT 1997; Lewi, Kim, Maykov and Weis, "Securing
/// Update Propagation with Homomorphic Hashing", 2019). `docs/wire.md` has the bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Content(pub [u8; 32]);

/// Rows with more cells are summed up.
pub(crate) const HASHED_WHOLE_MAX: usize = 64;

const SMALL_ROW: &[u8; 32] = b"content of a small row..........";
const LARGE_ROW: &[u8; 32] = b"content of a large row..........";
const LARGE_ROW_CELL: &[u8; 32] = b"cell of a large row.............";

const LANES: usize = 1_024;

/// The sum of the hashes of a row's cells, lane by lane.
#[derive(Clone)]
pub(crate) struct Lanes(Box<[u16; LANES]>);

impl Lanes {
    pub(crate) fn new() -> Self {
        Self(Box::new([0; LANES]))
    }

    pub(crate) fn add<K: Serialize, V: Serialize>(&mut self, key: &K, cell: &Cell<V>) {
        self.add_share(cell.version, key, cell.value.as_ref());
    }

    pub(crate) fn add_share<K: Serialize, V: Serialize>(
        &mut self,
        version: Version,
        key: &K,
        value: Option<&V>,
    ) {
        self.each(&share(version, key, value), u16::wrapping_add);
    }

    pub(crate) fn subtract_share<K: Serialize, V: Serialize>(
        &mut self,
        version: Version,
        key: &K,
        value: Option<&V>,
    ) {
        self.each(&share(version, key, value), u16::wrapping_sub);
    }

    fn each(&mut self, share: &[u8; 2 * LANES], change: impl Fn(u16, u16) -> u16) {
        let (numbers, _) = share.as_chunks::<2>();
        for (lane, number) in self.0.iter_mut().zip(numbers) {
            *lane = change(*lane, u16::from_le_bytes(*number));
        }
    }

    /// The content of the row whose cells these sum up.
    pub(crate) fn content(&self, floor: Version) -> Content {
        let mut bytes = [0; 2 * LANES];
        let (places, _) = bytes.as_chunks_mut::<2>();
        for (place, lane) in places.iter_mut().zip(self.0.iter()) {
            *place = lane.to_le_bytes();
        }
        let mut hasher = Hasher::new_keyed(LARGE_ROW);
        hasher.update(&floor.to_be_bytes()).update(&bytes);
        Content(*hasher.finalize().as_bytes())
    }
}

/// What a cell of a large row adds to the lanes.
fn share<K: Serialize, V: Serialize>(
    version: Version,
    key: &K,
    value: Option<&V>,
) -> [u8; 2 * LANES] {
    let hasher = hashed(Hasher::new_keyed(LARGE_ROW_CELL), &(version, key, value));
    let mut share = [0; 2 * LANES];
    hasher.finalize_xof().fill(&mut share);
    share
}

/// Hashes the cells of a small row, by ascending version.
pub(crate) struct Whole(Hasher);

impl Whole {
    pub(crate) fn new(floor: Version) -> Self {
        let mut hasher = Hasher::new_keyed(SMALL_ROW);
        hasher.update(&floor.to_be_bytes());
        Self(hasher)
    }

    pub(crate) fn with<K: Serialize, V: Serialize>(
        self,
        version: Version,
        key: &K,
        value: Option<&V>,
    ) -> Self {
        Self(hashed(self.0, &(version, key, value)))
    }

    pub(crate) fn content(&self) -> Content {
        Content(*self.0.finalize().as_bytes())
    }
}

/// Hashes the postcard form of a value.
pub(crate) fn hashed<T: Serialize>(hasher: Hasher, value: &T) -> Hasher {
    postcard::serialize_with_flavor(value, Sink(hasher))
        .expect("hashed types have serde forms of known length")
}

struct Sink(Hasher);

impl Flavor for Sink {
    type Output = Hasher;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.update(&[byte]);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.update(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Hasher> {
        Ok(self.0)
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lanes").finish_non_exhaustive()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
