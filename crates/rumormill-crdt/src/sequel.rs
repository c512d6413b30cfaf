//! A delta as it is told to whoever holds the row where it begins.

mod spelling;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use serde::{Serialize, Serializer, ser::SerializeTuple};

use self::spelling::{
    Depends, LifeName, Place, SpelledCell, SpelledKey, SpelledValue, Stamp, Stem,
};
use crate::{
    Bytes, DeltaCell, DeltaParts, Dependency, Division, Head, Key, Life, Row, RowDelta, RowId,
    Signature, Timestamp, Version,
    before::Before,
    codec::{Malformed, Reader, varint_len},
};

/// A delta as it is told to whoever holds the row where it begins, in half of the bytes or fewer. What
/// follows from that copy is left out: which row it is, the hash, high bits of the stamp, and keys that
/// it has. Two bytes tell whether what the receiver adds is what was meant.
///
/// [`Row::sequel`] makes one, and [`expand`](Self::expand) makes the delta of it again. Where that is
/// [`Unfit`], the delta itself is to be asked for: nothing is lost but the time it takes.
///
/// ```
/// use core::time::Duration;
/// use rumormill_crdt::{
///     Bytes, Key, Life, Limits, Replica, ReplicaId, RowId, Space, Unfit,
/// };
///
/// let life = Life { replica: ReplicaId(1), epoch: 1 };
/// let (mut ann, noon) = (Replica::new(life, Limits::DEFAULT), Duration::from_secs(43_200));
/// let at_port = |w: &mut rumormill_crdt::Writer<'_>, port: &str| {
///     w.set(Space::SHARED, Key::raw("port"), Bytes::copy_from(port.as_bytes()))
/// };
/// ann.edit(noon, |w| at_port(w, "7001"))?;
/// let id = RowId { space: Space::SHARED, life };
/// let copy = ann.table().row(id).expect("it was written").clone();
/// ann.mark_told(id);
/// ann.edit(noon + Duration::from_secs(9), |w| at_port(w, "7002"))?;
///
/// let row = ann.table().row(id).expect("it was written");
/// let delta = row.delta_since(1, usize::MAX).expect("it grew");
/// let sequel = row.sequel(&delta, 0, |_| None).expect("the delta is all that grew");
/// assert_eq!((delta.encoded_len(), sequel.len()), (53, 12));
/// assert_eq!(sequel.expand(&copy, |_| None).as_ref(), Ok(&delta));
/// assert_eq!(sequel.expand(row, |_| None), Err(Unfit::Known));
/// # Ok::<(), rumormill_crdt::WriteError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequel {
    /// Checked.
    bytes: Box<[u8]>,
}

/// Why a sequel does not go on from a copy of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The copy is as late, or later.
    Known,
    /// The copy ends before the sequel begins.
    Gap,
    /// It is about another row, or the copy is not what its writer took it for.
    Differs,
}

/// So many times its length a sequel may take in memory, and so many bytes more.
const TIMES_MAX: usize = 8;
const MORE_MAX: usize = 4_096;

/// Of so many new cells it is looked whether there are others of their columns.
const NEIGHBOURS_MAX: usize = 16;

