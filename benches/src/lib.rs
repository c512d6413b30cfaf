//! Inputs that several benchmarks share: keys of 16 bytes and values of 8.

pub mod columns;
pub mod digests;
pub mod frames;
pub mod plot;
pub mod population;
pub mod quiet;
pub mod rivals;
pub mod state;

mod processor_time;

use std::time::Duration;

use criterion::{BenchmarkGroup, measurement::Measurement};
use rumormill_crdt::{Bytes, Life, Limits, Replica, ReplicaId, RowDelta, Space, Timestamp, VvMap};

pub use self::processor_time::ProcessorTime;

/// The sizes at which everything is measured that grows: rows, keys or members.
pub const SIZES: [u64; 3] = [100, 10_000, 100_000];

/// Keeps a group of benchmarks short: what is large takes long to make, and varies little.
pub fn be_brief<M: Measurement>(group: &mut BenchmarkGroup<'_, M>) {
    group.sample_size(15);
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
}

/// A key as large as a UUID.
pub type Key = [u8; 16];

/// A value as large as a number.
pub type Value = [u8; 8];

/// A table of such keys and values.
pub type Table = VvMap<Key, Value>;

/// An empty table of replica `number`.
#[must_use]
pub fn table(number: u64) -> Table {
    Table::new(Life { replica: ReplicaId(number), epoch: 1 }, Limits::DEFAULT)
}

/// The `number`th key; keys are spread evenly, as hashes are.
#[must_use]
pub fn key(number: u64) -> Key {
    let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    spread.to_be_bytes()
}

/// A table with one row of `cells` cells.
#[must_use]
pub fn one_row(cells: u64) -> Table {
    let mut table = table(1);
    let mut row = table.write(Space::SHARED, Timestamp(1));
    for cell in 0..cells {
        row.set(key(cell), cell.to_be_bytes());
    }
    table
}

/// A table of replica 0 with copies of `rows` rows of one cell each.
#[must_use]
pub fn many_rows(rows: u64) -> Table {
    let mut all = table(0);
    for replica in 1..=rows {
        let mut one = table(replica);
        one.write(Space::SHARED, Timestamp(1)).set(key(replica), replica.to_be_bytes());
        all.join(&one);
    }
    all
}

/// A delta of a table as nodes gossip it.
pub type Gossiped = RowDelta<rumormill_crdt::Key, Bytes>;

/// A replica as nodes have it, which writes nothing and holds copies of `rows` rows of `cells`
/// cells each.
#[must_use]
pub fn rows_of(rows: u64, cells: u64) -> Replica {
    let mut holder = Replica::new(table(0).life(), Limits::DEFAULT);
    (1..=rows).for_each(|replica| drop(holder.join(&owner_of(replica, cells))));
    holder
}

/// A replica as nodes have it, which has written `cells` cells.
#[must_use]
pub fn owner_of(replica: u64, cells: u64) -> Replica {
    let mut owner = Replica::new(table(replica).life(), Limits::DEFAULT);
    (0..cells).for_each(|cell| write(&mut owner, &name(cell), 0));
    owner
}

/// The key of a cell: its name is the 16 digits of a number.
#[must_use]
pub fn name(cell: u64) -> rumormill_crdt::Key {
    rumormill_crdt::Key::raw(&format!("{:016x}", cell.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Puts a value of 8 bytes under a key, as a program does.
///
/// # Panics
///
/// If the row is full.
pub fn write(owner: &mut Replica, key: &rumormill_crdt::Key, value: u64) {
    let (key, value) = (key.clone(), Bytes::copy_from(&value.to_be_bytes()));
    let written = owner.edit(Duration::ZERO, |writer| writer.set(Space::SHARED, key, value));
    written.expect("cells are small and few");
}

/// Keys of cells of a row of so many, in an order that is as good as random, for ever.
pub fn any_of(cells: u64) -> impl Iterator<Item = rumormill_crdt::Key> {
    (1_u64..).map(move |turn| name(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) % cells))
}

/// Deltas that each overwrite one more cell of the first row that a replica held, in an order that
/// is as good as random, one continuing the other.
#[derive(Debug)]
pub struct Overwrites {
    owner: Replica,
    cells: u64,
    next: u64,
}

impl Overwrites {
    /// Begins with the row as [`rows_of`] made it.
    #[must_use]
    pub fn of(holder: &Replica) -> Self {
        let row = holder.table().rows().next().expect("a row is there");
        let cells = row.len() as u64;
        Self { owner: owner_of(row.id().life.replica.0, cells), cells, next: 0 }
    }
}

impl Iterator for Overwrites {
    type Item = Gossiped;

    fn next(&mut self) -> Option<Gossiped> {
        self.next += 1;
        let cell = self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15) % self.cells;
        let held = self.owner.table().version_vector();
        write(&mut self.owner, &name(cell), self.next);
        self.owner.delta_since(&held).next()
    }
}

/// Two replicas with copies of `rows` rows of `cells` cells each; the first is one write behind in
/// the last `behind` of the rows.
#[must_use]
pub fn replicas_that_differ(rows: u64, cells: u64, behind: u64) -> (Replica, Replica) {
    let ours = rows_of(rows, cells);
    let mut theirs = Replica::new(table(rows + 1).life(), Limits::DEFAULT);
    theirs.join(&ours);
    for replica in rows - behind + 1..=rows {
        let mut owner = owner_of(replica, cells);
        write(&mut owner, &name(0), 1);
        theirs.join(&owner);
    }
    (ours, theirs)
}
