//! The reconciliation codec: 100,000 keys, 1,000 of which differ.

#![allow(missing_docs, reason = "the macros make modules of functions")]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use rumormill_benches::digests::{Maps, WIDTH};
use rumormill_sketch::{Difference, Part, Peeled, Received, Size, Sketch, Stripe};

const DIFFER: usize = 1_000;

fn maps() -> Maps {
    Maps::new(100_000, DIFFER, Size::MAX)
}

/// The sketches of both, small enough to travel, and the second one's bytes.
fn folded() -> (Sketch, Sketch, Vec<u8>) {
    let (maps, size) = (maps(), Size::for_differences(DIFFER));
    let fold = |sketch: &Sketch| sketch.fold(size);
    (fold(maps.ours.sketch()), fold(maps.theirs.sketch()), maps.encoded(size))
}

fn differing() -> (Maps, Difference) {
    let maps = maps();
    let difference = maps.difference(&maps.encoded(Size::for_differences(DIFFER)));
    (maps, difference)
}

#[library_benchmark]
#[bench::of_100_000(maps())]
fn add_a_key(mut maps: Maps) -> Maps {
    maps.ours.update(black_box(maps.keys[77_777]), 7, 8);
    maps
}

#[library_benchmark]
#[bench::for_1_000(folded())]
fn subtract((mut ours, theirs, bytes): (Sketch, Sketch, Vec<u8>)) -> (Sketch, Sketch, Vec<u8>) {
    ours.subtract(black_box(&theirs));
    (ours, theirs, bytes)
}

#[library_benchmark]
#[bench::for_1_000(folded())]
fn encode((ours, theirs, mut bytes): (Sketch, Sketch, Vec<u8>)) -> (Sketch, Sketch, Vec<u8>) {
    black_box(&theirs).encode_part(WIDTH, Stripe::WHOLE, &mut bytes);
    (ours, theirs, bytes)
}

#[library_benchmark]
#[bench::for_1_000(folded())]
fn decode((_, _, bytes): (Sketch, Sketch, Vec<u8>)) -> Received {
    let part = Part::decode(black_box(&bytes)).expect("it was just encoded");
    Received::whole(&part).expect("all cells are there")
}

#[library_benchmark]
#[bench::of_1_000(differing())]
fn peel((maps, difference): (Maps, Difference)) -> (Maps, Peeled) {
    let peeled = difference.peel(black_box(&maps.index));
    (maps, peeled)
}

library_benchmark_group!(
    name = sketch;
    benchmarks = add_a_key, subtract, encode, decode, peel
);
