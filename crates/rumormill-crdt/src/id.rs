//! Names of things: replicas, their lives, spaces and rows.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{codec::fixed, hash::keyed_hash};

/// The number of a write within a row: 1 for the row's first write, 0 for "nothing yet".
pub type Version = u64;

/// Who owns rows. Stable across restarts; on the wire 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ReplicaId(pub u64);

impl ReplicaId {
    /// Derives an id from a name, as closed networks without signed identities do.
    ///
    /// The id is the SipHash-1-3 of the name under a fixed key, so the same name gives the same
    /// replica on every machine and in every release.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self(keyed_hash(*b"replica name....", name.as_bytes()))
    }
}

/// One run of a replica's process. A restart is a new life with a higher epoch; two lives never
/// share versions, so a write is named once and for all by `(life, space, version)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Life {
    /// Whose life it is.
    pub replica: ReplicaId,
    /// Which one: greater than the epochs of all earlier lives of the replica.
    #[serde(with = "fixed")]
    pub epoch: u64,
}

impl Life {
    pub(crate) const LEN: usize = 16;

    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.replica.0.to_be_bytes());
        bytes[8..].copy_from_slice(&self.epoch.to_be_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (replica, epoch) = bytes.split_first_chunk::<8>()?;
        let epoch = u64::from_be_bytes(<[u8; 8]>::try_from(epoch).ok()?);
        Some(Self { replica: ReplicaId(u64::from_be_bytes(*replica)), epoch })
    }
}

/// A named part of the table. A life has one row in each space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Space(pub u8);

impl Space {
    /// What a replica says of itself: its address, its name, whether it left. Ephemeral: only a
    /// replica's newest life counts here, and rows of older lives are dropped and refused.
    pub const SELF: Self = Self(0);
    /// Data that outlives the process that wrote it: rows of ended lives keep counting.
    pub const SHARED: Self = Self(1);
    /// Counters and distributions, apart from `SHARED` so that neither waits for the other.
    pub const STATS: Self = Self(2);

    /// Says whether only a replica's newest life counts in this space.
    #[must_use]
    pub const fn is_ephemeral(self) -> bool {
        self.0 == Self::SELF.0
    }
}

/// The name of a row. Ordered by space, then replica, then epoch, so that what a space holds and
/// what a replica wrote in it are each one contiguous range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct RowId {
    /// The part of the table.
    pub space: Space,
    /// The owner.
    pub life: Life,
}

impl RowId {
    /// The least row id: where a walk over the whole table starts.
    pub const MIN: Self = Self::first_of(Space(0), ReplicaId(0));

    /// Space, replica and epoch, most significant bytes first: what hashes of row ids are made of.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 1 + Life::LEN] {
        let mut bytes = [self.space.0; 1 + Life::LEN];
        bytes[1..].copy_from_slice(&self.life.to_bytes());
        bytes
    }

    /// The row id that these bytes are of, as by [`to_bytes`](Self::to_bytes), and as on the wire.
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; 1 + Life::LEN]) -> Self {
        let [space, a, b, c, d, e, f, g, h, epoch @ ..] = *bytes;
        let replica = ReplicaId(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        Self { space: Space(space), life: Life { replica, epoch: u64::from_be_bytes(epoch) } }
    }

    /// Says whether this is the row of a later life of the same replica in the same space.
    pub(crate) fn supersedes(self, other: Self) -> bool {
        let Self { space, life } = self;
        space == other.space && life.replica == other.life.replica && life > other.life
    }

    pub(crate) const fn first_of(space: Space, replica: ReplicaId) -> Self {
        Self { space, life: Life { replica, epoch: 0 } }
    }

    pub(crate) const fn last_of(space: Space, replica: ReplicaId) -> Self {
        Self { space, life: Life { replica, epoch: u64::MAX } }
    }
}

impl Serialize for ReplicaId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fixed::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for ReplicaId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fixed::deserialize(deserializer).map(Self)
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{:x}", self.0)
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}.{:x}", self.replica, self.epoch)
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", self.space, self.life)
    }
}
