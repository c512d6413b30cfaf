//! What a node does all the time, and its frames.

#![allow(missing_docs, reason = "the macros make modules of functions")]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use rumormill_benches::{
    frames::{frames, sealed, whole},
    quiet::Quiet,
};
use rumormill_core::{DATAGRAM_LEN_MIN, forging::Frames};

fn about_to_hear(members: u64) -> (Quiet, Vec<u8>) {
    let mut quiet = Quiet::new(members);
    let rumor = quiet.next_rumor();
    (quiet, rumor)
}

fn about_to_tell(members: u64) -> Quiet {
    let (mut quiet, rumor) = about_to_hear(members);
    quiet.handle_rumor(&rumor);
    quiet
}

#[library_benchmark]
#[bench::of_100(about_to_hear(100))]
#[bench::of_10_000(about_to_hear(10_000))]
fn handle_a_rumor((mut quiet, rumor): (Quiet, Vec<u8>)) -> Quiet {
    quiet.handle_rumor(black_box(&rumor));
    quiet
}

#[library_benchmark]
#[bench::of_100(about_to_tell(100))]
#[bench::of_10_000(about_to_tell(10_000))]
fn transmit_a_rumor(mut quiet: Quiet) -> Quiet {
    black_box(quiet.transmit());
    quiet
}

#[library_benchmark]
#[bench::of_100(Quiet::new(100))]
#[bench::of_10_000(Quiet::new(10_000))]
fn write(mut quiet: Quiet) -> Quiet {
    quiet.write();
    quiet
}

#[library_benchmark]
#[bench::of_100(Quiet::new(100))]
#[bench::of_10_000(Quiet::new(10_000))]
fn probe_round(mut quiet: Quiet) -> Quiet {
    quiet.probe_round();
    quiet
}

type Datagram = [u8; DATAGRAM_LEN_MIN];

fn unsealed() -> (Frames, Datagram) {
    (frames(1, &sealed(7)), [7; DATAGRAM_LEN_MIN])
}

fn unopened() -> (Frames, Datagram) {
    let mut datagrams = whole();
    let mut bob = frames(2, &sealed(7));
    let mut next = || datagrams.next().expect("there is always one more");
    // Where numbers of the same sender are remembered is there.
    bob.open(&next()).expect("it is whole");
    (bob, next())
}

#[library_benchmark]
#[bench::of_1_200_bytes(unsealed())]
fn seal((mut ann, mut datagram): (Frames, Datagram)) -> (Frames, Datagram) {
    ann.close(black_box(&mut datagram));
    (ann, datagram)
}

#[library_benchmark]
#[bench::of_1_200_bytes(unopened())]
fn open((mut bob, datagram): (Frames, Datagram)) -> (Frames, Datagram) {
    bob.open(black_box(&datagram)).expect("it is new and whole");
    (bob, datagram)
}

library_benchmark_group!(
    name = node;
    benchmarks = handle_a_rumor, transmit_a_rumor, write, probe_round, seal, open
);
