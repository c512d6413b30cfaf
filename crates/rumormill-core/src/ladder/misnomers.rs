//! Fingerprints that name a row that does not differ.

use alloc::vec::Vec;
use core::time::Duration;

use rumormill_crdt::{RowId, Version};

use super::{
    grind::{self, digest_of},
    pair::{ANN, Pair},
    rows::{self, row_at},
};
use crate::strangers::UNIX;

/// Gaps of three rows that add up to what one version of `named` would in every sum of a
/// fingerprint; nothing if there are none.
fn gaps_that_name(named: RowId, rows: [RowId; 3]) -> Option<[Version; 3]> {
    let digest =
        digest_of(&rumormill_crdt::Table::new(named.life, rumormill_crdt::Limits::DEFAULT), UNIX);
    let sums = |id| {
        let [weight, second] = grind::multipliers(digest.hash(id));
        [1, weight, second]
    };
    let columns = rows.map(sums);
    let wanted = sums(named);
    let determinant = |[a, b, c]: [[u64; 3]; 3]| {
        let minor =
            |i: usize, j: usize| b[i].wrapping_mul(c[j]).wrapping_sub(b[j].wrapping_mul(c[i]));
        let terms = [
            a[0].wrapping_mul(minor(1, 2)),
            a[1].wrapping_mul(minor(2, 0)),
            a[2].wrapping_mul(minor(0, 1)),
        ];
        terms.into_iter().fold(0, u64::wrapping_add)
    };
    // Cramer's rule modulo 2^32.
    let inverse = inverse(determinant(columns))?;
    let mut gaps = [0, 1, 2].map(|at| {
        let mut replaced = columns;
        replaced[at] = wanted;
        determinant(replaced).wrapping_mul(inverse) & 0xffff_ffff
    });
    // What is left of the weighted sum is a multiple of 2^32, and so is what makes up for it.
    let weighted = columns.iter().zip(gaps).map(|(column, gap)| column[1].wrapping_mul(gap));
    let left = wanted[1].wrapping_sub(weighted.fold(0, u64::wrapping_add));
    gaps[0] = gaps[0].wrapping_add(left.wrapping_mul(self::inverse(columns[0][1])?));
    gaps.iter().all(|gap| *gap < 1 << 63).then_some(gaps)
}

/// What gives 1 modulo 2^64 when multiplied with an odd number.
fn inverse(odd: u64) -> Option<u64> {
    let better = |near: u64, _| near.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(near)));
    (odd % 2 == 1).then(|| (0..6).fold(odd, better))
}

#[test]
fn a_row_that_is_named_again_does_not_hide_those_that_differ() {
    let named = rows::id(0);
    let forged = |from: u64| [0, 1, 2].map(|number| rows::id(from + number));
    let (ids, gaps) = (1..290)
        .find_map(|from| Some((forged(from), gaps_that_name(named, forged(from))?)))
        .expect("there are gaps for every few rows");
    let honest: Vec<_> = (0..300).map(|number| row_at(rows::id(number), 5)).collect();
    let mut pair = Pair::new(&honest);
    pair.give(ANN, ids.into_iter().zip(gaps).map(|(id, gap)| (id, 5 + gap)));
    pair.repair_within(Duration::from_secs(5)).expect("a sketch tells");
    assert_eq!(pair.pages, 0);
}
