//! What is refused: too much, too long, too far ahead, or not bytes of ours (I10, I11).

use std::time::Duration;

use rumormill_crdt::{
    Bytes, ClockAhead, Column, DeltaParts, Dependency, Head, Key, Life, Limits, LwwRegister, OrSet,
    PnCounter, Refused, Replica, ReplicaId, RowDelta, RowId, Space, Table, Timestamp,
    VersionVector, VvMap, WholeRow, WriteError, codec,
};

const NOON: Duration = Duration::from_secs(43_200);
const SECOND: Duration = Duration::from_secs(1);
const SET: Column<OrSet<String>> = Column::new(Space::SHARED, "set");
const COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "counter");
const REGISTER: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "register");

fn life(replica: u64) -> Life {
    Life { replica: ReplicaId(replica), epoch: 1 }
}

/// A piece of a row of three writes: the first.
fn first_piece(owner: u64) -> RowDelta<&'static str, u32> {
    let mut table = VvMap::new(life(owner), Limits::DEFAULT);
    for key in ["p", "q", "r"] {
        table.write(Space::SHARED, Timestamp(1)).set(key, 0);
    }
    let delta = table.delta_since(&VersionVector::default()).next().expect("there is news");
    let mut parts = delta.into_parts();
    parts.cells.truncate(1);
    RowDelta::new(DeltaParts { to: 1, ..parts }).expect("a part of a row is a delta")
}

fn whole(owner: u64) -> RowDelta<&'static str, u32> {
    let mut table = VvMap::new(life(owner), Limits::DEFAULT);
    table.write(Space::SHARED, Timestamp(1)).set("p", 0);
    table.delta_since(&VersionVector::default()).next().expect("there is news")
}

fn replica(limits: Limits) -> Replica {
    Replica::new(life(1), limits)
}

#[test]
fn only_so_many_rows_are_staged() {
    let limits = Limits { stagings_max: 2, ..Limits::DEFAULT };
    let mut table = VvMap::new(life(1), limits);
    assert!(table.admit(&first_piece(2)).is_ok());
    assert!(table.admit(&first_piece(3)).is_ok());
    assert_eq!(table.admit(&first_piece(4)), Err(Refused::StagingFull));
    table.drop_staging(first_piece(2).id());
    assert!(table.admit(&first_piece(4)).is_ok());
    assert!(table.admit(&whole(5)).is_ok(), "whole rows need no staging");
}

#[test]
fn only_so_many_cells_are_staged() {
    let limits = Limits { staged_cells_max: 2, ..Limits::DEFAULT };
    let mut table = VvMap::new(life(1), limits);
    assert!(table.admit(&first_piece(2)).is_ok());
    assert!(table.admit(&first_piece(3)).is_ok());
    assert_eq!(table.admit(&first_piece(4)), Err(Refused::StagingFull));
    table.drop_staging(first_piece(2).id());
    assert!(table.admit(&first_piece(4)).is_ok(), "what was dropped counts no more");
}

#[test]
fn only_so_many_rows_are_held() {
    let limits = Limits { rows_max: 1, ..Limits::DEFAULT };
    let mut table = VvMap::new(life(1), limits);
    assert!(table.admit(&whole(2)).is_ok());
    assert_eq!(table.admit(&whole(3)), Err(Refused::TableFull));
    assert_eq!(table.len(), 1);
}

#[test]
fn a_head_depends_on_only_so_many_rows() {
    let limits = Limits { dependencies_max: 1, ..Limits::DEFAULT };
    let mut table = VvMap::new(life(1), limits);
    let mut parts = whole(2).into_parts();
    for on in [3, 4] {
        let row = RowId { space: Space::SHARED, life: life(on) };
        parts.head.dependencies.insert(row, Dependency { version: 1, timestamp: Timestamp(1) });
    }
    let delta = RowDelta::new(parts).expect("dependencies on others are sound");
    assert_eq!(table.admit(&delta), Err(Refused::TooManyDependencies));
    assert!(table.is_empty() && table.staged().count() == 0);
}

#[test]
fn a_kill_is_kept_when_its_dependency_would_be_one_too_many() {
    let mut ann = replica(Limits { dependencies_max: 1, ..Limits::DEFAULT });
    for other in [2, 3] {
        let mut bob = Replica::new(life(other), Limits::DEFAULT);
        let name = other.to_string();
        bob.edit(NOON, |writer| SET.insert(writer, &name)).expect("a digit fits");
        ann.join(&bob);
        ann.edit(NOON, |writer| SET.remove(writer, &name)).expect("there is room");
        bob.join(&ann);
        assert!(bob.collect([RowId { space: Space::SHARED, life: life(1) }]));
        ann.join(&bob);
    }
    let others = [2, 3].map(|other| RowId { space: Space::SHARED, life: life(other) });
    assert!(ann.collect(others));
    assert!(!ann.collect(others), "the second kill stays");
    let row = ann.table().row(RowId { space: Space::SHARED, life: life(1) });
    assert_eq!(row.map(|row| row.head().dependencies.len()), Some(1));
    assert_eq!(row.map(|row| row.len() - row.tombstones()), Some(1));
}

