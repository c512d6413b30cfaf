//! What travels: the cells of one row in an interval of versions.

mod arriving;
mod cell_list;

use alloc::vec::Vec;
use core::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeTuple};

pub(crate) use self::arriving::{Dependencies, Form, check, decode, read, taken};
use self::cell_list::CellList;
use crate::{
    Bytes, Content, Head, Key, Refused, RowId, Version,
    codec::{Frugal, Malformed, Reader, encoded_len},
    hash::cell_hash,
    row::hash_of,
};

/// One cell of a delta.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaCell<K, V> {
    /// The write that made the cell.
    pub version: Version,
    /// The key it wrote.
    pub key: K,
    /// The value written, or nothing: the key was erased.
    pub value: Option<V>,
}

/// The fields of a delta, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaParts<K, V> {
    /// The row.
    pub id: RowId,
    /// The delta continues a copy that is at this version or later.
    pub from: Version,
    /// The version up to which the delta is complete.
    pub to: Version,
    /// Where the row stands at the sender; `to` may fall short of it.
    pub head: Head,
    /// What the whole row holds, with a signed head that `to` falls short of: whoever gets the piece
    /// can check the signature at once.
    pub content: Option<Content>,
    /// Every cell the sender holds in `(from, to]`, by ascending version.
    pub cells: Vec<DeltaCell<K, V>>,
}

impl<K: Serialize, V: Serialize> DeltaParts<K, V> {
    /// What the head's hash has to be if these are all cells of the row.
    pub fn hash_of_whole(&self) -> u64 {
        hash_of(sum_of(&self.cells), self.head.floor)
    }
}

/// What cells add up to.
pub(crate) fn sum_of<K: Serialize, V: Serialize>(cells: &[DeltaCell<K, V>]) -> u64 {
    let hashes = cells.iter().map(|cell| cell_hash(cell.version, &cell.key, cell.value.as_ref()));
    hashes.fold(0, u64::wrapping_add)
}

/// Where a copy of a row stands, be it visible or staged: what a delta must continue (I4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Since {
    /// The copy is complete up to this version.
    pub version: Version,
    /// The floor it has taken in.
    pub floor: Version,
}

impl Since {
    pub(crate) const fn copy(version: Version, floor: Version) -> Self {
        Self { version, floor }
    }
}

/// A copy at some version, of whose floor nothing is known.
impl From<Version> for Since {
    fn from(version: Version) -> Self {
        Self { version, floor: 0 }
    }
}

/// Every cell that its sender holds of one row in the interval `(from, to]`, with the head that
/// the sender's row is at (I5). A delta whose `to` falls short of its head is a piece.
///
/// Checked when made and when decoded: `from < to <= head.version`, `head.floor <= head.version`,
/// `0 < head.recent <= head.version`, versions ascend within the interval, keys are unique, no tombstone at or below
/// the floor is listed, the row does not depend on itself, and the content is named if and only if
/// the head is signed and the delta a piece.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DeltaParts<K, V>")]
#[serde(bound(deserialize = "K: Deserialize<'de> + Ord, V: Deserialize<'de>"))]
pub struct RowDelta<K, V> {
    id: RowId,
    from: Version,
    to: Version,
    head: Head,
    content: Option<Content>,
    cells: CellList<K, V>,
}

/// What the rules for a delta look at besides its cells.
struct Outline {
    from: Version,
    to: Version,
    version: Version,
    floor: Version,
    recent: u64,
    is_signed: bool,
    has_content: bool,
    depends_on_itself: bool,
}

impl Outline {
    fn check(&self) -> Result<(), Malformed> {
        let Self { from, to, version, floor, recent, .. } = *self;
        let ordered = from < to && to <= version && floor <= version;
        let dated = 0 < recent && recent <= version;
        let named = self.has_content == names_content(self.is_signed, to, version);
        let sane = !self.depends_on_itself;
        if ordered && dated && named && sane { Ok(()) } else { Err(Malformed) }
    }

