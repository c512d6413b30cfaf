//! Rings of time buckets: what a life has to say of each of its latest buckets.
//!
//! A time bucket is the number of an interval of time, say `unix / 5 s`. Bucket b lies in slot
//! b mod [`BUCKETS`], a cell of its own, so that a write rewrites one small cell and no cell is
//! ever erased. A later bucket takes the slot over; an earlier one is then too late for it.

use crate::{Column, Element, Key, KeyKind, Table, WriteError, Writer};

/// How many buckets of one life are kept.
pub(super) const BUCKETS: u64 = 64;

impl<T> Column<T> {
    /// Rewrites what this life says of a bucket; `edit` gets what it said so far. Says whether
    /// the bucket still had its slot.
    /// Writes nothing if `edit` changes nothing.
    pub(super) fn edit_bucket<V: Element + PartialEq + Clone>(
        &self,
        writer: &mut Writer<'_>,
        kind: KeyKind,
        bucket: u64,
        edit: impl FnOnce(Option<V>) -> Result<V, WriteError>,
    ) -> Result<bool, WriteError> {
        let slot = (bucket % BUCKETS).to_be_bytes()[7];
        let key = Key::part(kind, self.name(), &[slot]);
        let known = match self.own::<(u64, V)>(writer, &key) {
            Some((later, _)) if later > bucket => return Ok(false),
            Some((same, value)) if same == bucket => Some(value),
            Some(_) | None => None,
        };
        let value = edit(known.clone())?;
        if known.as_ref() != Some(&value) {
            self.put(writer, key, &(bucket, value))?;
        }
        Ok(true)
    }

    /// Walks what all lives say of the `buckets` buckets that end with `now`.
    pub(super) fn window<'t, V: Element>(
        &'t self,
        table: &'t Table,
        kind: KeyKind,
        now: u64,
        buckets: u64,
    ) -> impl Iterator<Item = V> + use<'t, T, V> {
        let slots = self.parts::<(u64, V)>(table, kind);
        slots.filter_map(move |(_, _, (bucket, value))| {
            (now.checked_sub(bucket)? < buckets).then_some(value)
        })
    }
}
