//! A whole row, as it travels.

use alloc::{collections::BTreeMap, vec::Vec};

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    Bytes, Dependency, Head, Key, RowDelta, RowId, Timestamp, Version,
    codec::{Malformed, Reader, frugal_list, pairs},
    delta::{self, DeltaCell, DeltaParts, Form, sum_of},
    head::{Recent, RecentRef},
    row::hash_of,
};

/// A delta that starts at 0 and reaches its head, without what follows from the rest: the interval,
/// and the hash. That is 10 bytes less, of the 50 that a short row takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WholeParts<K, V>")]
#[serde(bound(
    deserialize = "K: Deserialize<'de> + Ord + Serialize, V: Deserialize<'de> + Serialize"
))]
pub struct WholeRow<K, V> {
    delta: RowDelta<K, V>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "K: Deserialize<'de>, V: Deserialize<'de>"))]
struct WholeParts<K, V> {
    id: RowId,
    version: Version,
    floor: Version,
    timestamp: Timestamp,
    recent: Recent,
    #[serde(deserialize_with = "pairs::deserialize")]
    dependencies: BTreeMap<RowId, Dependency>,
    #[serde(deserialize_with = "frugal_list")]
    cells: Vec<DeltaCell<K, V>>,
}

#[derive(Serialize)]
#[serde(rename = "WholeParts")]
struct WholeRef<'r, K, V> {
    id: RowId,
    version: Version,
    floor: Version,
    timestamp: Timestamp,
    recent: RecentRef<'r>,
    #[serde(serialize_with = "pairs::serialize")]
    dependencies: &'r BTreeMap<RowId, Dependency>,
    cells: &'r [DeltaCell<K, V>],
}

impl<K, V> WholeRow<K, V> {
    /// Takes a delta that is a whole row. Gives back one that is not, or whose cells do not add up
    /// to its hash.
    ///
    /// # Errors
    ///
    /// The delta itself.
    #[expect(clippy::result_large_err, reason = "whoever asks goes on with the delta either way")]
    pub fn new(delta: RowDelta<K, V>) -> Result<Self, RowDelta<K, V>>
    where
        K: Serialize,
        V: Serialize,
    {
        let is_whole = delta.from() == 0 && delta.is_complete();
        let adds_up = || delta.head().hash == hash_of(sum_of(delta.cells()), delta.head().floor);
        if is_whole && adds_up() { Ok(Self { delta }) } else { Err(delta) }
    }

    /// The delta, to look at.
    pub const fn delta(&self) -> &RowDelta<K, V> {
        &self.delta
    }

    /// The delta.
    pub fn into_delta(self) -> RowDelta<K, V> {
        self.delta
    }
}

/// Rows as nodes gossip them.
impl WholeRow<Key, Bytes> {
    /// Decodes a row that fills `bytes` to the end, as [`codec::decode`](crate::codec::decode) does,
    /// but faster, and in at most 8 times as much memory, whatever a stranger writes.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if these are not the bytes of a row that obeys the rules.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        delta::decode(bytes, Form::Whole).map(|delta| Self { delta })
    }

    /// Sees that a row that obeys the rules comes next, and goes on behind it. Allocates nothing for up
    /// to 512 cells.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if that is not so.
    pub fn check(reader: &mut Reader<'_>) -> Result<(), Malformed> {
        delta::check(reader, Form::Whole)
    }

    /// Reads a row that was [checked](Self::check) before: the rules are not looked at again.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it cannot have been.
    pub fn read_checked(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        delta::read(reader, Form::Whole).map(|delta| Self { delta })
    }
}

impl<K: Ord + Serialize, V: Serialize> TryFrom<WholeParts<K, V>> for WholeRow<K, V> {
    type Error = Malformed;

    fn try_from(parts: WholeParts<K, V>) -> Result<Self, Malformed> {
        let WholeParts { id, version, floor, timestamp, recent, dependencies, cells } = parts;
        let hash = hash_of(sum_of(&cells), floor);
        let Recent(recent, signature) = recent;
        let head = Head { version, floor, timestamp, recent, hash, dependencies, signature };
        let delta =
            RowDelta::new(DeltaParts { id, from: 0, to: version, head, content: None, cells })?;
        Ok(Self { delta })
    }
}

impl<K: Serialize, V: Serialize> Serialize for WholeRow<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Head { version, floor, timestamp, recent, dependencies, signature, .. } =
            self.delta.head();
        let parts = WholeRef {
            id: self.delta.id(),
            version: *version,
            floor: *floor,
            timestamp: *timestamp,
            recent: RecentRef(*recent, signature.as_ref()),
            dependencies,
            cells: self.delta.cells(),
        };
        parts.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{Bytes, Key, Life, Limits, Replica, ReplicaId, Space, codec};

    fn row() -> RowDelta<Key, Bytes> {
        let life = Life { replica: ReplicaId(7), epoch: 1 };
        let mut ann = Replica::new(life, Limits::DEFAULT);
        let noon = Duration::from_secs(43_200);
        for name in ["a", "b", "a"] {
            let value = Bytes::copy_from(b"v");
            ann.edit(noon, |w| w.set(Space::SHARED, Key::raw(name), value)).expect("it fits");
        }
        let id = RowId { space: Space::SHARED, life };
        let row = ann.table().row(id).expect("it was written");
        row.delta_since(0, usize::MAX).expect("it has versions")
    }

    #[test]
    fn the_hash_follows_from_the_rest() {
        let delta = row();
        let whole = WholeRow::new(delta.clone()).expect("it is whole");
        let bytes = codec::encode_to_vec(&whole).expect("it has a length");
        assert_eq!(bytes.len(), delta.encoded_len() - 10);
        let decoded: WholeRow<Key, Bytes> = codec::decode(&bytes).expect("it was encoded");
        assert_eq!(decoded.into_delta(), delta);
        for cut in 0..bytes.len() {
            assert!(codec::decode::<WholeRow<Key, Bytes>>(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn nothing_else_is_a_whole_row() {
        let mut parts = row().into_parts();
        parts.head.hash ^= 1;
        let spoiled = RowDelta::new(parts).expect("hashes are not looked at");
        assert_eq!(WholeRow::new(spoiled.clone()), Err(spoiled));
        let mut parts = row().into_parts();
        (parts.from, parts.cells) = (2, parts.cells.split_off(1));
        let later = RowDelta::new(parts).expect("the cells lie in the interval");
        assert_eq!(WholeRow::new(later.clone()), Err(later));
    }
}
