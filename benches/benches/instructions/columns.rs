//! Reading a column of each type, of 10,000 writers or keys.

#![allow(missing_docs, reason = "the macros make modules of functions")]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use rumormill_benches::columns::Reading;
use rumormill_crdt::Replica;

fn written(name: &str) -> (Reading, Replica) {
    let reading = Reading::named(name);
    (reading, reading.replica(10_000))
}

#[library_benchmark]
#[bench::lww_register(written("lww_register"))]
#[bench::mv_register(written("mv_register"))]
#[bench::or_set(written("or_set"))]
#[bench::map(written("map"))]
#[bench::g_counter(written("g_counter"))]
#[bench::pn_counter(written("pn_counter"))]
#[bench::window_counter(written("window_counter"))]
#[bench::histogram(written("histogram"))]
#[bench::distinct(written("distinct"))]
#[bench::min_max(written("min_max"))]
#[bench::top_k(written("top_k"))]
#[bench::event_log(written("event_log"))]
fn read_10_000((reading, replica): (Reading, Replica)) -> Replica {
    reading.read(black_box(replica.table()));
    replica
}

library_benchmark_group!(name = columns; benchmarks = read_10_000);