impl Row<Key, Bytes> {
    /// Spells a delta of this row for those who hold it where the delta begins, or later. `mark` is two
    /// bits for whoever names the row; `name` tells what those call a life whose cells are removed, if they
    /// are sure to know it. Nothing if the delta is a piece, if it begins at 0, or if the
    /// sequel would take more memory where it arrives than it may.
    pub fn sequel(
        &self,
        delta: &RowDelta<Key, Bytes>,
        mark: u8,
        name: impl Fn(Life) -> Option<LifeName>,
    ) -> Option<Sequel> {
        let (head, from) = (self.head(), delta.from());
        if from == 0 || delta.to() != head.version {
            return None;
        }
        // Whoever holds the row where the delta begins holds at least this much.
        let before = Some(self.before()).filter(|it| it.version > 0 && it.version <= from);
        let span = delta.to() - from;
        let same = |is_same: fn(Before, &Head) -> bool| before.is_some_and(|it| is_same(it, head));
        let same_floor = head.floor == 0 || same(|before, head| before.floor == head.floor);
        let rows = head.spelled_dependencies();
        let stem = Stem {
            mark: mark & 0b11,
            check: head.check(self.id()),
            to: head.version,
            span,
            stamp: Stamp::new(head.timestamp, before.map(|before| before.timestamp)),
            recent: Some(head.recent).filter(|recent| *recent > 1 && *recent <= span),
            floor: Some(head.floor).filter(|_| !same_floor),
            dependencies: match () {
                () if head.dependencies.is_empty() => Depends::OnNothing,
                () if same(|before, _| before.same_dependencies) => Depends::AsBefore,
                () => Depends::On(&rows),
            },
            signature: head.signature.as_ref().map(Signature::as_bytes),
            cells: delta.cells().len() as u64,
        };
        let keys = self.keys_of(delta, before);
        let (mut bytes, mut last) = (Vec::with_capacity(64), from);
        stem.write(&mut bytes);
        for DeltaCell { version, key, value } in delta.cells() {
            let key = keys.spell(key, &name);
            let value = SpelledValue::new(value.as_deref(), head.timestamp);
            SpelledCell { version: *version, key, value }.write(&stem, last, &mut bytes);
            last = *version;
        }
        is_light(delta.cells().len(), bytes.len()).then(|| Sequel { bytes: bytes.into() })
    }

    fn keys_of<'r>(&'r self, delta: &'r RowDelta<Key, Bytes>, before: Option<Before>) -> Keys<'r> {
        let is_start = |it: &Before| it.version == delta.from() && it.floor == self.head().floor;
        let Some(before) = before.filter(is_start) else { return Keys::Spelled };
        // No key has gone since, so that their number tells how many came.
        let old = before.cells as usize;
        match self.len().checked_sub(old) {
            Some(0) => Keys::Held { row: self },
            Some(new) if new == delta.cells().len() && new <= NEIGHBOURS_MAX => {
                Keys::New { row: self, delta, old }
            }
            _ => Keys::Spelled,
        }
    }

    /// The key at a place among those of this copy.
    fn key_at(&self, place: Place) -> Result<&Key, Unfit> {
        let nth = place.nth(self.len()).ok_or(Unfit::Differs)?;
        let (key, _) = self.cells().nth(nth).ok_or(Unfit::Differs)?;
        Ok(key)
    }
}

/// What the receiver knows of the keys of a delta.
enum Keys<'r> {
    /// Nothing for certain.
    Spelled,
    /// It has all of them, and no others than this row.
    Held { row: &'r Row<Key, Bytes> },
    /// It has none of them, and all others of this row, which are so many.
    New { row: &'r Row<Key, Bytes>, delta: &'r RowDelta<Key, Bytes>, old: usize },
}

impl Keys<'_> {
    fn spell<'k>(&self, key: &'k Key, name: &impl Fn(Life) -> Option<LifeName>) -> SpelledKey<'k> {
        let short = match self {
            Self::Spelled => None,
            Self::Held { row } => Some(SpelledKey::At(Place::of(row.cells().rank(key), row.len()))),
            Self::New { row, delta, old } => beside(key, row, delta, *old),
        };
        let kill = || {
            let (life, version) = key.killed()?;
            SpelledKey::kill(version, name(life)?)
        };
        short.or_else(kill).unwrap_or(SpelledKey::Literal(key.as_bytes()))
    }
}

