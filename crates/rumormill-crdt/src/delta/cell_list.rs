//! The cells of a delta, in memory.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use once_cell::race::OnceBox;

use super::DeltaCell;

/// How many times their bytes the cells that arrived may take at once. Cells of some ten bytes or more
/// take less; the shortest has 3 bytes, and would take 56 in a list.
const TIMES_MAX: usize = 6;

/// Reads so many cells from their bytes.
type ReadCells<K, V> = fn(&[u8], usize) -> Vec<DeltaCell<K, V>>;

/// The cells of a delta: a list, or what arrived, of which a list is made when somebody wants to see them.
#[derive(Clone)]
pub(super) enum CellList<K, V> {
    Listed(Vec<DeltaCell<K, V>>),
    Arrived(Arrived<K, V>),
}

/// Many very short cells, as they travel.
#[derive(Clone)]
pub(super) struct Arrived<K, V> {
    bytes: Box<[u8]>,
    count: usize,
    read: ReadCells<K, V>,
    list: OnceBox<Vec<DeltaCell<K, V>>>,
}

impl<K, V> CellList<K, V> {
    /// Room for so many cells that arrived in at most so many bytes; nothing if that would be too much.
    pub(super) fn list_for(count: usize, len: usize) -> Option<Vec<DeltaCell<K, V>>> {
        let is_little = count.checked_mul(size_of::<DeltaCell<K, V>>())? <= TIMES_MAX * len;
        is_little.then(|| Vec::with_capacity(count))
    }

    /// So many cells, which `read` finds in these bytes.
    pub(super) fn arrived(bytes: &[u8], count: usize, read: ReadCells<K, V>) -> Self {
        Self::Arrived(Arrived { bytes: bytes.into(), count, read, list: OnceBox::new() })
    }

    pub(super) fn as_slice(&self) -> &[DeltaCell<K, V>] {
        match self {
            Self::Listed(cells) => cells,
            Self::Arrived(Arrived { bytes, count, read, list }) => {
                list.get_or_init(|| Box::new(read(bytes, *count)))
            }
        }
    }

    pub(super) fn into_vec(self) -> Vec<DeltaCell<K, V>> {
        match self {
            Self::Listed(cells) => cells,
            Self::Arrived(Arrived { bytes, count, read, .. }) => read(&bytes, count),
        }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for CellList<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<K: Eq, V: Eq> Eq for CellList<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for CellList<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}
