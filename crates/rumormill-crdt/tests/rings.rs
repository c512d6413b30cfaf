//! Many rows that depend on each other, and lives that outlive their turn.

use std::time::Duration;

use rumormill_crdt::{
    Bytes, Column, Key, Life, Limits, OrSet, Refused, Replica, ReplicaId, RowId, Space,
    VersionVector,
};

const SET: Column<OrSet<u64>> = Column::new(Space::SHARED, "set");
const NOON: Duration = Duration::from_secs(43_200);
const SKEW: Duration = Duration::from_secs(10);

fn life(replica: u64, epoch: u64) -> Life {
    Life { replica: ReplicaId(replica), epoch }
}

/// Takes in what `from` has that `to` has not, and does the owner's share of collecting.
fn hear(to: &mut Replica, from: &Replica) {
    let grown: Vec<_> = to.join(from).iter().map(|growth| growth.id).collect();
    to.collect(grown);
}

/// Replicas of which each removed what the next had inserted, and collected: the head of each
/// depends on the row of the next, all around.
fn ring(replicas: usize) -> Vec<Replica> {
    let new = |number| Replica::new(life(number, 1), Limits::DEFAULT);
    let mut ring: Vec<_> = (0..replicas as u64).map(new).collect();
    for (number, replica) in ring.iter_mut().enumerate() {
        replica.edit(NOON, |w| SET.insert(w, &(number as u64))).expect("a number fits a cell");
    }
    for number in 0..replicas {
        let next = ring[(number + 1) % replicas].clone();
        ring[number].join(&next);
        let element = (number as u64 + 1) % replicas as u64;
        let removed = ring[number].edit(NOON, |w| SET.remove(w, &element));
        assert!(removed.expect("a kill fits a cell"));
    }
    for number in 0..replicas {
        let killer = ring[number].clone();
        hear(&mut ring[(number + 1) % replicas], &killer);
    }
    for number in 0..replicas {
        let owner = ring[(number + 1) % replicas].clone();
        hear(&mut ring[number], &owner);
    }
    ring
}

#[test]
fn a_newcomer_gets_more_rows_that_depend_on_each_other_than_it_may_stage() {
    let replicas = Limits::DEFAULT.stagings_max + 44;
    let mut all = Replica::new(life(9_999, 1), Limits::DEFAULT);
    let ring = ring(replicas);
    for _ in 0..2 {
        ring.iter().for_each(|replica| drop(all.join(replica)));
    }
    let depend = |row: &&std::sync::Arc<_>| is_dependent(row);
    assert_eq!(all.table().rows().filter(depend).count(), replicas, "a full circle");
    let mut newcomer = Replica::new(life(10_000, 1), Limits::DEFAULT);
    for delta in all.delta_since(&VersionVector::default()) {
        newcomer.admit(NOON, SKEW, &delta).expect("every row waits for the last one");
    }
    assert_eq!(newcomer.table(), all.table());
}

fn is_dependent(row: &rumormill_crdt::Row<Key, Bytes>) -> bool {
    !row.head().dependencies.is_empty()
}

#[test]
fn a_life_that_was_superseded_never_mints_a_version_twice() {
    let address = || (Key::raw("address"), Bytes::copy_from(b"here"));
    let mut old = Replica::new(life(1, 1), Limits::DEFAULT);
    let mut new = Replica::new(life(1, 2), Limits::DEFAULT);
    for replica in [&mut old, &mut new] {
        let (key, value) = address();
        let first = replica.edit(NOON, |w| w.set(Space::SELF, key, value));
        assert_eq!(first, Ok(1));
    }
    old.join(&new);
    let (key, value) = address();
    assert_eq!(old.edit(NOON, |w| w.set(Space::SELF, key, value)), Ok(2));
    old.begin_life(life(1, 3));
    let (key, value) = address();
    assert_eq!(old.edit(NOON, |w| w.set(Space::SELF, key, value)), Ok(1));
    let ids: Vec<_> = old.table().rows().map(|row| row.id()).collect();
    assert_eq!(ids, [RowId { space: Space::SELF, life: life(1, 3) }]);
}

#[test]
fn what_nobody_could_pass_on_is_not_taken_in() {
    let generous = Limits { cell_len_max: 4_000, ..Limits::DEFAULT };
    let mut ann = Replica::new(life(1, 1), generous);
    let mut bob = Replica::new(life(2, 1), Limits::DEFAULT);
    let value = Bytes::copy_from(&[7; 3_900]);
    ann.edit(NOON, |w| w.set(Space::SHARED, Key::raw("big"), value)).expect("ann allows it");
    let delta = ann.delta_since(&VersionVector::default()).next().expect("a write is news");
    assert_eq!(bob.admit(NOON, SKEW, &delta), Err(Refused::TooLarge));
    assert!(bob.table().is_empty());
}
