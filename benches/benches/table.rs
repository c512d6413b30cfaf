//! The hot paths of a table: taking in a delta, making one, encoding and decoding.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rumormill_benches::{
    Overwrites, Table, key, many_rows, one_row, replicas_that_differ, rows_of, table,
};
use rumormill_crdt::{Distribution, Replica, RowDelta, Space, Timestamp, codec};

type Delta = RowDelta<rumormill_benches::Key, rumormill_benches::Value>;

/// Takes in deltas of one overwritten cell, one after the other, in tables that hold more and more
/// other rows.
fn admit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admit a one-cell delta");
    for rows in [100, 1_000, 10_000] {
        let mut owner = table(7);
        let mut holder = many_rows(rows);
        group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
            bencher.iter_batched(
                || next_delta(&mut owner),
                |delta| holder.admit(black_box(&delta)).expect("it continues"),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Overwrites the owner's one cell; the delta that says so.
fn next_delta(owner: &mut Table) -> Delta {
    let held = owner.version_vector();
    let version = owner.write(Space::STATS, Timestamp(1)).set(key(7), [0; 8]);
    let row = owner.rows().next().expect("the row was written");
    debug_assert_eq!(held.version(row.id()) + 1, version);
    row.delta_since(version - 1, usize::MAX).expect("one write is news")
}

/// Lists and makes deltas for the rows that changed; the cost follows them, not the table.
fn delta_since(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deltas of 1,000 changed rows");
    for rows in [1_000, 10_000, 100_000] {
        let mut holder = many_rows(rows);
        let (before, bookmark) = (holder.version_vector(), holder.bookmark());
        for replica in 1..=1_000 {
            let mut owner = table(replica);
            owner.write(Space::SHARED, Timestamp(1)).set(key(replica), [0; 8]);
            owner.write(Space::SHARED, Timestamp(2)).set(key(replica), [1; 8]);
            holder.join(&owner);
        }
        group.throughput(Throughput::Elements(1_000));
        group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
            bencher.iter(|| {
                let changed = holder.changed_since(bookmark);
                changed
                    .filter_map(|row| row.delta_since(before.version(row.id()), usize::MAX))
                    .map(|delta| delta.cells().len())
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

/// Makes the delta of 1 % of one large row.
fn delta_of_a_row(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("delta of 1 % of one row");
    for cells in [10_000, 100_000] {
        let holder = one_row(cells);
        let row = holder.rows().next().expect("the row was written");
        group.throughput(Throughput::Elements(cells / 100));
        group.bench_function(BenchmarkId::from_parameter(cells), |bencher| {
            bencher.iter(|| row.delta_since(black_box(cells - cells / 100), usize::MAX));
        });
    }
    group.finish();
}

/// Encodes and decodes a row of 1,000 cells; decoding includes the canonical check.
fn codec_throughput(criterion: &mut Criterion) {
    let row = one_row(1_000);
    let delta = row.delta_since(&table(2).version_vector()).next().expect("a row is news");
    let bytes = codec::encode_to_vec(&delta).expect("deltas have a known length");
    let mut group = criterion.benchmark_group("1,000 cells");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let mut buf = vec![0; bytes.len()];
    group.bench_function("encode", |bencher| {
        bencher.iter(|| codec::encode(black_box(&delta), &mut buf));
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| codec::decode::<Delta>(black_box(&bytes)));
    });
    group.bench_function("decode and take in", |bencher| {
        bencher.iter_batched_ref(
            || table(2),
            |holder| {
                let delta = codec::decode::<Delta>(black_box(&bytes)).expect("it is canonical");
                holder.admit(&delta).expect("it continues")
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Takes in deltas that each overwrite another cell of a large row, one after the other.
fn admit_in_a_large_row(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admit a one-cell delta in a row of");
    for cells in [100, 10_000, 100_000] {
        let mut holder = rows_of(1, cells);
        let mut deltas = Overwrites::of(&holder);
        group.bench_function(BenchmarkId::from_parameter(cells), |bencher| {
            bencher.iter_batched(
                || deltas.next().expect("there is always one more"),
                |delta| holder.admit(Duration::ZERO, Duration::MAX, black_box(&delta)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Joins a replica that is one write ahead in some of 1,000 rows of 100 cells each.
fn join(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("join 1,000 rows of 100 cells that differ in");
    for behind in [0, 10, 1_000] {
        let (ours, theirs) = replicas_that_differ(1_000, 100, behind);
        group.bench_function(BenchmarkId::from_parameter(behind), |bencher| {
            let joins = |mut ours: Replica| {
                ours.join(black_box(&theirs));
                ours
            };
            bencher.iter_batched(|| ours.clone(), joins, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// Records values that spread over 20 powers of two.
fn record(criterion: &mut Criterion) {
    let mut values = (0u64..).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44);
    let mut all = Distribution::default();
    criterion.bench_function("record a value in a distribution", |bencher| {
        bencher.iter(|| all.record(values.next().unwrap_or_default()));
    });
}

criterion_group!(
    benches,
    admit,
    admit_in_a_large_row,
    delta_since,
    delta_of_a_row,
    join,
    record,
    codec_throughput
);
criterion_main!(benches);
