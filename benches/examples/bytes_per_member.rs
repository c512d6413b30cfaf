//! Prints what a member takes in memory, at 10,000 members: how much a process grows that holds
//! nodes that know them, less what it grows by their rows, divided by the number of members.
//!
//! Reads `/proc/self/statm`, so it runs on Linux.

use std::{
    fs,
    io::{self, Write},
    sync::Arc,
};

use rumormill_benches::population::Population;
use rumormill_core::crdt::{Life, Limits, Replica, ReplicaId};

const MEMBERS: u64 = 10_000;
const COPIES: usize = 8;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    let population = Population::new(MEMBERS);
    // The rows themselves are shared, and the same in both.
    let tables = per_member(|| {
        let life = Life { replica: ReplicaId(0), epoch: 1 };
        let mut replica = Replica::new(life, Limits::DEFAULT);
        drop(replica.restore(population.rows().map(Arc::clone)));
        replica
    })?;
    let nodes = per_member(|| population.node())?;
    writeln!(out, "resident bytes per member, at {MEMBERS} members with socket addresses:")?;
    writeln!(out, "{nodes:>7.1} in a node, rows' cells shared")?;
    writeln!(out, "{tables:>7.1} in a table of the same rows")?;
    writeln!(out, "{:>7.1} without the rows", nodes - tables)
}

/// How much the process grows by each member of what it makes.
fn per_member<T>(make: impl Fn() -> T) -> io::Result<f64> {
    let before = resident()?;
    let made: Vec<T> = (0..COPIES).map(|_| make()).collect();
    let grown = resident()?.saturating_sub(before);
    std::mem::forget(made);
    Ok(grown as f64 / (COPIES as u64 * MEMBERS) as f64)
}

/// The resident memory of this process, in bytes.
fn resident() -> io::Result<u64> {
    const PAGE: u64 = 4096;
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.map(|pages| pages * PAGE).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
