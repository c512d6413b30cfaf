//! The hot paths of a table: writing, taking in a delta, making one, encoding and decoding. In time of the
//! processor.

use std::hint::black_box;

use criterion::{
    BatchSize, Bencher, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group,
    criterion_main,
};
use rumormill_benches::{
    Gossiped, Overwrites, ProcessorTime, SIZES, Table, any_of, be_brief, key, many_rows, name,
    owner_of, replicas_that_differ, rows_of, state, table, write,
};
use rumormill_crdt::{Distribution, Replica, RowDelta, Space, Timestamp, codec};

type Delta = RowDelta<rumormill_benches::Key, rumormill_benches::Value>;

/// Measures something at every size, under `crdt/path/size`.
fn at_all_sizes(
    criterion: &mut Criterion<ProcessorTime>,
    path: &str,
    mut measure: impl FnMut(&mut BenchmarkGroup<'_, ProcessorTime>, BenchmarkId, u64),
) {
    let mut group = criterion.benchmark_group(format!("crdt/{path}"));
    be_brief(&mut group);
    SIZES.iter().for_each(|size| measure(&mut group, BenchmarkId::from_parameter(size), *size));
    group.finish();
}

/// Writes so many cells, one after the other, into an empty row.
fn write_new(criterion: &mut Criterion<ProcessorTime>) {
    at_all_sizes(criterion, "write", |group, id, cells| {
        let keys: Vec<_> = (0..cells).map(name).collect();
        group.throughput(Throughput::Elements(cells));
        let write_all = |mut owner: Replica| {
            keys.iter().for_each(|key| write(&mut owner, black_box(key), 0));
            owner
        };
        group.bench_function(id, |bencher| {
            bencher.iter_batched(|| owner_of(1, 0), write_all, BatchSize::LargeInput);
        });
    });
}

/// Overwrites any cell of one's own row.
fn overwrite(criterion: &mut Criterion<ProcessorTime>) {
    at_all_sizes(criterion, "overwrite", |group, id, cells| {
        let mut owner = owner_of(1, cells);
        let mut keys = any_of(cells);
        let mut value = 0;
        group.bench_function(id, |bencher| {
            let next = || keys.next().expect("there is always one more");
            let mut overwrite = |key| {
                value += 1;
                write(&mut owner, black_box(&key), value);
            };
            bencher.iter_batched(next, &mut overwrite, BatchSize::SmallInput);
        });
    });
}

/// Takes in deltas of one overwritten cell, one after the other, in tables that hold more and more
/// other rows.
fn admit_among_rows(criterion: &mut Criterion<ProcessorTime>) {
    at_all_sizes(criterion, "admit_among_rows", |group, id, rows| {
        let mut owner = table(7);
        let mut holder = many_rows(rows);
        group.bench_function(id, |bencher| {
            bencher.iter_batched(
                || next_delta(&mut owner),
                |delta| holder.admit(black_box(&delta)).expect("it continues"),
                BatchSize::SmallInput,
            );
        });
    });
}

/// Overwrites the owner's one cell; the delta that says so.
fn next_delta(owner: &mut Table) -> Delta {
    let held = owner.version_vector();
    let version = owner.write(Space::STATS, Timestamp(1)).set(key(7), [0; 8]);
    let row = owner.rows().next().expect("the row was written");
    debug_assert_eq!(held.version(row.id()) + 1, version);
    row.delta_since(version - 1, usize::MAX).expect("one write is news")
}

/// Takes in deltas that each overwrite another cell of a row, one after the other.
fn admit(criterion: &mut Criterion<ProcessorTime>) {
    at_all_sizes(criterion, "admit", |group, id, cells| {
        let take_in = |holder: &mut Replica, delta: Gossiped| state::admit(holder, &delta);
        group.bench_function(id, |bencher| overwrites(bencher, cells, |delta| delta, take_in));
    });
}

/// The same, with what it takes to decode each.
fn decode_and_admit(criterion: &mut Criterion<ProcessorTime>) {
    at_all_sizes(criterion, "decode_and_admit", |group, id, cells| {
        let encode = |delta: Gossiped| codec::encode_to_vec(&delta).expect("a known length");
        let take_in = |holder: &mut Replica, bytes: Vec<u8>| {
            let delta = Gossiped::decode(black_box(&bytes)).expect("it is canonical");
            state::admit(holder, &delta);
        };
        group.bench_function(id, |bencher| overwrites(bencher, cells, encode, take_in));
    });
}

/// Measures what a holder of a row does with deltas that overwrite its cells, as they come.
fn overwrites<T>(
    bencher: &mut Bencher<'_, ProcessorTime>,
    cells: u64,
    send: impl Fn(Gossiped) -> T,
    take_in: impl Fn(&mut Replica, T),
) {
    let mut holder = rows_of(1, cells);
    let mut deltas = Overwrites::of(&holder).map(send);
    bencher.iter_batched(
        || deltas.next().expect("there is always one more"),
        |sent| take_in(&mut holder, black_box(sent)),
        BatchSize::SmallInput,
    );
}

/// Lists and makes deltas for 1,000 rows that changed; the cost follows them, not the table.
fn deltas_of_changed_rows(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("crdt/deltas_of_1000_changed_rows");
    be_brief(&mut group);
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

/// Makes the delta of 1 % of the cells of one row.
fn delta_since(criterion: &mut Criterion<ProcessorTime>) {
    at_all_sizes(criterion, "delta_since_1_percent", |group, id, cells| {
        let owner = owner_of(1, cells);
        group.throughput(Throughput::Elements(cells / 100));
        group.bench_function(id, |bencher| {
            bencher.iter(|| state::last_percent(black_box(&owner)));
        });
    });
}

/// Encodes and decodes the state of a whole table; decoding includes the canonical check.
fn whole_state(criterion: &mut Criterion<ProcessorTime>) {
    let bytes_of = |cells| state::encode(&state::deltas(cells));
    let throughput = |cells, bytes: &[Vec<u8>]| Throughput::ElementsAndBytes {
        elements: cells,
        bytes: bytes.iter().map(|it| it.len() as u64).sum(),
    };
    at_all_sizes(criterion, "encode", |group, id, cells| {
        let deltas = state::deltas(cells);
        group.throughput(throughput(cells, &bytes_of(cells)));
        group.bench_function(id, |bencher| bencher.iter(|| state::encode(black_box(&deltas))));
    });
    at_all_sizes(criterion, "decode", |group, id, cells| {
        let bytes = bytes_of(cells);
        group.throughput(throughput(cells, &bytes));
        group.bench_function(id, |bencher| bencher.iter(|| state::decode(black_box(&bytes))));
    });
    at_all_sizes(criterion, "decode_and_join", |group, id, cells| {
        let bytes = bytes_of(cells);
        group.throughput(throughput(cells, &bytes));
        group.bench_function(id, |bencher| {
            bencher.iter_with_large_drop(|| state::decode_and_join(black_box(&bytes)));
        });
    });
}

/// Joins a replica that is one write ahead in some of 1,000 rows of 100 cells each.
fn join(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("crdt/join_1000_rows_that_differ_in");
    be_brief(&mut group);
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
fn record(criterion: &mut Criterion<ProcessorTime>) {
    let mut values = (0u64..).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44);
    let mut all = Distribution::default();
    criterion.bench_function("crdt/record_in_a_distribution/1", |bencher| {
        bencher.iter(|| all.record(values.next().unwrap_or_default()));
    });
}

criterion_group!(
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets =
        write_new,
        overwrite,
        admit,
        admit_among_rows,
        decode_and_admit,
        delta_since,
        deltas_of_changed_rows,
        whole_state,
        join,
        record
);
criterion_main!(benches);
