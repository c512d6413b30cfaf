//! What a newcomer holds, in a byte a row.

use alloc::{vec, vec::Vec};

use rumormill_crdt::{RowId, Version, keyed_hash};
use serde::{Deserialize, Serialize};

use super::TablePrint;

/// Send me the rows that you hold from `start` to before `end`, or from `start` on, and that are
/// not in the filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lack {
    pub(crate) start: RowId,
    pub(crate) end: Option<RowId>,
    pub(crate) salt: [u8; 8],
    filter: Vec<u8>,
}

/// What answers the [`Lack`] with this salt: all that was lacking up to before `end`, or to the end,
/// is on its way. So many rows I hold in all, with this fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filled {
    pub(crate) salt: [u8; 8],
    pub(crate) end: Option<RowId>,
    pub(crate) rows: u64,
    pub(crate) fingerprint: TablePrint,
}

/// Eight bits for each row and five of them set: one row in 46 is taken to be held that is not
/// (Bloom, CACM 13(7), 1970). Under the salt of the next filter it will be another.
const BITS_SET: u32 = 5;

impl Lack {
    /// The most bytes that come before the filter.
    pub(crate) const HEADER_LEN_MAX: usize = 1 + 17 + 18 + 8 + 3;

    /// The most rows in a filter, which are as many bytes.
    pub(crate) const ROWS_MAX: usize = 1_000;

    /// Names as many of the rows held from `start` to before `end` as there is room for. Rows after
    /// these are another message's matter.
    pub(crate) fn fit(
        start: RowId,
        end: Option<RowId>,
        salt: [u8; 8],
        mut held: impl Iterator<Item = (RowId, Version)>,
        len_max: usize,
    ) -> Self {
        let rows_max = len_max.saturating_sub(Self::HEADER_LEN_MAX).min(Self::ROWS_MAX);
        let rows: Vec<_> = held.by_ref().take(rows_max).collect();
        let end = held.next().map(|(id, _)| id).or(end);
        let mut lack = Self { start, end, salt, filter: vec![0; rows.len()] };
        for (id, version) in rows {
            for bit in lack.bits(id, version) {
                lack.filter[bit / 8] |= 1 << (bit % 8);
            }
        }
        lack
    }

    /// The memory that the filter takes.
    pub(crate) const fn heap_len(&self) -> usize {
        self.filter.len()
    }

    /// Says whether whoever asks holds a row at this version. It may not, once in a while.
    pub(crate) fn holds(&self, id: RowId, version: Version) -> bool {
        let is_set = |bit: usize| self.filter[bit / 8] & 1 << (bit % 8) != 0;
        !self.filter.is_empty() && self.bits(id, version).all(is_set)
    }

    /// The bits of a row. Two hashes make all of them: Kirsch and Mitzenmacher, "Less Hashing, Same
    /// Performance" (ESA 2006).
    fn bits(&self, id: RowId, version: Version) -> impl Iterator<Item = usize> + use<> {
        let mut key = *b"row filter......";
        key[8..].copy_from_slice(&self.salt);
        let mut bytes = [0; 17 + 8];
        bytes[..17].copy_from_slice(&id.to_bytes());
        bytes[17..].copy_from_slice(&version.to_be_bytes());
        let hash = keyed_hash(key, &bytes);
        let (first, step) = (hash >> 32, hash & 0xffff_ffff | 1);
        let len = self.filter.len() as u64 * 8;
        (0..BITS_SET).map(move |n| {
            let place = (first + u64::from(n) * step) & 0xffff_ffff;
            usize::try_from((place * len) >> 32).unwrap_or(0)
        })
    }
}

#[cfg(test)]
mod tests {
    use rumormill_crdt::{Life, ReplicaId, Space};

    use super::*;

    fn row(n: u64) -> (RowId, Version) {
        let life = Life { replica: ReplicaId(n), epoch: 7 };
        (RowId { space: Space::SHARED, life }, 1 + n % 3)
    }

    #[test]
    fn what_is_held_is_found_and_one_in_46_more() {
        let lack = Lack::fit(RowId::MIN, None, [1; 8], (0..800).map(row), 1_100);
        assert_eq!((lack.filter.len(), lack.end), (800, None));
        assert!((0..800).map(row).all(|(id, version)| lack.holds(id, version)));
        let mistaken = (1_000..11_000).map(row).filter(|(id, version)| lack.holds(*id, *version));
        let mistaken = mistaken.count();
        assert!((150..300).contains(&mistaken), "10,000 / 46 are 217, not {mistaken}");
        let newer = (0..800).map(row).filter(|(id, version)| lack.holds(*id, version + 1)).count();
        assert!(newer < 40, "{newer} rows at a version that is not held");
    }

    #[test]
    fn what_does_not_fit_is_for_another_time() {
        let lack = Lack::fit(RowId::MIN, None, [1; 8], (0..800).map(row), 500);
        let fit = 500 - Lack::HEADER_LEN_MAX;
        assert_eq!(lack.filter.len(), fit);
        assert_eq!(lack.end, Some(row(fit as u64).0));
        let none = Lack::fit(RowId::MIN, None, [1; 8], [].into_iter(), 500);
        assert!(!none.holds(row(1).0, 1));
    }
}
