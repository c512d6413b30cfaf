//! Replays the committed corpora on any toolchain, and some mutations of every file in them.

use std::{fs, path::PathBuf};

use rumormill_fuzz::{conversation, datagram, frame};

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(folder).expect("the corpus is part of the repository");
    let paths = files.map(|file| file.expect("a file of the corpus").path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file of the corpus")).collect()
}

#[test]
fn the_corpus_replays() {
    let corpus = corpus("datagram");
    assert!(corpus.len() > 20);
    corpus.iter().for_each(|bytes| datagram(bytes));
}

#[test]
fn every_byte_of_the_corpus_may_change() {
    for bytes in corpus("datagram") {
        for at in 0..bytes.len() {
            // Another byte each time, and the same ones each run.
            let change = u8::try_from(at * 7 % 255 + 1).expect("below 256");
            let mut mutated = bytes.clone();
            mutated[at] ^= change;
            datagram(&mutated);
        }
        for len in 0..bytes.len() {
            datagram(&bytes[..len]);
        }
    }
}

#[test]
fn the_frame_is_the_one_on_the_wire() {
    for whole in conversation(2, 1) {
        assert_eq!(frame(&whole[9..]), whole);
    }
}
