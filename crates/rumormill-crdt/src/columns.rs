//! The conflict-free types: how each is edited, and the rule by which it is read.

use serde::Serialize;

use crate::{
    Bytes, Column, Element, Key, KeyKind, Life, Row, Table, Timestamp, WriteError, Writer, codec,
};

pub(crate) mod distinct;
pub(crate) mod event_log;
pub(crate) mod g_counter;
pub(crate) mod histogram;
pub(crate) mod lww_register;
pub(crate) mod map;
pub(crate) mod min_max;
pub(crate) mod mv_register;
pub(crate) mod or_set;
pub(crate) mod overruling;
pub(crate) mod pn_counter;
mod ring;
pub(crate) mod top_k;
pub(crate) mod window_counter;

/// How columns write and read their cells. Bytes that are no value of the type count for nothing.
impl<T> Column<T> {
    /// Puts an encoded value under a key of one's own row.
    fn put<V: Serialize>(
        &self,
        writer: &mut Writer<'_>,
        key: Key,
        value: &V,
    ) -> Result<(), WriteError> {
        let len_max = writer.table().limits().cell_len_max;
        let cell = codec::encode_to_vec(value)
            .map_err(|_| WriteError::CellTooLong { len: usize::MAX, len_max })?;
        writer.set(self.space(), key, Bytes::copy_from(&cell)).map(drop)
    }

    /// Returns the value under a key of one's own row.
    fn own<V: Element>(&self, writer: &Writer<'_>, key: &Key) -> Option<V> {
        codec::decode(writer.own_row(self.space())?.get(key)?).ok()
    }

    /// Walks the values under a key of all rows.
    fn cells<'t, V: Element>(
        &self,
        table: &'t Table,
        key: Key,
    ) -> impl Iterator<Item = (Life, V)> + use<'t, T, V> {
        table.rows_in(self.space()).filter_map(move |row| {
            let value = codec::decode(row.get(&key)?).ok()?;
            Some((row.id().life, value))
        })
    }

    /// Walks all parts of a column that has several cells a row, by life and part.
    fn parts<'t, V: Element>(
        &'t self,
        table: &'t Table,
        kind: KeyKind,
    ) -> impl Iterator<Item = (Life, &'t [u8], V)> + use<'t, T, V> {
        table.rows_in(self.space()).flat_map(move |row| {
            let parts = self.parts_of(row, kind);
            parts.filter_map(|(part, cell)| Some((row.id().life, part, codec::decode(cell).ok()?)))
        })
    }

    /// Walks the parts of a column in one row, not yet decoded.
    fn parts_of<'t>(
        &'t self,
        row: &'t Row<Key, Bytes>,
        kind: KeyKind,
    ) -> impl Iterator<Item = (&'t [u8], &'t Bytes)> + use<'t, T> {
        let cells = row.range(Key::part(kind, self.name(), &[])..);
        cells.map_while(move |(key, _, value)| Some((key.part_of(kind, self.name())?, value)))
    }
}

/// When and by whom a cell was written, where the greatest wins.
type Stamp = (Timestamp, Life);

/// The timestamp in a cell of a kind that carries one; nothing for other kinds.
pub(crate) fn timestamp((key, value): (&Key, Option<&Bytes>)) -> Option<Timestamp> {
    if !matches!(key.kind()?, KeyKind::Lww | KeyKind::Field | KeyKind::Event) {
        return None;
    }
    codec::decode_prefix(value?).ok().map(|(timestamp, _)| timestamp)
}

