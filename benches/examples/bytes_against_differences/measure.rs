//! How the figures come about.

use std::time::Duration;

use rumormill_benches::rivals::{RIBLT_SYMBOL_LEN, Sets};
use rumormill_sim::{Reconcile, ReconcileReport, Repair};

use crate::figures::{Figure, Method};

const ROWS: [usize; 3] = [10_000, 100_000, 1_000_000];
const DIFFER: [usize; 9] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];

/// Runs of which the median counts: many where the figures vary, fewer from many differences on.
pub(crate) const RUNS: usize = 21;
pub(crate) const RUNS_OF_MANY: usize = 5;
pub(crate) const MANY: usize = 3_000;

const SEED: u64 = 1;

/// All pairs of a number of rows and a number of them that differ, half of them at most.
fn cases() -> impl Iterator<Item = (usize, usize)> {
    let of = |rows| DIFFER.into_iter().map(move |differ| (rows, differ));
    ROWS.into_iter().flat_map(of).filter(|(rows, differ)| *differ <= rows / 2)
}

/// Two nodes that know each other and lose nothing, and what their rows' versions say of others.
pub(crate) fn ours() -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for (rows, differ) in cases() {
        let runs = if differ < MANY { RUNS } else { RUNS_OF_MANY };
        let reconcile = Reconcile {
            rows,
            differ,
            unknown_pct: 0,
            big_gap_pct: 0,
            loss: 0.0,
            runs,
            cold: false,
        };
        let report = reconcile.run(SEED, || Duration::ZERO, |_| {});
        if !report.repairs.iter().all(|repair| repair.is_equal) {
            return Err(format!("{differ} of {rows} rows differed, and some still do"));
        }
        let bytes = median(&report);
        eprintln!("{differ} of {rows} rows: rumormill {bytes}");
        let figure = |method, bytes| Figure { rows, differ, method, bytes };
        figures.extend([
            figure(Method::VersionVector, report.version_vector_bytes),
            figure(Method::Rumormill, bytes),
            figure(Method::LowerBound, report.lower_bound_bytes),
        ]);
    }
    Ok(figures)
}

/// Other libraries, which are given the same maps as sets of pairs.
pub(crate) fn rivals() -> Vec<Figure> {
    let mut figures = Vec::new();
    for (rows, differ) in cases() {
        let sets = Sets::new(rows as u64, differ);
        let riblt = (sets.riblt_symbols() * RIBLT_SYMBOL_LEN) as u64;
        let negentropy = sets.negentropy().exchange(differ) as u64;
        eprintln!("{differ} of {rows} rows: riblt {riblt}, negentropy {negentropy}");
        let figure = |method, bytes| Figure { rows, differ, method, bytes };
        figures.extend([figure(Method::Riblt, riblt), figure(Method::Negentropy, negentropy)]);
    }
    figures
}

/// The median of the bytes that both nodes sent to find what differs.
fn median(report: &ReconcileReport) -> u64 {
    let both = |repair: &Repair| repair.digest_bytes.iter().sum();
    let mut bytes: Vec<u64> = report.repairs.iter().map(both).collect();
    bytes.sort_unstable();
    bytes[bytes.len() / 2]
}
