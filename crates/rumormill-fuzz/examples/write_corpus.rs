//! Writes the seed corpus of the `datagram` target: one file for each datagram of a conversation
//! between two nodes, its payload without the frame, and messages that two nodes do not need.
//!
//! Run it from the top folder: `cargo run -p rumormill-fuzz --example write_corpus`.

use std::{fs, io};

/// The bytes of the frame.
const FRAME_LEN: usize = 9;

/// A suspicion, a question to ping somebody and the answer that there was none, by somebody who
/// spells out its life; see `docs/wire.md`.
fn messages_about_liveness() -> Vec<u8> {
    let life = [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9];
    let tag = [1, 2, 3, 4];
    [&[0; 4][..], &life, &[3], &life, &[1, 1], &tag, &[16], &tag, &[32], &[17, 32]].concat()
}

fn main() -> io::Result<()> {
    let said = [rumormill_fuzz::conversation(2, 1), rumormill_fuzz::conversation(1, 2)];
    for (number, datagram) in said.concat().iter().enumerate() {
        fs::write(format!("fuzz/corpus/datagram/whole-{number:02}"), datagram)?;
        fs::write(format!("fuzz/corpus/datagram/payload-{number:02}"), &datagram[FRAME_LEN..])?;
    }
    fs::write("fuzz/corpus/datagram/payload-liveness", messages_about_liveness())
}
