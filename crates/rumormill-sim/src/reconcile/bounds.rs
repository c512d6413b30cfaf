//! What finding out what differs takes at least, and what it takes without thought.

use crate::spread::to_f64;

/// The entropy of which rows differ, of which side is ahead and of a gap that is geometric with
/// mean 2: 1 bit and 2.
const BITS_A_DIFFERENCE: f64 = 3.0;

/// The entropy of a gap.
const BITS_A_GAP: f64 = 2.0;

/// What a fingerprint takes that fails once in 2^64 times.
const FINGERPRINT_BYTES: u64 = 8;

/// The fewest bytes, to the nearest, by which two sides that know the same rows can find out which
/// of them differ: one learns of all differences, the other of the half in which it is behind.
pub(super) fn lower_bound_bytes(rows: usize, differ: usize) -> u64 {
    if differ == 0 {
        return FINGERPRINT_BYTES;
    }
    let (rows, differ) = (rows as u64, differ as u64);
    let behind = differ / 2;
    let there = log2_choose(rows, differ) + BITS_A_DIFFERENCE * to_f64(differ);
    let back = log2_choose(rows, behind) + BITS_A_GAP * to_f64(behind);
    round_to_u64((there + back) / 8.0)
}

/// The logarithm of the number of ways to choose `k` of `n`.
fn log2_choose(n: u64, k: u64) -> f64 {
    (1..=k).map(|i| (to_f64(n - k + i) / to_f64(i)).log2()).sum()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, small")]
fn round_to_u64(figure: f64) -> u64 {
    figure.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_literature() {
        let check = |rows, differ, bytes| assert_eq!(lower_bound_bytes(rows, differ), bytes);
        check(1_000_000, 0, 8);
        check(1_000, 1, 2);
        check(100_000, 100, 269);
        check(1_000_000, 100, 331);
        check(10_000, 1_000, 1_443);
    }
}