    /// Whether a cell may follow one of version `last`, or the beginning of the interval.
    #[inline]
    fn check_cell(
        &self,
        last: Version,
        version: Version,
        is_tombstone: bool,
    ) -> Result<(), Malformed> {
        let ascends = last < version && version <= self.to;
        let is_buried = is_tombstone && version <= self.floor;
        if ascends && !is_buried { Ok(()) } else { Err(Malformed) }
    }
}

/// Says whether no two are equal. They are sorted for it, if they are not yet.
fn all_differ<T: Ord>(keys: &mut [T]) -> bool {
    let ascend = |keys: &[T]| keys.is_sorted_by(|a, b| a < b);
    ascend(keys) || {
        keys.sort_unstable();
        ascend(keys)
    }
}

impl<K, V> RowDelta<K, V> {
    /// Checks the parts.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the parts break a rule named on the type.
    pub fn new(parts: DeltaParts<K, V>) -> Result<Self, Malformed>
    where
        K: Ord,
    {
        Self::check_parts(&parts)?;
        Ok(Self::of_sound(parts))
    }

    /// Trusts parts that were read off a row, and so obey the rules.
    pub(crate) fn of_row(parts: DeltaParts<K, V>) -> Self
    where
        K: Ord,
    {
        debug_assert!(Self::check_parts(&parts).is_ok(), "a row's cells make a sound delta");
        Self::of_sound(parts)
    }

    fn of_sound(parts: DeltaParts<K, V>) -> Self {
        let DeltaParts { id, from, to, head, content, cells } = parts;
        Self { id, from, to, head, content, cells: CellList::Listed(cells) }
    }

    fn check_parts(parts: &DeltaParts<K, V>) -> Result<(), Malformed>
    where
        K: Ord,
    {
        let DeltaParts { id, from, to, head, content, cells } = parts;
        let outline = Outline {
            from: *from,
            to: *to,
            version: head.version,
            floor: head.floor,
            recent: head.recent,
            is_signed: head.signature.is_some(),
            has_content: content.is_some(),
            depends_on_itself: head.dependencies.contains_key(id),
        };
        outline.check()?;
        let mut last = *from;
        for cell in cells {
            outline.check_cell(last, cell.version, cell.value.is_none())?;
            last = cell.version;
        }
        let mut keys: Vec<&K> = cells.iter().map(|cell| &cell.key).collect();
        if all_differ(&mut keys) { Ok(()) } else { Err(Malformed) }
    }

    /// The row.
    pub const fn id(&self) -> RowId {
        self.id
    }

    /// The delta continues a copy that is at this version or later.
    pub const fn from(&self) -> Version {
        self.from
    }

    /// The version up to which the delta is complete.
    pub const fn to(&self) -> Version {
        self.to
    }

    /// Where the row stands at the sender.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// What the whole row holds, if the delta is a piece with a signed head.
    pub const fn content(&self) -> Option<&Content> {
        self.content.as_ref()
    }

    /// The cells, by ascending version.
    pub fn cells(&self) -> &[DeltaCell<K, V>] {
        self.cells.as_slice()
    }

    /// Says whether the delta reaches its head.
    pub const fn is_complete(&self) -> bool {
        self.to == self.head.version
    }

    /// How many bytes the delta takes when encoded.
    pub fn encoded_len(&self) -> usize
    where
        K: Serialize,
        V: Serialize,
    {
        encoded_len(self)
    }

    /// Takes the fields, to inspect or to spoil them in a test.
    pub fn into_parts(self) -> DeltaParts<K, V> {
        let Self { id, from, to, head, content, cells } = self;
        DeltaParts { id, from, to, head, content, cells: cells.into_vec() }
    }

