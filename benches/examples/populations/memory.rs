//! What is resident.

use std::{fs, io, sync::Arc};

use rumormill_benches::{Gossiped, population::Population};
use rumormill_core::crdt::{Bytes, Key, Life, Limits, Replica, ReplicaId, Row, codec};

/// Nodes enough that their pages are many, few where each is large.
const ROWS_IN_ALL: usize = 100_000;

/// How much the process grows by a node that knows as many members and has rows of its own.
pub(crate) fn alone(members: usize) -> io::Result<u64> {
    let population = Population::new(members as u64);
    let copies = (ROWS_IN_ALL / members).max(1);
    let before = resident()?;
    let nodes: Vec<_> = (0..copies).map(|_| population.node_with(own_rows(&population))).collect();
    let grown = resident()?.saturating_sub(before);
    drop(nodes);
    Ok(grown / copies as u64)
}

/// The rows of a population, as they are after they came by datagram.
fn own_rows(population: &Population) -> impl Iterator<Item = Arc<Row<Key, Bytes>>> {
    population.rows().flat_map(|row| {
        let mut replica = Replica::new(Life { replica: ReplicaId(0), epoch: 1 }, Limits::DEFAULT);
        let whole = row.delta_since(0, usize::MAX).expect("a row is news");
        let bytes = codec::encode_to_vec(&whole).expect("a known length");
        let whole: Gossiped = codec::decode(&bytes).expect("it was just encoded");
        let skew = std::time::Duration::MAX;
        replica.admit(std::time::Duration::ZERO, skew, &whole).expect("it is whole");
        replica.table().rows().cloned().collect::<Vec<_>>()
    })
}

/// The resident memory of this process, in bytes.
pub(crate) fn resident() -> io::Result<u64> {
    status("VmRSS:")
}

/// The most that it ever was.
pub(crate) fn peak() -> io::Result<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map(|kib| kib << 10).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
