//! Prints what cells of 16-byte keys and 8-byte values take on the wire.

use std::io::{self, Write};

use rumormill_benches::{key, one_row, table};
use rumormill_crdt::{Space, Timestamp, codec};

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{:>8} {:>12} {:>15}", "cells", "delta bytes", "bytes per cell")?;
    for cells in [1, 10, 100, 1_000, 10_000] {
        let row = one_row(cells);
        let delta = row.delta_since(&table(2).version_vector()).next();
        let len = codec::encoded_len(&delta.expect("a row is news"));
        let hundredths = len as u64 * 100 / cells;
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        writeln!(out, "{cells:>8} {len:>12} {whole:>12}.{rest:02}")?;
    }
    let mut row = one_row(1_000);
    let before = row.version_vector();
    row.write(Space::SHARED, Timestamp(2)).set(key(3), [9; 8]);
    let delta = row.delta_since(&before).next().expect("one write is news");
    writeln!(out, "one overwritten key of 1,000: {} bytes", codec::encoded_len(&delta))
}
