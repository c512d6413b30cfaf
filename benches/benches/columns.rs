//! Reading a column of each type: of as many writers with a cell each; sets and maps of as many
//! keys, by ten writers.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rumormill_benches::{SIZES, be_brief, columns};

fn read(criterion: &mut Criterion) {
    for reading in columns::ALL {
        let mut group = criterion.benchmark_group(format!("crdt/read_{}", reading.name));
        be_brief(&mut group);
        for size in SIZES {
            let replica = reading.replica(size);
            group.throughput(Throughput::Elements(size));
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                bencher.iter(|| reading.read(black_box(replica.table())));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, read);
criterion_main!(benches);
