//! The hot paths of a table.

#![allow(missing_docs, reason = "the macros make modules of functions")]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use rumormill_benches::{
    Gossiped, Overwrites, name, owner_of, replicas_that_differ, rows_of,
    state::{self, admit},
    write,
};
use rumormill_crdt::{Distribution, Key, Replica, codec};

/// A holder and the next delta of one overwritten cell for it, with caches and branches warm.
fn next_for(rows: u64, cells: u64) -> (Replica, Gossiped) {
    let mut holder = rows_of(rows, cells);
    let mut deltas = Overwrites::of(&holder);
    let mut next = || deltas.next().expect("there is always one more");
    // Queues have grown to what they need.
    (0..40).for_each(|_| admit(&mut holder, &next()));
    (holder, next())
}

/// The same, of which the delta has yet to be decoded.
fn next_bytes_for(rows: u64, cells: u64) -> (Replica, Vec<u8>) {
    let (holder, delta) = next_for(rows, cells);
    (holder, codec::encode_to_vec(&delta).expect("deltas have a known length"))
}

/// Somebody who has written so many cells, and overwritten one, and the key of another one.
fn about_to_write(cells: u64, number: u64) -> (Replica, Key) {
    let mut owner = owner_of(1, cells);
    write(&mut owner, &name(cells / 3), 1);
    (owner, name(number))
}

#[library_benchmark]
#[bench::in_a_row_of_100(about_to_write(100, 100))]
#[bench::in_a_row_of_10_000(about_to_write(10_000, 10_000))]
#[bench::in_a_row_of_100_000(about_to_write(100_000, 100_000))]
fn write_a_cell((mut owner, key): (Replica, Key)) -> (Replica, Key) {
    write(&mut owner, black_box(&key), 2);
    (owner, key)
}

#[library_benchmark]
#[bench::in_a_row_of_100(about_to_write(100, 50))]
#[bench::in_a_row_of_10_000(about_to_write(10_000, 5_000))]
#[bench::in_a_row_of_100_000(about_to_write(100_000, 50_000))]
fn overwrite_a_cell((mut owner, key): (Replica, Key)) -> (Replica, Key) {
    write(&mut owner, black_box(&key), 2);
    (owner, key)
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
#[bench::in_a_row_of_100(next_bytes_for(1, 100))]
#[bench::in_a_row_of_10_000(next_bytes_for(1, 10_000))]
#[bench::in_a_row_of_100_000(next_bytes_for(1, 100_000))]
fn decode_and_admit_a_one_cell_delta(
    (mut holder, bytes): (Replica, Vec<u8>),
) -> (Replica, Vec<u8>) {
    let delta = Gossiped::decode(black_box(&bytes)).expect("it is canonical");
    admit(&mut holder, &delta);
    (holder, bytes)
}

fn encoded() -> Vec<Vec<u8>> {
    state::encode(&state::deltas(10_000))
}

#[library_benchmark]
#[bench::of_10_000_cells(state::deltas(10_000))]
fn encode(deltas: Vec<Gossiped>) -> (Vec<Gossiped>, Vec<Vec<u8>>) {
    let bytes = state::encode(black_box(&deltas));
    (deltas, bytes)
}

#[library_benchmark]
#[bench::of_10_000_cells(encoded())]
fn decode(bytes: Vec<Vec<u8>>) -> (Vec<Gossiped>, Vec<Vec<u8>>) {
    (state::decode(black_box(&bytes)), bytes)
}

#[library_benchmark]
#[bench::of_10_000_cells(encoded())]
fn decode_and_join(bytes: Vec<Vec<u8>>) -> (Replica, Vec<Vec<u8>>) {
    (state::decode_and_join(black_box(&bytes)), bytes)
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
        write_a_cell,
        overwrite_a_cell,
        admit_a_one_cell_delta,
        decode_and_admit_a_one_cell_delta,
        encode,
        decode,
        decode_and_join,
        delta_since,
        join_1_000_rows_of_100_cells,
        record_a_value_in_a_distribution,
);
