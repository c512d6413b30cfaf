//! Rows whose hashes have more in common than chance would have it.

use alloc::vec::Vec;
use core::time::Duration;

use rumormill_crdt::RowId;

use super::{
    grind::{self, digest_of},
    pair::{ANN, BOB, Pair},
    rows::{self, row_at},
};
use crate::strangers::UNIX;

const ROWS: u64 = 300;

/// All cells that are kept of so small a table.
const TRIPLES_KEPT: u64 = 256;

/// One comparison in 64 is an audit, and each node opens one each second, about.
const AUDIT_WITHIN: Duration = Duration::from_secs(96);

/// Both hold so many rows, and these.
fn pair_with(twins: [RowId; 2]) -> Pair {
    let ids = (0..ROWS).map(rows::id).chain(twins);
    Pair::new(&ids.map(|id| row_at(id, 5)).collect::<Vec<_>>())
}

#[test]
fn rows_that_share_32_bits_of_their_hashes_are_told_apart() {
    let [this, that] = grind::alike(200_000, grind::low_32_bits)[0];
    let mut pair = pair_with([this, that]);
    for (anns, bobs, version) in [(this, that, 10), (that, this, 20)] {
        let before = pair.digest_bytes();
        pair.give(ANN, [(anns, version)]);
        pair.give(BOB, [(bobs, version + 1)]);
        pair.repair_within(Duration::from_secs(3)).expect("both rows are found");
        let bytes = pair.digest_bytes() - before;
        assert!(bytes < 600, "{bytes} bytes: sums, a few cells, a request");
    }
    assert_eq!(pair.pages, 0);
}

#[test]
fn rows_that_share_all_cells_are_found_by_pages() {
    let twins = grind::alike(400_000, grind::cells(TRIPLES_KEPT))[0];
    let mut pair = pair_with(twins);
    pair.give(ANN, [(twins[0], 10)]);
    pair.give(BOB, [(twins[1], 11)]);
    pair.repair_within(Duration::from_secs(3)).expect("pages tell");
    assert!(pair.pages > 0, "no sketch tells");
}

/// To a sketch these are one row. Found by walking from hash to hash (Pollard's rho) in some 2^25
/// steps; another key of the population, or another hash, needs others.
const ONE_TO_A_SKETCH: [RowId; 2] =
    [rows::id_of(77, 0x3358_4b06_fffb), rows::id_of(77, 0x0323_3107_2714)];

#[test]
fn rows_that_share_their_hashes_are_repaired_together() {
    let mut pair = pair_with(ONE_TO_A_SKETCH);
    let digest = digest_of(pair.nodes[ANN].table(), UNIX);
    let [this, that] = ONE_TO_A_SKETCH;
    assert_eq!(digest.hash(this), digest.hash(that));
    pair.give(ANN, [(this, 8), (that, 20)]);
    pair.repair_within(Duration::from_secs(3)).expect("it is one row that is ahead");
    pair.give(ANN, [(this, 10), (rows::id(0), 6)]);
    pair.give(BOB, [(that, 30), (rows::id(1), 6)]);
    pair.repair_within(Duration::from_secs(3)).expect("both are sent and asked for");
    assert_eq!(pair.pages, 0);
}

/// Neither fingerprints nor sketches tell: one is ahead by as much as the other is behind.
#[test]
fn rows_that_share_their_hashes_and_cancel_out_are_found_by_an_audit() {
    let [this, that] = ONE_TO_A_SKETCH;
    let mut pair = pair_with([this, that]);
    pair.give(ANN, [(this, 8)]);
    pair.give(BOB, [(that, 8)]);
    let before = pair.stats()[ANN].comparisons_equal;
    let took = pair.repair_within(AUDIT_WITHIN).expect("an audit tells");
    let equal = pair.stats()[ANN].comparisons_equal - before;
    assert!(equal + 3 > took.as_secs(), "one comparison each second, and all of them equal");
    assert!(pair.pages > 0, "only pages name them");
}
