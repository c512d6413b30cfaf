//! Replays the committed corpora on any toolchain, and a million spoiled copies of what is in them.
//!
//! `RUMORMILL_MUTATIONS=5000000 cargo test --release -p rumormill-fuzz` spoils more.

use std::{fs, path::PathBuf};

use rumormill_fuzz::{Mutations, all, conversation, frame, named};

/// So many spoiled inputs in all, by default.
const MUTATIONS: u64 = 1_160_000;

/// Of so many shares these take one each; who has nodes in it takes fewer, since it is slow.
const SHARES: u64 = 116;

fn share(name: &str) -> u64 {
    match name {
        "datagram" => 6,
        "two_nodes" => 1,
        "certificate" => 3,
        "sealed" => 10,
        _ => 16,
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(folder).expect("the corpus is part of the repository");
    let paths = files.map(|file| file.expect("a file of the corpus").path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file of the corpus")).collect()
}

#[test]
fn corpora_replay() {
    for target in all() {
        let corpus = corpus(target.name);
        assert!(!corpus.is_empty(), "{} has a corpus", target.name);
        corpus.iter().for_each(|bytes| (target.run)(bytes));
    }
}

#[test]
fn the_corpora_have_what_is_written_now() {
    for target in all() {
        let corpus = corpus(target.name);
        for seed in (target.seeds)() {
            assert!(
                corpus.contains(&seed),
                "{} lacks a seed: cargo run -p rumormill-fuzz --example write_corpus",
                target.name
            );
        }
    }
}

#[test]
fn a_million_spoiled_inputs_do_no_harm() {
    let mutations = std::env::var("RUMORMILL_MUTATIONS").ok();
    let mutations = mutations.map_or(MUTATIONS, |count| count.parse().expect("a number"));
    assert_eq!(all().iter().map(|target| share(target.name)).sum::<u64>(), SHARES);
    for target in all() {
        let corpus = corpus(target.name);
        let count = usize::try_from(mutations / SHARES * share(target.name)).expect("a number");
        for (number, bytes) in Mutations::new(&corpus, 1).take(count).enumerate() {
            let run = std::panic::catch_unwind(|| (target.run)(&bytes));
            assert!(run.is_ok(), "{}, spoiled input {number}: {bytes:?}", target.name);
        }
    }
}

#[test]
fn every_byte_of_a_datagram_may_change_and_any_end_be_missing() {
    let run = named("datagram").run;
    for bytes in corpus("datagram") {
        for at in 0..bytes.len() {
            // Another byte each time, and the same ones each run.
            let change = u8::try_from(at * 7 % 255 + 1).expect("below 256");
            let mut mutated = bytes.clone();
            mutated[at] ^= change;
            run(&mutated);
        }
        for len in 0..bytes.len() {
            run(&bytes[..len]);
        }
    }
}

#[test]
fn no_bit_of_a_sealed_datagram_or_a_certificate_can_be_changed() {
    for name in ["sealed", "certificate"] {
        let run = named(name).run;
        // Targets say themselves what must not be taken in.
        for bytes in corpus(name).iter().take(8) {
            for bit in 0..8 * bytes.len() {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                run(&flipped);
            }
        }
    }
}

#[test]
fn the_frame_is_the_one_on_the_wire() {
    for whole in conversation(2, 1) {
        assert_eq!(frame(&whole[9..]), whole);
    }
}
