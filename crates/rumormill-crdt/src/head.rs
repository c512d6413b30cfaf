//! What an owner says of its row.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::fmt;

use blake3::Hasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    Content, RowId, Timestamp, Version,
    codec::{encode_to_vec, fixed, pairs},
    content::hashed,
    hash::value_hash,
};

/// What the owner says of its row at one version: enough for a reader to tell whether a copy of
/// the row is whole, and what else must be held before the copy may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "HeadForm")]
pub struct Head {
    /// The version of the row: how many writes it has seen.
    pub version: Version,
    /// Tombstones up to this version were forgotten. Never above `version`.
    pub floor: Version,
    /// The owner's clock at this version; never behind a timestamp in the row's cells.
    pub timestamp: Timestamp,
    /// How many of the writes fall into the [period](Timestamp::period) of the timestamp, the
    /// last one among them: so that whoever holds this head, and no other, knows what the row was
    /// when that period began. Never above `version`.
    pub recent: u64,
    /// The hash over all cells, tombstones and the floor.
    pub hash: u64,
    /// Rows that must be held, as far as named, wherever this row is (I13).
    pub dependencies: BTreeMap<RowId, Dependency>,
    /// The owner's word for all of this and for the row's [`Content`]; nothing in a population that
    /// does not sign. Whoever signs and verifies says which bytes are signed: at least
    /// [`digest`](Self::digest), the row and its version.
    pub signature: Option<Signature>,
}

impl Head {
    /// The version of the row when the period of its timestamp began.
    #[must_use]
    pub const fn version_before_period(&self) -> Version {
        self.version.saturating_sub(self.recent)
    }

    /// Tells this head of this row from others, in two bytes.
    pub(crate) fn check(&self, id: RowId) -> [u8; 2] {
        let Self { version, floor, timestamp, recent, hash, dependencies, signature: _ } = self;
        let said = (id, version, floor, timestamp, recent, hash, Pairs(dependencies));
        let [check @ .., _, _, _, _, _, _] = value_hash(*b"check of sequel.", &said).to_be_bytes();
        check
    }

    /// The dependencies as they travel.
    pub(crate) fn spelled_dependencies(&self) -> Vec<u8> {
        encode_to_vec(&Pairs(&self.dependencies)).unwrap_or_default()
    }

    /// All of the head that there is to sign but its version, and the content it stands for.
    #[must_use]
    pub fn digest(&self, content: &Content) -> [u8; 32] {
        let Self { version: _, floor, timestamp, recent, hash, dependencies, signature: _ } = self;
        let hasher = Hasher::new_keyed(b"head of a row...................");
        *hashed(hasher, &(floor, timestamp, recent, hash, Pairs(dependencies), content))
            .finalize()
            .as_bytes()
    }
}

/// How far a row must have come to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Dependency {
    /// At this version or a later one.
    pub version: Version,
    /// The row's stamp at that version. Once that has expired, so has every copy of the row that
    /// has not come as far, and the dependency is met by its absence.
    pub timestamp: Timestamp,
}

/// A signature of 64 bytes. This crate carries it and neither makes nor checks it.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature(Box<[u8; Self::LEN]>);

impl Signature {
    /// The length, in bytes.
    pub const LEN: usize = 64;

    /// The signature that these bytes are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(Box::new(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (first, second) = self.0.split_at(32);
        let half = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).expect("half of 64 bytes is 32");
        (half(first), half(second)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, second) = <([u8; 32], [u8; 32])>::deserialize(deserializer)?;
        let mut bytes = Box::new([0; Self::LEN]);
        bytes[..32].copy_from_slice(&first);
        bytes[32..].copy_from_slice(&second);
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("...")
    }
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { version, floor, timestamp, recent, hash, dependencies, signature } = self;
        let form = HeadRef {
            version: *version,
            floor: *floor,
            timestamp: *timestamp,
            recent: RecentRef(*recent, signature.as_ref()),
            hash: *hash,
            dependencies,
        };
        form.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename = "Head")]
struct HeadRef<'h> {
    version: Version,
    floor: Version,
    timestamp: Timestamp,
    recent: RecentRef<'h>,
    #[serde(with = "fixed")]
    hash: u64,
    #[serde(with = "pairs")]
    dependencies: &'h BTreeMap<RowId, Dependency>,
}

#[derive(Deserialize)]
#[serde(rename = "Head")]
struct HeadForm {
    version: Version,
    floor: Version,
    timestamp: Timestamp,
    recent: Recent,
    #[serde(with = "fixed")]
    hash: u64,
    #[serde(with = "pairs")]
    dependencies: BTreeMap<RowId, Dependency>,
}

impl From<HeadForm> for Head {
    fn from(form: HeadForm) -> Self {
        let HeadForm { version, floor, timestamp, recent, hash, dependencies } = form;
        let Recent(recent, signature) = recent;
        Self { version, floor, timestamp, recent, hash, dependencies, signature }
    }
}

/// How many writes are recent, and the signature if there is one.
///
/// A row that travels has at least one recent write, so where 0 stands for their number, it says that the
/// number and a signature follow. An unsigned head costs no byte for it.
#[derive(Clone, Debug)]
pub(crate) struct Recent(pub(crate) u64, pub(crate) Option<Signature>);

pub(crate) struct RecentRef<'h>(pub(crate) u64, pub(crate) Option<&'h Signature>);

impl Serialize for RecentRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self(recent, None) => recent.serialize(serializer),
            Self(recent, Some(signature)) => (0u64, recent, signature).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Recent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrMore;

        impl<'de> de::Visitor<'de> for NumberOrMore {
            type Value = Recent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or 0, a number and a signature")
            }

            /// Text formats say that it is a number.
            fn visit_u64<E: de::Error>(self, recent: u64) -> Result<Recent, E> {
                Ok(Recent(recent, None))
            }

            fn visit_seq<S: de::SeqAccess<'de>>(self, mut seq: S) -> Result<Recent, S::Error> {
                let missing = || de::Error::invalid_length(0, &self);
                match seq.next_element()?.ok_or_else(missing)? {
                    0 => {
                        let recent = seq.next_element()?.ok_or_else(missing)?;
                        Ok(Recent(recent, Some(seq.next_element()?.ok_or_else(missing)?)))
                    }
                    recent => Ok(Recent(recent, None)),
                }
            }
        }

        if deserializer.is_human_readable() {
            deserializer.deserialize_any(NumberOrMore)
        } else {
            deserializer.deserialize_tuple(3, NumberOrMore)
        }
    }
}

/// A map as a list of pairs.
struct Pairs<'m>(&'m BTreeMap<RowId, Dependency>);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        pairs::serialize(self.0, serializer)
    }
}
