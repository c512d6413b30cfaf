//! Writes the seed corpus of the `datagram` target: one file for each datagram of a conversation
//! between two nodes, and its payload without the frame.
//!
//! Run it from the top folder: `cargo run -p rumormill-fuzz --example write_corpus`.

use std::{fs, io};

/// The bytes of the frame.
const FRAME_LEN: usize = 9;

fn main() -> io::Result<()> {
    let said = [rumormill_fuzz::conversation(2, 1), rumormill_fuzz::conversation(1, 2)];
    for (number, datagram) in said.concat().iter().enumerate() {
        fs::write(format!("fuzz/corpus/datagram/whole-{number:02}"), datagram)?;
        fs::write(format!("fuzz/corpus/datagram/payload-{number:02}"), &datagram[FRAME_LEN..])?;
    }
    Ok(())
}
