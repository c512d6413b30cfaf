//! Rows that are far behind.

use alloc::vec::Vec;
use core::time::Duration;

use super::{
    pair::{ANN, BOB, Pair},
    rows::{id, row_at},
};

/// Cells hold some low bits of a gap: what they do not show at all is found by pages.
#[test]
fn a_gap_of_any_size_is_found_alone_and_beside_another() {
    let gaps = [1, 127, 128, 256, 1 << 16, 1 << 24, 1 << 31, 3 << 31, 1 << 32, 5 << 40, 1 << 48];
    let rows: Vec<_> = (0..300).map(|number| row_at(id(number), 5)).collect();
    let mut pair = Pair::new(&rows);
    let mut version = 5;
    for gap in gaps {
        version += gap;
        pair.give(ANN, [(id(0), version)]);
        pair.repair_within(Duration::from_secs(5)).expect("it is found alone");
        version += gap;
        pair.give(ANN, [(id(0), version)]);
        pair.give(BOB, [(id(1), version)]);
        pair.repair_within(Duration::from_secs(5)).expect("both are found");
        if gap < 1 << 31 {
            assert_eq!(pair.pages, 0, "cells show a gap of {gap}");
        }
    }
}