#[test]
fn what_could_never_travel_is_refused_at_write_time() {
    let mut ann = replica(Limits { cell_len_max: 40, cells_max: 1, ..Limits::DEFAULT });
    let long = "x".repeat(40);
    let refused = ann.edit(NOON, |writer| SET.insert(writer, &long));
    assert!(matches!(refused, Err(WriteError::CellTooLong { len: 46, len_max: 40 })));
    assert!(ann.table().is_empty(), "a refused write takes no version");

    ann.edit(NOON, |writer| COUNTER.add(writer, 1)).expect("one cell is allowed");
    let full = Err(WriteError::RowFull { cells_max: 1 });
    assert_eq!(ann.edit(NOON, |writer| REGISTER.set(writer, &1)), full);
    assert_eq!(ann.edit(NOON, |writer| COUNTER.add(writer, 1)), Ok(()), "no new cell");

    for _ in 0..2 {
        ann.edit(NOON, |writer| COUNTER.add(writer, i64::MAX - 1)).expect("2^64 - 2 in all");
    }
    assert_eq!(ann.edit(NOON, |writer| COUNTER.add(writer, 2)), Err(WriteError::CounterFull));
    assert_eq!(COUNTER.read(ann.table()), i128::from(u64::MAX) - 1);
}

#[test]
fn a_row_in_pieces_counts_as_far_as_it_has_come() {
    let mut eve = VvMap::new(life(2), Limits::DEFAULT);
    for key in 0..40u32 {
        eve.write(Space::SHARED, Timestamp(1)).set(key, 0);
    }
    let row = eve.rows().next().expect("it was written");
    let mut ann = VvMap::new(life(1), Limits { origin_cells_max: 20, ..Limits::DEFAULT });
    let refused = (0..40).step_by(10).map(|from| {
        let mut parts = row.delta_since(from, usize::MAX).expect("there is more").into_parts();
        parts.cells.truncate(10);
        let piece = RowDelta::new(DeltaParts { to: from + 10, ..parts }).expect("a piece");
        ann.admit(&piece).err()
    });
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused[..2], [None, None]);
    assert_eq!(refused[2], Some(Refused::OverQuota));
    assert_eq!(ann.staged_cells(row.id()).count(), 20);
}

#[test]
fn what_is_more_than_a_replica_may_have_is_refused_at_write_time() {
    let limits = Limits { origin_cells_max: 3, origin_rows_max: 2, ..Limits::DEFAULT };
    let mut ann = replica(limits);
    let mut set = |space: Space, key| {
        ann.edit(NOON, |writer| writer.set(space, Key::raw(key), Bytes::default())).map(drop)
    };
    let full = |rows, cells| Err(WriteError::QuotaFull { rows, cells });
    assert_eq!(set(Space::SHARED, "a"), Ok(()));
    assert_eq!(set(Space::STATS, "a"), Ok(()));
    assert_eq!(set(Space(70), "a"), full(2, 2));
    assert_eq!(set(Space::STATS, "b"), Ok(()));
    assert_eq!(set(Space::STATS, "c"), full(2, 3));
    assert_eq!(set(Space::STATS, "b"), Ok(()), "what is there is written over");
    assert_eq!(set(Space::SELF, "a"), Ok(()), "who it is it may say");
}

#[test]
fn a_clock_too_far_ahead_is_refused_and_changes_nothing() {
    let (mut ann, mut bob) = (replica(Limits::DEFAULT), Replica::new(life(2), Limits::DEFAULT));
    ann.edit(NOON + 2 * SECOND, |writer| REGISTER.set(writer, &1)).expect("a value fits");
    let delta = ann.delta_since(&VersionVector::default()).next().expect("there is news");
    let refused = Refused::Clock(ClockAhead { by: 2 * SECOND });
    assert_eq!(bob.admit(NOON, SECOND, &delta), Err(refused));
    assert_eq!(bob.last_timestamp(), Timestamp::default());
    assert!(bob.table().is_empty() && bob.table().staged().count() == 0);
    assert!(bob.admit(NOON + SECOND, SECOND, &delta).is_ok(), "one second is allowed");
    assert_eq!(bob.last_timestamp(), ann.last_timestamp());
}

#[test]
fn a_cell_stamped_after_its_head_is_refused() {
    let (mut ann, mut bob) = (replica(Limits::DEFAULT), Replica::new(life(2), Limits::DEFAULT));
    ann.edit(NOON, |writer| REGISTER.set(writer, &1)).expect("a value fits");
    let delta = ann.delta_since(&VersionVector::default()).next().expect("there is news");
    let parts = delta.into_parts();
    let head = Head { timestamp: Timestamp(1), ..parts.head };
    let delta = RowDelta::new(DeltaParts { head, ..parts }).expect("times are not a delta's rule");
    assert_eq!(bob.admit(NOON, SECOND, &delta), Err(Refused::CellAfterHead));
    assert!(bob.table().is_empty());
}

