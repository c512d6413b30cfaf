//! What a node does all the time, with as many members: hearing of news, telling others, writing,
//! and what is due in a probe period. Writing and hearing keep the digest up to date.

use std::cell::RefCell;

use criterion::{BatchSize, Bencher, BenchmarkId, Criterion, criterion_group, criterion_main};
use rumormill_benches::{SIZES, be_brief, quiet::Quiet};

fn handle_rumor(bencher: &mut Bencher<'_>, quiet: &RefCell<Quiet>) {
    let rumor = || quiet.borrow_mut().next_rumor();
    let handle = |rumor: Vec<u8>| quiet.borrow_mut().handle_rumor(&rumor);
    bencher.iter_batched(rumor, handle, BatchSize::PerIteration);
}

fn transmit_rumor(bencher: &mut Bencher<'_>, quiet: &RefCell<Quiet>) {
    let hear = || {
        let mut quiet = quiet.borrow_mut();
        let rumor = quiet.next_rumor();
        quiet.handle_rumor(&rumor);
    };
    let transmit = |()| quiet.borrow_mut().transmit();
    bencher.iter_batched(hear, transmit, BatchSize::PerIteration);
}

fn write(bencher: &mut Bencher<'_>, quiet: &RefCell<Quiet>) {
    let wait = || quiet.borrow_mut().rumor_period();
    let write = |()| quiet.borrow_mut().write();
    bencher.iter_batched(wait, write, BatchSize::PerIteration);
}

fn probe_round(bencher: &mut Bencher<'_>, quiet: &RefCell<Quiet>) {
    let mut quiet = quiet.borrow_mut();
    bencher.iter(|| quiet.probe_round());
}

/// Measures something with a node that knows so many.
type Measure = fn(&mut Bencher<'_>, &RefCell<Quiet>);

const PATHS: [(&str, Measure); 4] = [
    ("handle_rumor", handle_rumor),
    ("transmit_rumor", transmit_rumor),
    ("write", write),
    ("probe_round", probe_round),
];

fn paths(criterion: &mut Criterion) {
    for size in SIZES {
        let quiet = RefCell::new(Quiet::new(size));
        for (path, measure) in PATHS {
            let mut group = criterion.benchmark_group(format!("core/{path}"));
            be_brief(&mut group);
            let id = BenchmarkId::from_parameter(size);
            group.bench_function(id, |bencher| measure(bencher, &quiet));
            group.finish();
        }
    }
}

criterion_group!(benches, paths);
criterion_main!(benches);