/// Spells a new key by an old one of the same column, if there is one next to it.
fn beside<'k>(
    key: &'k Key,
    row: &Row<Key, Bytes>,
    delta: &RowDelta<Key, Bytes>,
    old: usize,
) -> Option<SpelledKey<'k>> {
    let prefix = key.column_prefix()?;
    let rank = row.cells().rank(key);
    let is_neighbour = |nth: usize| {
        let (key, _) = row.cells().nth(nth).filter(|(_, cell)| cell.version <= delta.from())?;
        (key.column_prefix() == Some(prefix)).then_some((nth, key))
    };
    let lower = rank.saturating_sub(NEIGHBOURS_MAX)..rank;
    let found = lower.rev().find_map(is_neighbour);
    let found = found.or_else(|| (rank + 1..=rank + NEIGHBOURS_MAX).find_map(is_neighbour));
    let (nth, neighbour) = found?;
    let new_before = delta.cells().iter().filter(|cell| cell.key < *neighbour).count();
    Some(SpelledKey::Beside(Place::of(nth - new_before, old), &key.as_bytes()[prefix.len()..]))
}

/// Says whether so many cells, in so many bytes, take no more memory where they arrive than they may.
fn is_light(cells: usize, len: usize) -> bool {
    let memory = cells.checked_mul(size_of::<DeltaCell<Key, Bytes>>());
    memory.is_some_and(|memory| memory <= len * TIMES_MAX + MORE_MAX)
}

impl Sequel {
    /// The version up to which it goes.
    #[must_use]
    pub fn to(&self) -> Version {
        self.stem().map_or(0, |stem| stem.to)
    }

    /// The two bits that whoever named the row gave it.
    #[must_use]
    pub fn mark(&self) -> u8 {
        self.stem().map_or(0, |stem| stem.mark)
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Says whether it takes no bytes at all, which none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Sees that a sequel comes next, and goes on behind it. Allocates nothing.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if that is not so.
    pub fn check(reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let stem = Stem::read(reader)?;
        let mut last = stem.from();
        for _ in 0..stem.cells {
            last = SpelledCell::read(reader, &stem, last)?.version;
        }
        Ok(())
    }

    /// Reads a sequel.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if none comes next.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let begin = reader.rest();
        Self::check(reader)?;
        Ok(Self { bytes: crate::delta::taken(begin, reader).into() })
    }

    /// The delta that is meant, for whoever holds this copy of the row, and knows which `life` goes by a
    /// name.
    ///
    /// # Errors
    ///
    /// [`Unfit`] if the sequel does not go on from the copy.
    pub fn expand(
        &self,
        copy: &Row<Key, Bytes>,
        life: impl Fn(LifeName) -> Option<Life>,
    ) -> Result<RowDelta<Key, Bytes>, Unfit> {
        let mut reader = Reader::new(&self.bytes);
        let stem = Stem::read(&mut reader)?;
        if stem.to <= copy.version() {
            return Err(Unfit::Known);
        }
        if copy.version() < stem.from() {
            return Err(Unfit::Gap);
        }
        let timestamp = stem.stamp.resolve(copy.head().timestamp).ok_or(Unfit::Differs)?;
        let mut head = Head {
            version: stem.to,
            floor: stem.floor.unwrap_or(copy.head().floor),
            timestamp,
            recent: stem.recent.unwrap_or_else(|| recent_after(copy.head(), stem.to, timestamp)),
            hash: 0,
            dependencies: dependencies_after(copy.head(), &stem)?,
            signature: stem.signature.map(|bytes| Signature::from_bytes(*bytes)),
        };
        let cells = self.cells(&mut reader, &stem, copy, timestamp, life)?;
        head.hash = copy.hash_after(stem.from(), head.floor, &cells);
        if head.check(copy.id()) != stem.check {
            return Err(Unfit::Differs);
        }
        let (id, from, to) = (copy.id(), stem.from(), stem.to);
        Ok(RowDelta::new(DeltaParts { id, from, to, head, content: None, cells })?)
    }

