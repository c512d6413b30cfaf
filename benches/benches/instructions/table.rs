//! Instruction counts of the hot paths of a table, by valgrind: the same on a busy machine as on
//! an idle one.
//!
//! Needs valgrind and `cargo install gungraun-runner`; `docs/performance.md` has the command.

#![allow(missing_docs, reason = "the macros make modules of functions")]

use std::{hint::black_box, time::Duration};

use gungraun::{library_benchmark, library_benchmark_group, main};
use rumormill_benches::{Gossiped, Overwrites, replicas_that_differ, rows_of};
use rumormill_crdt::{Distribution, Replica};

/// A holder and the next delta of one overwritten cell for it, with caches and branches warm.
fn next_for(rows: u64, cells: u64) -> (Replica, Gossiped) {
    let mut holder = rows_of(rows, cells);
    let mut deltas = Overwrites::of(&holder);
    let mut next = || deltas.next().expect("there is always one more");
    // Queues have grown to what they need.
    (0..40).for_each(|_| admit(&mut holder, &next()));
    (holder, next())
}

fn admit(holder: &mut Replica, delta: &Gossiped) {
    let admission = holder.admit(Duration::ZERO, Duration::MAX, delta);
    admission.expect("it continues");
}

#[library_benchmark]
#[bench::in_a_row_of_100(next_for(1, 100))]
#[bench::in_a_row_of_10_000(next_for(1, 10_000))]
#[bench::in_a_row_of_100_000(next_for(1, 100_000))]
#[bench::in_100_000_rows(next_for(100_000, 1))]
fn admit_a_one_cell_delta((mut holder, delta): (Replica, Gossiped)) -> (Replica, Gossiped) {
    admit(&mut holder, black_box(&delta));
    (holder, delta)
}

#[library_benchmark]
#[bench::the_last_1_of_100_000(rows_of(1, 100_000), 1)]
#[bench::the_last_100_of_100_000(rows_of(1, 100_000), 100)]
#[bench::the_last_1_000_of_10_000(rows_of(1, 10_000), 1_000)]
#[bench::the_last_1_000_of_100_000(rows_of(1, 100_000), 1_000)]
fn delta_since(holder: Replica, changed: u64) -> (Replica, Option<Gossiped>) {
    let row = holder.table().rows().next().expect("there is one");
    let delta = row.delta_since(black_box(row.version() - changed), usize::MAX);
    (holder, delta)
}

#[library_benchmark]
#[bench::equal(replicas_that_differ(1_000, 100, 0))]
#[bench::in_1_of_100(replicas_that_differ(1_000, 100, 10))]
#[bench::in_all(replicas_that_differ(1_000, 100, 1_000))]
fn join_1_000_rows_of_100_cells((mut ours, theirs): (Replica, Replica)) -> (Replica, Replica) {
    ours.join(black_box(&theirs));
    (ours, theirs)
}

fn recorded() -> Distribution {
    let mut all = Distribution::default();
    (1..100_000).for_each(|value| all.record(value));
    all
}

#[library_benchmark]
#[bench::at_a_hundred_thousand(recorded())]
fn record_a_value_in_a_distribution(mut all: Distribution) -> Distribution {
    all.record(black_box(77_777));
    all
}

library_benchmark_group!(
    name = table;
    benchmarks =
        admit_a_one_cell_delta,
        delta_since,
        join_1_000_rows_of_100_cells,
        record_a_value_in_a_distribution,
);

main!(library_benchmark_groups = table);
