//! The state of a whole table as it travels: a delta for each of ten rows.

use std::time::Duration;

use rumormill_crdt::{Limits, Replica, VersionVector, codec};

use crate::{Gossiped, owner_of, table};

/// Among how many rows the cells of a state are divided.
const ROWS: u64 = 10;

/// All that a newcomer lacks of so many cells.
#[must_use]
pub fn deltas(cells: u64) -> Vec<Gossiped> {
    let owner = |replica| owner_of(replica, cells / ROWS);
    let nothing = VersionVector::default();
    (1..=ROWS).flat_map(|it| owner(it).delta_since(&nothing).collect::<Vec<_>>()).collect()
}

/// The delta of the 1 % of the cells of a replica's own row that were written last.
///
/// # Panics
///
/// If there is no row.
#[must_use]
pub fn last_percent(owner: &Replica) -> Option<Gossiped> {
    let row = owner.table().rows().next().expect("it has written");
    row.delta_since(row.version() - row.version() / 100, usize::MAX)
}

/// The deltas as bytes.
///
/// # Panics
///
/// Never: deltas have a known length.
#[must_use]
pub fn encode(deltas: &[Gossiped]) -> Vec<Vec<u8>> {
    let encode = |delta| codec::encode_to_vec(delta).expect("deltas have a known length");
    deltas.iter().map(encode).collect()
}

/// Reads what [`encode`] wrote.
///
/// # Panics
///
/// If it is something else.
#[must_use]
pub fn decode(bytes: &[Vec<u8>]) -> Vec<Gossiped> {
    let decode = |bytes: &Vec<u8>| Gossiped::decode(bytes).expect("it is canonical");
    bytes.iter().map(decode).collect()
}

/// What a newcomer holds who was told all of it.
#[must_use]
pub fn decode_and_join(bytes: &[Vec<u8>]) -> Replica {
    let mut newcomer = Replica::new(table(0).life(), Limits::DEFAULT);
    decode(bytes).iter().for_each(|delta| admit(&mut newcomer, delta));
    newcomer
}

/// Takes in a delta.
///
/// # Panics
///
/// If it does not continue what is there.
pub fn admit(holder: &mut Replica, delta: &Gossiped) {
    let admission = holder.admit(Duration::ZERO, Duration::MAX, delta);
    admission.expect("it continues");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_holds_all() {
        let newcomer = decode_and_join(&encode(&deltas(100)));
        let cells: Vec<_> = newcomer.table().rows().map(|row| row.len()).collect();
        assert_eq!(cells, [10; 10]);
    }

    #[test]
    fn one_percent_of_the_cells_changed() {
        let delta = last_percent(&owner_of(1, 1_000)).unwrap();
        assert_eq!(delta.cells().len(), 10);
    }
}
