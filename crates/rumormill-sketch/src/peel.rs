//! Finding the keys in a difference, one after the other.

use alloc::vec::Vec;

use crate::{
    Difference, Gap, KeyHash, KeyIndex, Peeled,
    cell::Cell,
    mix::{inverse_of_odd, mask, sign_extend},
};

/// How many factors of two a gap may have for an unknown key to be believed: each takes one of its
/// 16 check bits.
const UNKNOWN_TWOS_MAX: u32 = 8;

/// Peeling (Luby, Mitzenmacher, Shokrollahi and Spielman, "Efficient Erasure Correcting Codes",
/// IEEE Transactions on Information Theory 47, 2001): a cell with one key gives the key up, which
/// is taken out of its other cells, which may leave one key there.
pub(crate) struct Peeler<'i, V> {
    difference: Difference,
    index: &'i KeyIndex<V>,
    /// The cells before this one were not looked at yet.
    unseen: usize,
    /// Cells to look at again.
    again: Vec<usize>,
    found: Vec<Gap>,
}

impl<'i, V> Peeler<'i, V> {
    pub(crate) fn new(difference: Difference, index: &'i KeyIndex<V>) -> Self {
        let unseen = difference.cells.len();
        Self { difference, index, unseen, again: Vec::new(), found: Vec::new() }
    }

    pub(crate) fn run(mut self) -> Peeled {
        // Honest cells give up at most one key each. Forged ones can give up the same for ever.
        let found_max = 3 * self.difference.cells.len() + 64;
        while let Some(number) = self.next_cell() {
            let Some(gap) = self.only_key_of(number) else { continue };
            self.take_out(gap, number);
            self.found.push(gap);
            if self.found.len() == found_max {
                break;
            }
        }
        let unexplained = |cell: &&Cell| **cell != Cell::default();
        Peeled {
            unexplained: self.difference.cells.iter().flatten().filter(unexplained).count(),
            missing: self.difference.cells.iter().filter(|cell| cell.is_none()).count(),
            gaps: sum_by_key(self.found),
        }
    }

    fn next_cell(&mut self) -> Option<usize> {
        if let Some(number) = self.again.pop() {
            return Some(number);
        }
        self.unseen = self.unseen.checked_sub(1)?;
        Some(self.unseen)
    }

    /// The key of a cell that holds exactly one, with its gap.
    fn only_key_of(&self, number: usize) -> Option<Gap> {
        let cell = self.difference.cells[number]?;
        let width = self.difference.width;
        let sum = sign_extend(cell.sum, width.sum_bits());
        let twos = sum.trailing_zeros();
        if twos >= width.weighted_bits() || cell.weighted & mask(twos) != 0 {
            return None;
        }
        // sum * multiplier = weighted, so all but the highest bits of the multiplier are known.
        let bits = width.weighted_bits() - twos;
        let odd = (sum >> twos).cast_unsigned();
        let multiplier = (cell.weighted >> twos).wrapping_mul(inverse_of_odd(odd)) & mask(bits);
        let mut fitting = self
            .index
            .candidates(multiplier, bits.min(KeyHash::BITS))
            .filter_map(|key| self.verified(key, number, sum, cell));
        let known = fitting.next();
        if known.is_some() {
            // Where two keys fit, another cell tells them apart.
            return known.filter(|known| fitting.all(|other| other == *known));
        }
        if !width.finds_unknown_keys() || twos > UNKNOWN_TWOS_MAX {
            return None;
        }
        self.verified(KeyHash::new(multiplier), number, sum, cell)
    }

    /// Says by how much a key would differ if it were alone in a cell, if it can be.
    fn verified(&self, key: KeyHash, number: usize, sum: i64, cell: Cell) -> Option<Gap> {
        let Difference { width, size, .. } = self.difference;
        let weighted = key.multiplier().wrapping_mul(sum.cast_unsigned());
        if weighted & mask(width.weighted_bits()) != cell.weighted {
            return None;
        }
        let times = size.cells_of(key).into_iter().filter(|cell| *cell == number).count();
        let ahead = divided(sum, times, width.sum_bits())?;
        Some(Gap { key, ahead })
    }

    /// Takes a key out of all its cells, and puts those on the list where another may be left.
    fn take_out(&mut self, gap: Gap, from: usize) {
        let Difference { width, size, .. } = self.difference;
        let change = Cell::of(gap.key, gap.ahead.cast_unsigned());
        for number in size.cells_of(gap.key) {
            let Some(cell) = &mut self.difference.cells[number] else { continue };
            cell.subtract(change);
            *cell = width.truncate(*cell);
            if number != from && number >= self.unseen && cell.sum != 0 {
                self.again.push(number);
            }
        }
    }
}

/// The gap of a key that touches a cell `times` times, if that makes the sum.
fn divided(sum: i64, times: usize, sum_bits: u32) -> Option<i64> {
    if times == 1 {
        return Some(sum);
    }
    let twos = times.trailing_zeros();
    // Modulo 2^64, twice a gap has lost a bit of it. Of fewer bits the weighted sum says that none
    // is lost.
    let lost = twos > 0 && sum_bits == 64;
    if times == 0 || lost || sum.cast_unsigned() & mask(twos) != 0 {
        return None;
    }
    let odd = inverse_of_odd((times >> twos) as u64);
    Some((sum >> twos).wrapping_mul(odd.cast_signed()))
}

/// One gap a key. What was found by mistake is mostly found again with the opposite sign.
fn sum_by_key(mut found: Vec<Gap>) -> Vec<Gap> {
    found.sort_unstable();
    found.dedup_by(|next, sum| {
        let same = next.key == sum.key;
        if same {
            sum.ahead = sum.ahead.wrapping_add(next.ahead);
        }
        same
    });
    found.retain(|gap| gap.ahead != 0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_divide_by_how_often_a_cell_is_touched() {
        assert_eq!(divided(-7, 1, 16), Some(-7));
        assert_eq!(divided(-6, 2, 16), Some(-3));
        assert_eq!(divided(-6, 3, 16), Some(-2));
        assert_eq!(divided(-8, 4, 16), Some(-2));
        assert_eq!(divided(5, 2, 16), None, "no key touches a cell twice with half a gap");
        assert_eq!(divided(5, 0, 16), None, "a key that does not touch the cell");
        assert_eq!(divided(6, 2, 64), None, "it may be 3 or 3 + 2^63");
        assert_eq!(divided(i64::MAX.wrapping_mul(3), 3, 64), Some(i64::MAX));
    }
}