    /// Says whether a row at `head` can learn from the delta: what lies after it, or a part of a
    /// row of which it has to take in the whole, since it stands below the new floor.
    pub(crate) fn is_news_to(&self, head: &Head) -> bool {
        let its = &self.head;
        let whole_is_needed = its.version > head.version && its.floor > head.version;
        self.to > head.version || whole_is_needed
    }

    /// Decides whether the delta may continue cells that stand at `version` and `floor` (I4).
    pub(crate) fn continues(&self, version: Version, floor: Version) -> Result<(), Refused> {
        let its_floor = self.head.floor;
        if self.from > version {
            return Err(Refused::Gap { version });
        }
        if its_floor > floor && its_floor > version {
            return Err(Refused::Floor);
        }
        if version < floor && its_floor < floor {
            return Err(Refused::OldFloor);
        }
        Ok(())
    }
}

/// Deltas as nodes gossip them.
impl RowDelta<Key, Bytes> {
    /// Decodes a delta that fills `bytes` to the end, as [`codec::decode`](crate::codec::decode) does,
    /// but faster, and in at most 8 times as much memory, whatever a stranger writes.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if these are not the bytes of a delta that obeys the rules.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        decode(bytes, Form::Delta)
    }

    /// Sees that a delta that obeys the rules comes next, and goes on behind it. Allocates nothing for
    /// up to 512 cells.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if that is not so.
    pub fn check(reader: &mut Reader<'_>) -> Result<(), Malformed> {
        check(reader, Form::Delta)
    }

    /// Reads a delta that was [checked](Self::check) before: the rules are not looked at again.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if it cannot have been.
    pub fn read_checked(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        read(reader, Form::Delta)
    }
}

/// Says whether a delta up to `to` says what the whole row holds.
pub(crate) const fn names_content(is_signed: bool, to: Version, version: Version) -> bool {
    is_signed && to < version
}

impl<K: Serialize, V: Serialize> Serialize for RowDelta<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, from, to, head, content, .. } = self;
        serialize((*id, *from, *to), head, content.as_ref(), self.cells(), serializer)
    }
}

impl<K: Ord, V> TryFrom<DeltaParts<K, V>> for RowDelta<K, V> {
    type Error = Malformed;

    fn try_from(parts: DeltaParts<K, V>) -> Result<Self, Malformed> {
        Self::new(parts)
    }
}

impl<K: Serialize, V: Serialize> Serialize for DeltaParts<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, from, to, head, content, cells } = self;
        serialize((*id, *from, *to), head, content.as_ref(), cells, serializer)
    }
}

fn serialize<K: Serialize, V: Serialize, S: Serializer>(
    interval: (RowId, Version, Version),
    head: &Head,
    content: Option<&Content>,
    cells: &[DeltaCell<K, V>],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let (id, from, to) = interval;
    let mut tuple = serializer.serialize_tuple(5 + usize::from(content.is_some()))?;
    tuple.serialize_element(&id)?;
    tuple.serialize_element(&from)?;
    tuple.serialize_element(&to)?;
    tuple.serialize_element(head)?;
    if let Some(content) = content {
        tuple.serialize_element(content)?;
    }
    tuple.serialize_element(cells)?;
    tuple.end()
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for DeltaParts<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> de::Visitor<'de> for Elements<K, V> {
            type Value = DeltaParts<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a delta")
            }

            fn visit_seq<S: de::SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
                let missing = || de::Error::invalid_length(0, &self);
                let id = seq.next_element()?.ok_or_else(missing)?;
                let from = seq.next_element()?.ok_or_else(missing)?;
                let to = seq.next_element()?.ok_or_else(missing)?;
                let head: Head = seq.next_element()?.ok_or_else(missing)?;
                let is_named = names_content(head.signature.is_some(), to, head.version);
                let content = if is_named { seq.next_element()? } else { None };
                let Frugal(cells) = seq.next_element()?.ok_or_else(missing)?;
                Ok(DeltaParts { id, from, to, head, content, cells })
            }
        }

        deserializer.deserialize_tuple(6, Elements(PhantomData))
    }
}
