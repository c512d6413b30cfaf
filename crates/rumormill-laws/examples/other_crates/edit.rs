//! What users do with the sets and maps of other crates.

use proptest::prelude::*;

/// An edit of a set.
#[derive(Clone, Debug)]
pub(crate) enum SetEdit {
    Insert(u8),
    Remove(u8),
}

/// An edit of a map.
#[derive(Clone, Debug)]
pub(crate) enum MapEdit {
    Put(u8, u8),
    Remove(u8),
}

pub(crate) fn set_edits() -> impl Strategy<Value = SetEdit> {
    prop_oneof![(0..3u8).prop_map(SetEdit::Insert), (0..3u8).prop_map(SetEdit::Remove)]
}

pub(crate) fn map_edits() -> impl Strategy<Value = MapEdit> {
    let put = (0..2u8, 0..9u8).prop_map(|(key, value)| MapEdit::Put(key, value));
    prop_oneof![3 => put, 1 => (0..2u8).prop_map(MapEdit::Remove)]
}
