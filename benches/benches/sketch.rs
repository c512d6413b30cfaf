//! The hot paths of the reconciliation codec.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rumormill_benches::{
    SIZES, be_brief,
    digests::{Maps, SECRET, WIDTH},
    rivals,
};
use rumormill_sketch::{KeyIndex, Part, Received, RequestList, Size, Strata, Stripe, Summary};

/// How many keys differ: what these cost follows it, and not how many there are.
const DIFFER: [usize; 3] = [100, 1_000, 10_000];

/// The sizes of the sketch that is kept current: one for some thousand differences, the largest.
fn sizes() -> [Size; 2] {
    [Size::of_triples(1_024).expect("it is one"), Size::MAX]
}

/// One changed value, of random keys, in all three summaries; with hashing the key as well.
fn add(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sketch/add");
    be_brief(&mut group);
    for keys in SIZES {
        let Maps { keys: hashes, mut ours, .. } = Maps::new(keys, 0, Size::MAX);
        let mut at = (0..hashes.len()).cycle().step_by(7_919);
        group.bench_function(BenchmarkId::from_parameter(keys), |bencher| {
            bencher.iter(|| {
                let at = at.next().unwrap_or_default();
                ours.update(hashes[at], 7, black_box(8));
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("sketch/hash_and_add");
    be_brief(&mut group);
    for size in sizes() {
        let Maps { keys, mut ours, .. } = Maps::new(100_000, 0, size);
        let mut at = (0..keys.len() as u64).cycle().step_by(7_919);
        group.bench_function(BenchmarkId::new("cells", size.cells()), |bencher| {
            bencher.iter(|| {
                let key = SECRET.hash(&rumormill_benches::key(at.next().unwrap_or_default()));
                ours.update(key, 7, black_box(8));
            });
        });
    }
    group.finish();
}

/// Takes one sketch away from another, cell by cell.
fn subtract(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sketch/subtract");
    be_brief(&mut group);
    for differ in DIFFER {
        let Maps { ours, theirs, .. } = Maps::new(1_000, 0, Size::for_differences(differ));
        let mut sketch = ours.sketch().clone();
        group.bench_function(BenchmarkId::from_parameter(differ), |bencher| {
            bencher.iter(|| sketch.subtract(black_box(theirs.sketch())));
        });
    }
    group.finish();
}

/// Comparing fingerprints: what a quiet pair pays, and where one key differs.
fn fingerprint(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sketch/compare_fingerprints_that_differ_in");
    be_brief(&mut group);
    for differ in [0, 1, 2] {
        let Maps { index, ours, theirs, .. } = Maps::new(100_000, differ, Size::MIN);
        group.bench_function(BenchmarkId::from_parameter(differ), |bencher| {
            bencher.iter(|| black_box(&ours).fingerprint().compare(theirs.fingerprint(), &index));
        });
    }
    group.finish();
}

/// One datagram for 100 differences, as its sender and its receiver do it.
fn one_datagram(criterion: &mut Criterion) {
    let small = Size::fitting(WIDTH, 1_200 - Strata::LEN).expect("it has room");
    for size in sizes() {
        let maps = Maps::new(100_000, 100, size);
        let mut group = criterion.benchmark_group("sketch/datagram_of_100");
        be_brief(&mut group);
        let id = |what| BenchmarkId::new(what, size.cells());
        group.bench_function(id("fold"), |bencher| {
            bencher.iter(|| black_box(&maps.theirs).sketch().fold(small));
        });
        group.bench_function(id("fold_and_encode"), |bencher| {
            bencher.iter(|| black_box(&maps).encoded(small));
        });
        let bytes = maps.encoded(small);
        group.bench_function(id("decode_and_subtract"), |bencher| {
            bencher.iter(|| maps.difference(black_box(&bytes)));
        });
        group.bench_function(id("decode_subtract_and_peel"), |bencher| {
            bencher.iter(|| {
                let peeled = maps.difference(black_box(&bytes)).peel(&maps.index);
                assert_eq!(peeled.gaps.len(), 100);
            });
        });
        group.finish();
    }
}

/// The cells for so many differences, to bytes and back.
fn codec(criterion: &mut Criterion) {
    for differ in DIFFER {
        let maps = Maps::new(100_000, differ, Size::MAX);
        let size = Size::for_differences(differ);
        let id = BenchmarkId::from_parameter(differ);
        let sketch = maps.theirs.sketch().fold(size);
        let mut bytes = maps.encoded(size);
        let mut group = criterion.benchmark_group("sketch/decode");
        be_brief(&mut group);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(id.clone(), |bencher| {
            bencher.iter(|| {
                let part = Part::decode(black_box(&bytes)).expect("it was just encoded");
                Received::whole(&part)
            });
        });
        group.finish();
        let mut group = criterion.benchmark_group("sketch/encode");
        be_brief(&mut group);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(id, |bencher| {
            bencher.iter(|| black_box(&sketch).encode_part(WIDTH, Stripe::WHOLE, &mut bytes));
        });
        group.finish();
    }
}

/// Peeling alone; the cost follows what differs.
fn peel(criterion: &mut Criterion) {
    for keys in [100_000, 1_000_000] {
        let mut group = criterion.benchmark_group(format!("sketch/peel_of_{keys}"));
        be_brief(&mut group);
        for differ in DIFFER.into_iter().filter(|differ| keys == 100_000 || *differ == 100) {
            let maps = Maps::new(keys, differ, Size::MAX);
            let bytes = maps.encoded(Size::for_differences(differ));
            let difference = maps.difference(&bytes);
            group.throughput(Throughput::Elements(differ as u64));
            group.bench_function(BenchmarkId::from_parameter(differ), |bencher| {
                bencher.iter_batched(
                    || difference.clone(),
                    |difference| assert!(difference.peel(&maps.index).is_full()),
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

/// What keys cost when they come and when everything is made anew, as after a change of the secret.
fn rebuild(criterion: &mut Criterion) {
    for keys in SIZES {
        let Maps { keys: hashes, .. } = Maps::new(keys, 0, Size::MIN);
        let id = BenchmarkId::from_parameter(keys);
        let mut group = criterion.benchmark_group("sketch/rebuild_summary");
        be_brief(&mut group);
        group.bench_function(id.clone(), |bencher| {
            bencher.iter(|| {
                let mut summary = Summary::new(Size::MAX);
                hashes.iter().for_each(|key| summary.update(*key, 0, 7));
                summary
            });
        });
        group.finish();
        let mut group = criterion.benchmark_group("sketch/rebuild_index");
        be_brief(&mut group);
        group.bench_function(id, |bencher| {
            bencher.iter(|| hashes.iter().copied().zip(0u32..).collect::<KeyIndex<_>>());
        });
        group.finish();
    }
}

/// The same work by others: 10,000 keys, 100 of which differ, from what each keeps while nothing is
/// compared. The names say how many bytes travel, both ways together, for riblt one way.
fn rivals(criterion: &mut Criterion) {
    const KEYS: u64 = 10_000;
    const DIFFERING: usize = 100;
    let mut group = criterion.benchmark_group("sketch/find_100_of_10000_keys");
    group.sample_size(10);

    let maps = Maps::new(KEYS, DIFFERING, Size::MAX);
    let exchange = || {
        let bytes = maps.encoded(Size::for_differences(DIFFERING));
        let mut gaps = maps.difference(&bytes).peel(&maps.index).gaps;
        assert_eq!(gaps.len(), DIFFERING);
        // As if we were behind in every other one.
        gaps.iter_mut().step_by(2).for_each(|gap| gap.ahead = -gap.ahead);
        let requests = RequestList::new(&gaps, maps.index.len()).expect("they are few");
        bytes.len() + requests.encode().len()
    };
    group.bench_function(BenchmarkId::new("rumormill", exchange()), |bencher| {
        bencher.iter(exchange);
    });

    let sets = rivals::Sets::new(KEYS, DIFFERING);
    let symbols = sets.riblt_symbols();
    let bytes = symbols * rivals::RIBLT_SYMBOL_LEN;
    group.bench_function(BenchmarkId::new("riblt", bytes), |bencher| {
        bencher.iter(|| assert!(sets.riblt_finds(symbols)));
    });
    let sealed = sets.negentropy();
    let bytes = sealed.exchange(DIFFERING);
    group.bench_function(BenchmarkId::new("negentropy", bytes), |bencher| {
        bencher.iter(|| sealed.exchange(DIFFERING));
    });
    group.finish();
}

criterion_group!(benches, add, subtract, codec, peel, fingerprint, one_datagram, rebuild, rivals);
criterion_main!(benches);
