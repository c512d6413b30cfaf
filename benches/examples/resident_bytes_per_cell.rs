//! Prints what cells of 16-byte keys and 8-byte values take in memory: how much a process grows
//! that holds eight tables of one row of 100,000 cells, divided by the number of cells.
//!
//! Reads `/proc/self/statm`, so it runs on Linux.

use std::{
    fs,
    io::{self, Write},
};

use rumormill_benches::{key, table};
use rumormill_crdt::{Bytes, Key, Space, Table, Timestamp};

const TABLES: u64 = 8;
const CELLS: u64 = 100_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    let typed = || {
        let mut table = table(1);
        let mut row = table.write(Space::SHARED, Timestamp(1));
        for cell in 0..CELLS {
            row.set(key(cell), cell.to_be_bytes());
        }
        table
    };
    let gossiped = |overwritten: u64| {
        let mut table = Table::new(table(1).life(), *table(1).limits());
        let mut row = table.write(Space::SHARED, Timestamp(1));
        for write in 0..CELLS + overwritten {
            let name: String =
                key(write % CELLS)[..8].iter().map(|it| format!("{it:02x}")).collect();
            row.set(Key::raw(&name), Bytes::copy_from(&write.to_be_bytes()));
        }
        table
    };
    writeln!(out, "resident bytes per cell of 16 + 8 bytes, at {CELLS} cells a row:")?;
    writeln!(out, "{:>6.1} in a VvMap<[u8; 16], [u8; 8]>", per_cell(typed)?)?;
    writeln!(out, "{:>6.1} in a Table, as nodes gossip it", per_cell(|| gossiped(0))?)?;
    writeln!(
        out,
        "{:>6.1} in a Table, a third of it overwritten",
        per_cell(|| gossiped(CELLS / 3))?
    )
}

/// How much the process grows by each cell of tables that it makes.
fn per_cell<T>(make: impl Fn() -> T) -> io::Result<f64> {
    let before = resident()?;
    let tables: Vec<T> = (0..TABLES).map(|_| make()).collect();
    let grown = resident()?.saturating_sub(before);
    std::mem::forget(tables);
    Ok(grown as f64 / (TABLES * CELLS) as f64)
}

/// The resident memory of this process, in bytes.
fn resident() -> io::Result<u64> {
    const PAGE: u64 = 4096;
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.map(|pages| pages * PAGE).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
