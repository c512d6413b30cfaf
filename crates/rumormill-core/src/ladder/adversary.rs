//! A thousand tables made to differ by an insider who knows the key.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use rumormill_crdt::{RowId, Version};

use super::{
    grind,
    pair::{ANN, BOB, Pair},
    rows::{self, row_at},
};
use crate::random::Random;

const RUNS: usize = 1_000;

/// After so many runs the two begin anew, or their tables would grow.
const RUNS_PER_PAIR: usize = 50;

/// Rows that nobody chose.
const HONEST: u64 = 250;

/// What is hidden from fingerprints is found by an audit, which is one comparison in 64 of those
/// that a node opens, one each second. The audit, or its answer, may get lost.
const LIMIT: Duration = Duration::from_secs(3 * 64);

/// What a page says of a row: its id, and a version of ten bytes.
const PAGED_ROW_LEN: usize = 17 + 10;

/// Comparisons, and their answers where there is nothing to answer with but cells that show
/// nothing: less than this in a second.
const COMPARISONS_PER_SECOND: usize = 200;

/// What an insider can do to the tables of others.
struct Insider {
    random: Random,
    /// Rows that share all cells, at small sizes or all, or 32 bits of their hashes.
    twins: Vec<[RowId; 2]>,
    /// The versions of all rows on the side that is ahead.
    versions: BTreeMap<RowId, Version>,
    made: u64,
}

impl Insider {
    fn new() -> Self {
        let mut twins = Vec::new();
        for (triples, tries) in [(5, 300), (16, 2_000), (64, 30_000), (256, 300_000)] {
            twins.extend(grind::alike(tries, grind::cells(triples)).into_iter().take(6));
        }
        twins.extend(grind::alike(200_000, grind::low_32_bits).into_iter().take(6));
        Self { random: Random::new(5), twins, versions: BTreeMap::new(), made: 0 }
    }

    /// Two nodes that hold all rows at version 5.
    fn pair(&mut self) -> Pair {
        let ids = (0..HONEST).map(rows::id).chain(self.twins.iter().flatten().copied());
        self.versions = ids.map(|id| (id, 5)).collect();
        let rows = self.versions.iter().map(|(id, version)| row_at(*id, *version));
        Pair::new(&rows.collect::<Vec<_>>())
    }

    /// Puts rows ahead on either side: honest ones by 1, twins by gaps that are hard to see, and
    /// rows that one side does not have.
    fn spoil(&mut self, pair: &mut Pair) {
        let mut ahead = [Vec::new(), Vec::new()];
        for _ in 0..self.random.below(30) {
            let id = rows::id(self.random.next() % HONEST);
            self.put_ahead(id, 1, &mut ahead);
        }
        for _ in 0..1 + self.random.below(5) {
            let twins = self.twins[self.random.below(self.twins.len())];
            let gap = self.gap();
            let gaps = [gap, if self.random.below(2) == 0 { gap } else { self.gap() }];
            for (id, gap) in twins.into_iter().zip(gaps) {
                self.put_ahead(id, gap, &mut ahead);
            }
        }
        for _ in 0..self.random.below(4) {
            self.made += 1;
            let (id, gap) = (rows::id_of(5_000, self.made), self.gap());
            self.put_ahead(id, gap, &mut ahead);
        }
        let [anns, bobs] = ahead;
        pair.give(ANN, anns);
        pair.give(BOB, bobs);
    }

    /// A number of up to 48 bits with few bits or many factors of two.
    fn gap(&mut self) -> Version {
        let twos = [0, 1, 3, 7, 8, 15, 16, 24, 30, 31, 32, 33, 40, 45];
        (1 + 2 * (self.random.next() % 4)) << twos[self.random.below(twos.len())]
    }

    fn put_ahead(&mut self, id: RowId, gap: Version, ahead: &mut [Vec<(RowId, Version)>; 2]) {
        let version = self.versions.entry(id).or_insert(0);
        *version += gap;
        ahead[self.random.below(2)].push((id, *version));
    }
}

#[test]
fn a_thousand_tables_spoiled_by_an_insider_become_equal() {
    let mut insider = Insider::new();
    let mut paged = 0;
    for number in 0..RUNS / RUNS_PER_PAIR {
        let mut pair = insider.pair();
        pair.loss_pct = if number.is_multiple_of(4) { 20 } else { 0 };
        for run in 0..RUNS_PER_PAIR {
            let (bytes_before, pages_before) = (pair.digest_bytes(), pair.pages);
            insider.spoil(&mut pair);
            let took = pair.repair_within(LIMIT);
            let took = took.unwrap_or_else(|| panic!("run {run} of pair {number} does not end"));
            let bytes = pair.digest_bytes() - bytes_before;
            // A sweep each way, and as much for all sketches before it; with loss, three times.
            let conversations = if pair.loss_pct > 0 { 3 } else { 1 };
            let paging = 4 * conversations * PAGED_ROW_LEN * insider.versions.len();
            let seconds = usize::try_from(took.as_secs()).expect("minutes");
            let bytes_max = paging + seconds * COMPARISONS_PER_SECOND;
            assert!(bytes <= bytes_max as u64, "run {run} of pair {number} took {bytes}");
            paged += usize::from(pair.pages > pages_before);
        }
    }
    assert!(paged > RUNS / 10, "the insider hid little: {paged} runs needed pages");
}