/// What every stand-alone type offers besides its own edits and reads.
macro_rules! stand_alone {
    ($(#[$doc:meta])* $name:ident $(<$($param:ident: $bound:ident),+>)?) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name $(<$($param),+>)? {
            replica: $crate::Replica,
            $(elements: core::marker::PhantomData<fn() -> ($($param,)+)>,)?
        }

        impl $(<$($param: $bound),+>)? $name $(<$($param),+>)? {
            const COLUMN: $crate::Column<Self> =
                $crate::Column::new($crate::Space::SHARED, "");

            /// Makes an empty value in which `life` edits. Lives must differ between all values
            /// that are ever joined, clones that are edited on included.
            #[must_use]
            pub fn new(life: $crate::Life) -> Self {
                Self {
                    replica: $crate::Replica::new(life, $crate::Limits::DEFAULT),
                    $(elements: core::marker::PhantomData::<fn() -> ($($param,)+)>,)?
                }
            }

            /// Takes in all edits that `other` has heard of. Says whether any were news.
            pub fn join(&mut self, other: &Self) -> bool {
                !self.replica.join(&other.replica).is_empty()
            }

            /// Returns the edits that a value with the given digest has not heard of.
            pub fn delta_since(
                &self,
                digest: &$crate::VersionVector,
            ) -> impl Iterator<Item = $crate::RowDelta<$crate::Key, $crate::Bytes>> {
                self.replica.delta_since(digest)
            }

            /// As [`delta_since`](Self::delta_since), but as much as takes at most `len_max` bytes
            /// in all when each delta is encoded.
            pub fn delta_within(
                &self,
                digest: &$crate::VersionVector,
                len_max: usize,
            ) -> impl Iterator<Item = $crate::RowDelta<$crate::Key, $crate::Bytes>> {
                self.replica.delta_within(digest, len_max)
            }

            /// Takes in a delta made by [`delta_since`](Self::delta_since) of another value.
            ///
            /// # Errors
            ///
            /// [`Refused`](crate::Refused) says why; the value is as it was.
            pub fn admit(
                &mut self,
                delta: &$crate::RowDelta<$crate::Key, $crate::Bytes>,
            ) -> Result<$crate::Admission, $crate::Refused> {
                let (now, any_skew) = (core::time::Duration::ZERO, core::time::Duration::MAX);
                self.replica.admit(now, any_skew, delta)
            }

            /// How many bytes the whole value takes when [encoded](crate::codec::encode).
            #[must_use]
            pub fn encoded_len(&self) -> usize {
                $crate::codec::encoded_len(self)
            }

            /// Begins a new life: what was edited stays, and further edits are told apart from it.
            /// After reading back a value whose original may still be edited, or may have been.
            ///
            /// # Panics
            ///
            /// If `life` is an earlier life of the same replica, or the same.
            pub fn begin_life(&mut self, life: $crate::Life) {
                self.replica.begin_life(life);
            }

            /// Forgets the markers of what this life has erased so far. Says whether there were
            /// any. A copy that is older than that gets this life's part whole.
            pub fn forget(&mut self) -> bool {
                self.replica.forget($crate::Space::SHARED, $crate::Version::MAX)
            }

            /// Drops every edit of a replica, and refuses all of its lives. For this
            /// value only: others drop it themselves.
            pub fn evict(&mut self, replica: $crate::ReplicaId) {
                self.replica.evict(replica);
            }

            /// The digest of all edits heard of.
            #[must_use]
            pub fn version_vector(&self) -> $crate::VersionVector {
                self.replica.table().version_vector()
            }
        }

        /// The life and the rows, as those of a [`Replica`](crate::Replica).
        impl $(<$($param),+>)? serde::Serialize for $name $(<$($param),+>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.replica.serialize(serializer)
            }
        }

        impl<'de $($(, $param)+)?> serde::Deserialize<'de> for $name $(<$($param),+>)? {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Ok(Self {
                    replica: $crate::Replica::deserialize(from)?,
                    $(elements: core::marker::PhantomData::<fn() -> ($($param,)+)>,)?
                })
            }
        }

        impl $(<$($param),+>)? core::fmt::Debug for $name $(<$($param),+>)? {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_tuple(stringify!($name)).field(self.replica.table()).finish()
            }
        }
    };
}
pub(crate) use stand_alone;
