//! The hot paths of the reconciliation codec.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rumormill_benches::rivals;
use rumormill_sketch::{
    HashKey, KeyHash, KeyIndex, Part, Received, RequestList, Size, Strata, Stripe, Summary, Width,
};

const SECRET: HashKey = HashKey(*b"a secret of ours");

/// The width of a cell that nodes use most.
const WIDTH: Width = Width::A16B32;

/// Two maps of equal keys.
struct Maps {
    keys: Vec<KeyHash>,
    index: KeyIndex<u32>,
    ours: Summary,
    theirs: Summary,
}

/// Two maps of `len` keys, the first of which is one ahead in `differ` of them.
fn maps(len: u64, differ: usize, size: Size) -> Maps {
    let keys: Vec<_> = (0..len).map(|key| SECRET.hash(&rumormill_benches::key(key))).collect();
    let index = keys.iter().copied().zip(0..).collect();
    let mut ours = Summary::new(size);
    keys.iter().for_each(|key| ours.update(*key, 0, 7));
    let theirs = ours.clone();
    keys.iter().rev().take(differ).for_each(|key| ours.update(*key, 7, 8));
    Maps { keys, index, ours, theirs }
}

/// The sizes of the sketch that is kept current: one for some thousand differences, the largest.
fn sizes() -> [(&'static str, Size); 2] {
    [("3,072 cells", Size::of_triples(1_024).expect("it is one")), ("24,576 cells", Size::MAX)]
}

/// One changed value, of random keys: all three summaries, and with hashing the key as well.
fn update(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("update the summary of 100,000 keys");
    for (name, size) in sizes() {
        let Maps { keys, mut ours, .. } = maps(100_000, 0, size);
        let mut at = (0..keys.len()).cycle().step_by(7_919);
        group.bench_function(BenchmarkId::new(name, "hash kept"), |bencher| {
            bencher.iter(|| {
                let at = at.next().unwrap_or_default();
                ours.update(keys[at], 7, black_box(8));
            });
        });
        let mut at = (0..keys.len() as u64).cycle().step_by(7_919);
        group.bench_function(BenchmarkId::new(name, "key hashed"), |bencher| {
            bencher.iter(|| {
                let key = SECRET.hash(&rumormill_benches::key(at.next().unwrap_or_default()));
                ours.update(key, 7, black_box(8));
            });
        });
    }
    group.finish();
}

/// Comparing fingerprints: what a quiet pair pays, and where one key differs.
fn fingerprint(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compare fingerprints of 100,000 keys");
    for differ in [0, 1, 2] {
        let Maps { index, ours, theirs, .. } = maps(100_000, differ, Size::MIN);
        group.bench_function(BenchmarkId::new("differing", differ), |bencher| {
            bencher.iter(|| black_box(&ours).fingerprint().compare(theirs.fingerprint(), &index));
        });
    }
    group.finish();
}

/// One datagram for 100 differences, as its sender and its receiver do it.
fn one_datagram(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one datagram, 100 of 100,000 keys differ");
    let small = Size::fitting(WIDTH, 1_200 - Strata::LEN).expect("it has room");
    for (name, size) in sizes() {
        let Maps { index, ours, theirs, .. } = maps(100_000, 100, size);
        let mut buf = [0; 1_200];
        group.bench_function(BenchmarkId::new("fold", name), |bencher| {
            bencher.iter(|| black_box(&theirs).sketch().fold(small));
        });
        group.bench_function(BenchmarkId::new("fold and encode", name), |bencher| {
            bencher.iter(|| {
                let folded = black_box(&theirs).sketch().fold(small);
                folded.encode_part(WIDTH, Stripe::WHOLE, &mut buf)
            });
        });
        let folded = theirs.sketch().fold(small);
        let (len, _) = folded.encode_part(WIDTH, Stripe::WHOLE, &mut buf);
        let differing = |bytes: &[u8]| {
            let part = Part::decode(bytes).expect("it was just encoded");
            let received = Received::whole(&part).expect("all cells are there");
            ours.sketch().difference(&received).expect("the sizes are ours")
        };
        group.bench_function(BenchmarkId::new("decode, fold, subtract", name), |bencher| {
            bencher.iter(|| differing(black_box(&buf[..len])));
        });
        group.bench_function(BenchmarkId::new("decode, fold, subtract, peel", name), |bencher| {
            bencher.iter(|| {
                let peeled = differing(black_box(&buf[..len])).peel(&index);
                assert_eq!(peeled.gaps.len(), 100);
            });
        });
    }
    group.finish();
}

/// Peeling alone; the cost follows what differs.
fn peel(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("peel");
    for (keys, differ) in [(100_000, 100), (100_000, 1_000), (100_000, 10_000), (1_000_000, 100)] {
        let Maps { index, ours, theirs, .. } = maps(keys, differ, Size::MAX);
        let size = Size::for_differences(differ);
        let mut bytes = vec![0; Part::len_of(size, WIDTH)];
        theirs.sketch().fold(size).encode_part(WIDTH, Stripe::WHOLE, &mut bytes);
        let part = Part::decode(&bytes).expect("it was just encoded");
        let received = Received::whole(&part).expect("all cells are there");
        let difference = ours.sketch().difference(&received).expect("the sizes are ours");
        group.throughput(Throughput::Elements(differ as u64));
        group.bench_function(BenchmarkId::new(format!("of {keys} keys"), differ), |bencher| {
            bencher.iter_batched(
                || difference.clone(),
                |difference| assert!(difference.peel(&index).is_full()),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// What keys cost when they come and when everything is made anew, as after a change of the secret.
fn rebuild(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("make anew for 100,000 keys");
    group.sample_size(20);
    group.bench_function("summary", |bencher| {
        let Maps { keys, .. } = maps(100_000, 0, Size::MIN);
        bencher.iter(|| {
            let mut summary = Summary::new(Size::MAX);
            keys.iter().for_each(|key| summary.update(*key, 0, 7));
            summary
        });
    });
    group.bench_function("index", |bencher| {
        let Maps { keys, .. } = maps(100_000, 0, Size::MIN);
        bencher.iter(|| keys.iter().copied().zip(0u32..).collect::<KeyIndex<_>>());
    });
    group.finish();
}

/// The same work by others: 10,000 keys, 100 of which differ, from what each keeps while nothing is
/// compared. The names say how many bytes travel, both ways together, for riblt one way.
fn rivals(criterion: &mut Criterion) {
    const KEYS: u64 = 10_000;
    const DIFFER: usize = 100;
    let mut group = criterion.benchmark_group("find 100 of 10,000 keys");
    group.sample_size(10);

    let Maps { index, ours, theirs, .. } = maps(KEYS, DIFFER, Size::MAX);
    let exchange = || {
        let size = Size::for_differences(DIFFER);
        let mut bytes = vec![0; Part::len_of(size, WIDTH)];
        theirs.sketch().fold(size).encode_part(WIDTH, Stripe::WHOLE, &mut bytes);
        let part = Part::decode(&bytes).expect("it was just encoded");
        let received = Received::whole(&part).expect("all cells are there");
        let difference = ours.sketch().difference(&received).expect("the sizes are ours");
        let mut gaps = difference.peel(&index).gaps;
        assert_eq!(gaps.len(), DIFFER);
        // As if we were behind in every other one.
        gaps.iter_mut().step_by(2).for_each(|gap| gap.ahead = -gap.ahead);
        let requests = RequestList::new(&gaps, index.len()).expect("they are few");
        bytes.len() + requests.encode().len()
    };
    group.bench_function(BenchmarkId::new("this crate", exchange()), |bencher| {
        bencher.iter(exchange);
    });

    let sets = rivals::Sets::new(KEYS, DIFFER);
    let symbols = sets.riblt_symbols();
    let bytes = symbols * rivals::RIBLT_SYMBOL_LEN;
    group.bench_function(BenchmarkId::new("riblt", bytes), |bencher| {
        bencher.iter(|| assert!(sets.riblt_finds(symbols)));
    });
    let sealed = sets.negentropy();
    let bytes = sealed.exchange(DIFFER);
    group.bench_function(BenchmarkId::new("negentropy", bytes), |bencher| {
        bencher.iter(|| sealed.exchange(DIFFER));
    });
    group.finish();
}

criterion_group!(benches, update, fingerprint, one_datagram, peel, rebuild, rivals);
criterion_main!(benches);