    fn cells(
        &self,
        reader: &mut Reader<'_>,
        stem: &Stem<'_>,
        copy: &Row<Key, Bytes>,
        timestamp: Timestamp,
        life: impl Fn(LifeName) -> Option<Life>,
    ) -> Result<Vec<DeltaCell<Key, Bytes>>, Unfit> {
        let count = usize::try_from(stem.cells).map_err(|_| Unfit::Differs)?;
        if !is_light(count, self.bytes.len()) {
            return Err(Unfit::Differs);
        }
        let (mut cells, mut last) = (Vec::with_capacity(count), stem.from());
        for _ in 0..count {
            let SpelledCell { version, key, value } = SpelledCell::read(reader, stem, last)?;
            last = version;
            let key = match key {
                SpelledKey::Literal(bytes) => Key::from_bytes(bytes),
                SpelledKey::At(place) => copy.key_at(place)?.clone(),
                // Keys that came since would have moved the others.
                SpelledKey::Beside(..) if copy.version() > stem.from() => {
                    return Err(Unfit::Differs);
                }
                SpelledKey::Beside(place, part) => {
                    let prefix = copy.key_at(place)?.column_prefix().ok_or(Unfit::Differs)?;
                    Key::beside(prefix, part)
                }
                SpelledKey::Kill(version, name) => {
                    Key::kill(life(name).ok_or(Unfit::Differs)?, version)
                }
            };
            let value = match value {
                SpelledValue::Tombstone => None,
                SpelledValue::Literal(bytes) => Some(Bytes::copy_from(bytes)),
                SpelledValue::Stamped(bytes) => {
                    let stamp = timestamp.0.to_be_bytes();
                    Some(Bytes::concat([&stamp[..], bytes].into_iter()))
                }
            };
            cells.push(DeltaCell { version, key, value });
        }
        Ok(cells)
    }

    /// How its bytes divide.
    #[must_use]
    pub fn division(&self) -> Division {
        self.divide().unwrap_or_default()
    }

    fn divide(&self) -> Result<Division, Malformed> {
        let mut reader = Reader::new(&self.bytes);
        let stem = Stem::read(&mut reader)?;
        let signatures = stem.signature.map_or(0, |signature| signature.len());
        let mut sum = Division { signatures, ..Division::default() };
        let mut last = stem.from();
        for _ in 0..stem.cells {
            let before = reader.rest().len();
            let cell = SpelledCell::read(&mut reader, &stem, last)?;
            let step = if stem.span == 1 { 0 } else { varint_len(cell.version - last) };
            last = cell.version;
            sum.versions += step;
            let (keys, payload) = (cell.key.said_len(), cell.value.said_len());
            (sum.keys, sum.payload) = (sum.keys + keys, sum.payload + payload);
            sum.framing += before - reader.rest().len() - step - keys - payload;
        }
        sum.ids = stem.ids_len();
        sum.versions += stem.versions_len();
        sum.framing += self.bytes.len() - sum.total();
        Ok(sum)
    }

    fn stem(&self) -> Option<Stem<'_>> {
        Stem::read(&mut Reader::new(&self.bytes)).ok()
    }
}

/// How many writes are recent in a row that came from `copy` to a version with this stamp, where the
/// number is not given: then it is 1, or all writes since the copy are.
fn recent_after(copy: &Head, to: Version, timestamp: Timestamp) -> u64 {
    let goes_on = copy.timestamp.period() == timestamp.period();
    if goes_on { copy.recent + (to - copy.version) } else { 1 }
}

fn dependencies_after(copy: &Head, stem: &Stem<'_>) -> Result<BTreeMap<RowId, Dependency>, Unfit> {
    match stem.dependencies {
        Depends::OnNothing => Ok(BTreeMap::new()),
        Depends::AsBefore => Ok(copy.dependencies.clone()),
        Depends::On(rows) => Ok(Depends::listed(rows)?.collect::<Result<_, _>>()?),
    }
}

impl From<Malformed> for Unfit {
    fn from(_: Malformed) -> Self {
        Self::Differs
    }
}

impl Serialize for Sequel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.bytes.len())?;
        self.bytes.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}
