//! How the bytes of a delta divide.

use core::ops::{Add, AddAssign};

use crate::{
    Bytes, Content, Dependency, Head, Key, RowDelta, RowId, Signature, WholeRow,
    codec::{encoded_len, varint_len},
};

/// How the bytes of a delta of a [`Table`](crate::Table) divide when it is encoded. The parts add up to
/// all of them.
///
/// What is to be said is [`payload`](Self::payload) and [`keys`](Self::keys); everything else says whose it
/// is, how new it is and where it ends. The elements of a set, and what a kill of one names, lie in keys.
///
/// ```
/// use core::time::Duration;
/// use rumormill_crdt::{Bytes, Key, Life, Limits, Replica, ReplicaId, Space, VersionVector};
///
/// let mut ann = Replica::new(Life { replica: ReplicaId(1), epoch: 1 }, Limits::DEFAULT);
/// let at_port = |w: &mut rumormill_crdt::Writer<'_>| {
///     w.set(Space::SHARED, Key::raw("port"), Bytes::copy_from(b"7001"))
/// };
/// ann.edit(Duration::ZERO, at_port)?;
/// let delta = ann.delta_since(&VersionVector::default()).next().expect("one row grew");
/// let division = delta.division();
/// assert_eq!(division.total(), delta.encoded_len());
/// // A key has a byte for its kind, and an id one for the space.
/// assert_eq!((division.payload, division.keys, division.ids), (4, 1 + 4, 1 + 16));
/// # Ok::<(), rumormill_crdt::WriteError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Division {
    /// Values.
    pub payload: usize,
    /// Keys: what a cell is called, its kind included.
    pub keys: usize,
    /// Versions, floors and stamps, those of dependencies included.
    pub versions: usize,
    /// Ids of rows: of the row itself and of those it depends on.
    pub ids: usize,
    /// Lengths, counts and marks, and the hash by which a copy is known to be whole.
    pub framing: usize,
    /// The signature of the head, and the digest that goes with it in a piece.
    pub signatures: usize,
}

impl Division {
    /// All bytes.
    #[must_use]
    pub const fn total(&self) -> usize {
        let Self { payload, keys, versions, ids, framing, signatures } = *self;
        payload + keys + versions + ids + framing + signatures
    }

    fn of_cell(key: &Key, version: u64, value: Option<&Bytes>) -> Self {
        let mark = 1;
        let value_len = value.map_or(0, |value| value.len());
        let value_len_len = value.map_or(0, |value| varint_len(value.len() as u64));
        Self {
            payload: value_len,
            keys: key.len(),
            versions: varint_len(version),
            framing: varint_len(key.len() as u64) + mark + value_len_len,
            ..Self::default()
        }
    }

    /// Of a head, without its hash.
    fn of_head(head: &Head) -> Self {
        let Head { version, floor, timestamp, recent, hash: _, dependencies, signature } = head;
        let numbers = varint_len(*version) + varint_len(*floor) + varint_len(*recent);
        let own = Self {
            versions: numbers + encoded_len(timestamp),
            framing: varint_len(dependencies.len() as u64),
            // A zero goes before a signature.
            signatures: signature.as_ref().map_or(0, |_| 1 + Signature::LEN),
            ..Self::default()
        };
        dependencies.iter().fold(own, |sum, (id, at)| sum + Self::of_dependency(*id, *at))
    }

    fn of_dependency(id: RowId, at: Dependency) -> Self {
        Self { ids: encoded_len(&id), versions: encoded_len(&at), ..Self::default() }
    }

    /// Of what a delta and a whole row both spell: all but the interval, the hash and the content.
    fn of_row(delta: &RowDelta<Key, Bytes>) -> Self {
        let named = Self {
            ids: encoded_len(&delta.id()),
            framing: varint_len(delta.cells().len() as u64),
            ..Self::default()
        };
        let row = named + Self::of_head(delta.head());
        let cells = delta.cells().iter();
        cells.fold(row, |sum, it| sum + Self::of_cell(&it.key, it.version, it.value.as_ref()))
    }
}

impl RowDelta<Key, Bytes> {
    /// How the bytes of the delta divide; they are [`encoded_len`](Self::encoded_len) in all.
    #[must_use]
    pub fn division(&self) -> Division {
        let interval = varint_len(self.from()) + varint_len(self.to());
        let own = Division {
            versions: interval,
            framing: size_of_val(&self.head().hash),
            signatures: self.content().map_or(0, |_| size_of::<Content>()),
            ..Division::default()
        };
        own + Division::of_row(self)
    }
}

impl WholeRow<Key, Bytes> {
    /// How the bytes of the row divide when it is encoded.
    #[must_use]
    pub fn division(&self) -> Division {
        Division::of_row(self.delta())
    }
}

impl Add for Division {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            payload: self.payload + more.payload,
            keys: self.keys + more.keys,
            versions: self.versions + more.versions,
            ids: self.ids + more.ids,
            framing: self.framing + more.framing,
            signatures: self.signatures + more.signatures,
        }
    }
}

impl AddAssign for Division {
    fn add_assign(&mut self, more: Self) {
        *self = *self + more;
    }
}