/// A count in the bytes never decides how much is allocated: postcard reserves room for no more
/// elements than bytes are left.
#[test]
fn huge_counts_are_malformed() {
    let mut delta = codec::encode_to_vec(&whole(2)).expect("a delta can be encoded");
    let count = delta.len() - codec::encoded_len(&(1u64, "p", Some(0u32))) - 1;
    assert_eq!(delta[count], 1, "one cell");
    delta.splice(count..=count, [0xff; 9].into_iter().chain([1]));
    assert!(codec::decode::<RowDelta<&str, u32>>(&delta).is_err());

    let mut row = Table::new(life(2), Limits::DEFAULT);
    row.write(Space::SHARED, Timestamp(1)).set(Key::raw("p"), Bytes::default());
    let delta = row.delta_since(&VersionVector::default()).next().expect("there is news");
    let bytes = codec::encode_to_vec(&delta).expect("a delta can be encoded");
    for len in 0..bytes.len() {
        let short = codec::decode::<RowDelta<Key, Bytes>>(&bytes[..len]);
        assert!(short.is_err(), "{len} of {} bytes", bytes.len());
        assert!(RowDelta::decode(&bytes[..len]).is_err(), "{len} of {} bytes", bytes.len());
    }
}

/// Many cells of a few bytes stay as they came until somebody looks at them; nobody can tell.
#[test]
fn short_cells_are_read_like_any_others() {
    let mut row = Table::new(life(2), Limits::DEFAULT);
    for number in 0..200 {
        let key = Key::raw(&format!("{number:x}"));
        row.write(Space::SHARED, Timestamp(1)).set(key, Bytes::default());
    }
    let delta = row.delta_since(&VersionVector::default()).next().expect("there is news");
    let bytes = codec::encode_to_vec(&delta).expect("a delta can be encoded");
    let decoded = RowDelta::decode(&bytes).expect("it was encoded");
    assert_eq!(decoded.clone().into_parts(), delta.clone().into_parts());
    assert_eq!((decoded.cells(), decoded.clone().cells()), (delta.cells(), delta.cells()));
    assert_eq!(codec::encode_to_vec(&decoded).as_ref(), Ok(&bytes));
    let mut holder = Table::new(life(3), Limits::DEFAULT);
    holder.admit(&decoded).expect("it is whole");
    assert_eq!(holder, row);
    for len in 0..bytes.len() {
        assert!(RowDelta::decode(&bytes[..len]).is_err(), "{len} of {} bytes", bytes.len());
    }
    let twice = [&bytes[..], &bytes].concat();
    assert!(RowDelta::decode(&twice).is_err(), "more than one");
    let whole = WholeRow::new(delta).expect("it is whole");
    let bytes = codec::encode_to_vec(&whole).expect("a row can be encoded");
    assert_eq!(WholeRow::decode(&bytes), Ok(whole));
}

#[test]
fn a_delta_keeps_to_its_budget_or_is_not_made() {
    let mut ann = replica(Limits::DEFAULT);
    for number in 0..20 {
        let element = number.to_string();
        ann.edit(NOON, |writer| SET.insert(writer, &element)).expect("a number fits");
    }
    let row = ann.table().rows().next().expect("ann wrote");
    for len_max in 0..300 {
        let Some(delta) = row.delta_since(7, len_max) else { continue };
        assert!(codec::encoded_len(&delta) <= len_max);
        assert!(delta.to() > 7, "a piece brings its receiver further");
    }
    assert!(row.delta_since(7, 40).is_none() && row.delta_since(7, 300).is_some());
}

#[test]
fn parts_that_are_no_delta_are_malformed() {
    let parts = || whole(2).into_parts();
    let cell = || parts().cells.remove(0);
    let spoiled = [
        DeltaParts { from: 1, ..parts() },
        DeltaParts { to: 2, ..parts() },
        DeltaParts { head: Head { version: 0, ..parts().head }, ..parts() },
        DeltaParts { head: Head { floor: 2, ..parts().head }, ..parts() },
        DeltaParts { head: Head { recent: 0, ..parts().head }, ..parts() },
        DeltaParts { head: Head { recent: 2, ..parts().head }, ..parts() },
        DeltaParts { cells: vec![cell(), cell()], ..parts() },
    ];
    for parts in spoiled {
        assert!(RowDelta::new(parts.clone()).is_err(), "{parts:?}");
        let bytes = codec::encode_to_vec(&parts).expect("parts can be encoded");
        assert!(codec::decode::<RowDelta<&str, u32>>(&bytes).is_err(), "{parts:?}");
    }
}
