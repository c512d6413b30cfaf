//! Inputs that several benchmarks share: keys of 16 bytes and values of 8.

use rumormill_crdt::{Life, Limits, ReplicaId, Space, Timestamp, VvMap};

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
