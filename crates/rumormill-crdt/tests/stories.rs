//! Histories worth telling: each is one way in which an earlier design, or another system, went
//! wrong.

use std::time::Duration;

use rumormill_crdt::{
    Admission, Bytes, Column, DeltaParts, Key, Life, Limits, MvRegister, OrSet, PnCounter,
    Progress, Refused, Replica, ReplicaId, RowDelta, RowId, Space, Table, Timestamp, Version,
    VersionVector, VvMap, codec,
};

const NOON: Duration = Duration::from_secs(43_200);
const SET: Column<OrSet<char>> = Column::new(Space::SHARED, "set");

fn life(name: char) -> Life {
    Life { replica: ReplicaId(name.into()), epoch: 1 }
}

fn row_of(name: char) -> RowId {
    RowId { space: Space::SHARED, life: life(name) }
}

fn table(name: char) -> VvMap<&'static str, u32> {
    VvMap::new(life(name), Limits::DEFAULT)
}

fn replica(name: char) -> Replica {
    Replica::new(life(name), Limits::DEFAULT)
}

fn insert(replica: &mut Replica, element: char) {
    replica.edit(NOON, |writer| SET.insert(writer, &element)).expect("an element fits");
}

fn remove(replica: &mut Replica, element: char) {
    let was_there = replica.edit(NOON, |writer| SET.remove(writer, &element));
    assert_eq!(was_there, Ok(true), "only what is there is removed here");
}

/// Sends one row, whole, and says what became of it.
fn send(from: &Replica, to: &mut Replica, row: char) -> Admission {
    let version = to.table().version(row_of(row));
    let row = from.table().row(row_of(row)).expect("a sender holds what it sends");
    let delta = row.delta_since(version, usize::MAX).expect("there is news");
    to.admit(NOON, Duration::ZERO, &delta).expect("an honest row is taken")
}

fn collect(replica: &mut Replica) -> bool {
    let rows: Vec<RowId> = replica.table().rows().map(|row| row.id()).collect();
    replica.collect(rows)
}

fn contains(replica: &Replica, element: char) -> bool {
    SET.contains(replica.table(), &element)
}

/// The part of `from`'s row of ann in `(after, to]`.
fn piece(
    from: &VvMap<&'static str, u32>,
    after: Version,
    to: Version,
) -> RowDelta<&'static str, u32> {
    let row = from.row(row_of('a')).expect("the sender holds the row");
    let whole = row.delta_since(0, usize::MAX).expect("there is news");
    let mut parts: DeltaParts<_, _> = whole.into_parts();
    parts.cells.retain(|cell| after < cell.version && cell.version <= to);
    RowDelta::new(DeltaParts { from: after, to, ..parts }).expect("a part of a row is a delta")
}

/// Ann sets k, erases it and forgets that she did; `x` was there before and stays.
fn ann_who_forgot() -> VvMap<&'static str, u32> {
    let mut ann = table('a');
    let mut row = ann.write(Space::SHARED, Timestamp(1));
    row.set("x", 1);
    row.set("k", 2);
    row.erase(&"k");
    assert!(row.forget(3));
    ann
}

#[test]
fn a_newcomer_gets_a_row_that_forgot() {
    let (ann, mut bob) = (ann_who_forgot(), table('b'));
    let delta = ann.delta_since(&bob.version_vector()).next().expect("there is news");
    assert_eq!(bob.admit(&delta).map(|it| it.progress), Ok(Progress::Visible));
    assert_eq!(bob, ann);
}

#[test]
fn a_newcomer_gets_a_row_that_forgot_piece_by_piece() {
    let (mut ann, mut bob) = (table('a'), table('b'));
    for key in ["p", "q", "r", "s", "t", "u", "k"] {
        ann.write(Space::SHARED, Timestamp(1)).set(key, 0);
    }
    ann.write(Space::SHARED, Timestamp(1)).erase(&"k");
    ann.write(Space::SHARED, Timestamp(1)).forget(8);
    let row = ann.row(row_of('a')).expect("ann wrote");
    let whole = row.delta_since(0, usize::MAX).expect("there is news");
    let len_max = codec::encoded_len(&whole) - 8;
    let mut pieces = 0;
    while let Some(delta) = row.delta_since(bob.wanted_from(row.id()), len_max) {
        bob.admit(&delta).expect("what bob asked for fits");
        pieces += 1;
        assert!(pieces <= row.version(), "each piece brings bob further");
    }
    assert_eq!(bob, ann);
    assert!(pieces > 1);
}

#[test]
fn a_copy_below_the_floor_gets_the_row_piece_by_piece() {
    let (ann, mut bob) = (ann_who_forgot(), table('b'));
    let mut young = table('a');
    young.write(Space::SHARED, Timestamp(1)).set("x", 1);
    bob.admit(&piece(&young, 0, 1)).expect("a whole row is taken");
    assert_eq!(
        bob.admit(&piece(&ann, 0, 1)).map(|it| it.progress),
        Ok(Progress::Staged { covered: 1 }),
        "bob's own version 1 is no start for what follows: it is below the floor"
    );
    bob.admit(&piece(&ann, 1, 4)).expect("the rest continues the staging");
    assert_eq!(bob, ann);
}

/// chitchat takes a delta from a sender that has not forgotten into a copy that is being reset to
/// a state in which its owner had: what the owner erased and forgot comes back, for good.
#[test]
fn an_old_sender_cannot_fill_a_hole_that_was_forgotten() {
    let (ann, mut bob, mut cay) = (ann_who_forgot(), table('b'), table('c'));
    let mut young = table('a');
    young.write(Space::SHARED, Timestamp(1)).set("x", 1);
    young.write(Space::SHARED, Timestamp(1)).set("k", 2);
    bob.join(&young);

    let staged = cay.admit(&piece(&ann, 0, 1)).map(|it| it.progress);
    assert_eq!(staged, Ok(Progress::Staged { covered: 1 }));
    assert_eq!(cay.admit(&piece(&bob, 1, 2)), Err(Refused::OldFloor));
    cay.admit(&piece(&ann, 1, 4)).expect("ann's own piece fits");
    assert_eq!(cay, ann);
}

#[test]
fn a_row_that_keeps_changing_arrives_if_pieces_come_faster_than_writes() {
    let (mut ann, mut bob) = (table('a'), table('b'));
    let keys = ["p", "q", "r", "s", "t", "u"];
    for key in keys {
        ann.write(Space::SHARED, Timestamp(1)).set(key, 0);
    }
    let mut rounds = 0;
    while bob.version(row_of('a')) < ann.version(row_of('a')) {
        ann.write(Space::SHARED, Timestamp(1)).set(keys[rounds % keys.len()], 1);
        let now = ann.version(row_of('a'));
        let at = 2 * u64::try_from(rounds).expect("a small number");
        bob.admit(&piece(&ann, at, now.min(at + 2))).expect("pieces in order fit");
        rounds += 1;
        assert!(rounds < 10, "six cells and as many writes take six pieces of two versions");
    }
    assert_eq!(bob, ann);
}

/// The trace that broke a design without dependencies: bob drops his kill when ann has obeyed it,
/// and cay hears that from bob before she hears from ann.
#[test]
fn what_was_removed_stays_removed_when_the_kill_is_gone() {
    let (mut ann, mut bob, mut cay) = (replica('a'), replica('b'), replica('c'));
    insert(&mut ann, 'T');
    bob.join(&ann);
    cay.join(&ann);
    remove(&mut bob, 'T');
    send(&bob, &mut cay, 'b');
    assert!(!contains(&cay, 'T'), "cay knows of the kill");
    send(&bob, &mut ann, 'b');
    assert!(collect(&mut ann), "ann obeys");
    send(&ann, &mut bob, 'a');
    assert!(collect(&mut bob), "bob drops the kill");

    assert_eq!(send(&bob, &mut cay, 'b').progress, Progress::Waiting);
    assert!(!contains(&cay, 'T'), "cay does not lose the kill before she has lost the insert");
    assert_eq!(send(&ann, &mut cay, 'a').grown.len(), 2, "now she loses both");
    assert!(!contains(&cay, 'T'));
    assert_eq!(cay.table(), bob.table());
}

#[test]
fn rows_that_depend_on_each_other_are_shown_as_one() {
    let (mut ann, mut bob, mut cay) = (replica('a'), replica('b'), replica('c'));
    insert(&mut ann, 'A');
    insert(&mut bob, 'B');
    ann.join(&bob);
    bob.join(&ann);
    cay.join(&ann);
    remove(&mut ann, 'B');
    remove(&mut bob, 'A');
    for _ in 0..2 {
        ann.join(&bob);
        bob.join(&ann);
        collect(&mut ann);
        collect(&mut bob);
    }
    let depends = |replica: &Replica, on| {
        let row = replica.table().row(RowId { space: Space::SHARED, life: replica.table().life() });
        row.is_some_and(|row| row.head().dependencies.contains_key(&row_of(on)))
    };
    assert!(depends(&ann, 'b') && depends(&bob, 'a'), "each collected a kill of the other's");

    assert_eq!(send(&ann, &mut cay, 'a').progress, Progress::Waiting);
    assert_eq!(SET.read(cay.table()).len(), 2, "cay shows what she showed");
    assert_eq!(cay.table().missing_dependencies(row_of('a')).count(), 1);
    assert_eq!(send(&bob, &mut cay, 'b').grown.len(), 2);
    assert!(SET.read(cay.table()).is_empty());
}

#[test]
fn an_insert_made_again_survives_the_removal_of_the_first() {
    let (mut ann, mut bob) = (replica('a'), replica('b'));
    insert(&mut ann, 'T');
    bob.join(&ann);
    remove(&mut bob, 'T');
    insert(&mut ann, 'T');
    ann.join(&bob);
    collect(&mut ann);
    bob.join(&ann);
    collect(&mut bob);
    ann.join(&bob);
    assert!(contains(&ann, 'T') && contains(&bob, 'T'));
}

#[test]
fn three_restarts_in_a_row_keep_a_counter_exact() {
    let mut bob = PnCounter::new(life('b'));
    for epoch in 1..=4 {
        let mut ann = PnCounter::new(Life { replica: ReplicaId('a'.into()), epoch });
        ann.add(10).expect("there is room");
        bob.join(&ann);
        ann.add(-3).expect("there is room");
        bob.join(&ann);
        bob.join(&ann);
    }
    assert_eq!(bob.read(), 28);
}

#[test]
fn a_register_written_after_a_blind_restart_keeps_its_stamp() {
    let mut ann = replica('a');
    let word = Column::<rumormill_crdt::LwwRegister<u8>>::new(Space::SHARED, "word");
    ann.edit(NOON, |writer| word.set(writer, &1)).expect("a value fits");
    let mut again = Replica::new(Life { epoch: 2, ..life('a') }, Limits::DEFAULT);
    let earlier = NOON - Duration::from_secs(1);
    again.edit(earlier, |writer| word.set(writer, &2)).expect("a value fits");
    again.join(&ann);
    assert_eq!(word.read(again.table()), Some(1), "the wall clock had gone back");
    again.edit(earlier, |writer| word.set(writer, &3)).expect("a value fits");
    assert_eq!(word.read(again.table()), Some(3), "what was heard moved the clock on (I10)");
}

#[test]
fn sets_of_one_space_do_not_mix() {
    let other = Column::<OrSet<char>>::new(Space::SHARED, "set2");
    let mut ann = replica('a');
    insert(&mut ann, 'T');
    ann.edit(NOON, |writer| other.insert(writer, &'U')).expect("an element fits");
    remove(&mut ann, 'T');
    assert!(SET.read(ann.table()).is_empty());
    assert_eq!(other.read(ann.table()).len(), 1);
}

#[test]
fn two_writers_in_one_life_are_noticed() {
    let (mut ann, mut twin, mut bob) = (table('a'), table('a'), table('b'));
    ann.write(Space::SHARED, Timestamp(1)).set("k", 1);
    twin.write(Space::SHARED, Timestamp(1)).set("k", 2);
    bob.admit(&piece(&ann, 0, 1)).expect("the first is believed");
    assert_eq!(bob.admit(&piece(&twin, 0, 1)), Err(Refused::Hash));
    twin.write(Space::SHARED, Timestamp(1)).set("l", 3);
    assert_eq!(bob.admit(&piece(&twin, 1, 2)), Err(Refused::Hash));
    assert_eq!(ann.admit(&piece(&twin, 1, 2)), Err(Refused::OwnRow));
    assert_eq!(bob, ann, "refusals changed nothing");
}

#[test]
fn only_the_newest_life_counts_where_a_replica_speaks_of_itself() {
    let say = |epoch: u64| {
        let mut ann = Table::new(Life { epoch, ..life('a') }, Limits::DEFAULT);
        ann.write(Space::SELF, Timestamp(1)).set(Key::raw("k"), Bytes::default());
        ann
    };
    let (first, second, mut bob) = (say(1), say(2), Table::new(life('b'), Limits::DEFAULT));
    let delta = first.delta_since(&bob.version_vector()).next().expect("there is news");
    bob.join(&first);
    bob.join(&second);
    assert_eq!(bob.version_vector(), second.version_vector());
    assert_eq!(bob.admit(&delta), Err(Refused::OldLife));
    assert_eq!(bob.fingerprint(), second.fingerprint());
}

#[test]
fn an_ended_life_that_arrived_in_part_makes_room_for_the_next() {
    let say = |epoch: u64| {
        let mut ann = VvMap::new(Life { epoch, ..life('a') }, Limits::DEFAULT);
        ann.write(Space::SELF, Timestamp(1)).set("p", 1);
        ann.write(Space::SELF, Timestamp(1)).set("q", 2);
        ann.delta_since(&VersionVector::default()).next().expect("ann wrote")
    };
    let mut parts = say(1).into_parts();
    parts.cells.truncate(1);
    let part = RowDelta::new(DeltaParts { to: 1, ..parts }).expect("a part of a row is a delta");
    let mut bob = table('b');
    bob.admit(&part).expect("nothing newer is known");
    bob.admit(&say(2)).expect("a whole row is taken");
    assert_eq!(bob.staged().count(), 0, "a row that would be refused is not waited for");
}

/// Ann's row depends on bob's first life, which nobody holds any more since only the newest
/// counts, and bob's second life depends on ann's row.
#[test]
fn a_newcomer_gets_rows_that_depend_on_an_ended_life_and_on_each_other() {
    let own = Column::<OrSet<char>>::new(Space::SELF, "own");
    let of = |life| RowId { space: Space::SELF, life };
    let second = Life { epoch: 2, ..life('b') };
    let (mut ann, mut bob) = (replica('a'), replica('b'));
    ann.edit(NOON, |writer| own.insert(writer, &'A')).expect("an element fits");
    bob.edit(NOON, |writer| own.insert(writer, &'B')).expect("an element fits");
    ann.join(&bob);
    ann.edit(NOON, |writer| own.remove(writer, &'B')).expect("there is room");
    bob.join(&ann);
    bob.collect([of(life('a'))]);
    ann.join(&bob);
    assert!(ann.collect([of(life('b'))]), "ann depends on bob's first life");

    let mut bob = Replica::new(second, Limits::DEFAULT);
    bob.join(&ann);
    bob.edit(NOON, |writer| own.remove(writer, &'A')).expect("there is room");
    ann.join(&bob);
    ann.collect([of(second)]);
    bob.join(&ann);
    assert!(bob.collect([of(life('a'))]), "bob's second life depends on ann");
    ann.join(&bob);

    let mut cay = replica('c');
    for delta in ann.delta_since(&VersionVector::default()) {
        cay.admit(NOON, Duration::ZERO, &delta).expect("honest rows are taken");
    }
    assert_eq!(cay.table(), ann.table());
}

/// Ann's write replaced cay's, which had replaced bob's. Dan hears of ann's and bob's only.
#[test]
fn what_was_replaced_stays_replaced_where_the_write_between_is_not_heard_of() {
    let values = Column::<MvRegister<u8>>::new(Space::SHARED, "values");
    let set = |replica: &mut Replica, value| {
        replica.edit(NOON, |writer| values.set(writer, &value)).expect("a value fits");
    };
    let (mut ann, mut bob, mut cay) = (replica('a'), replica('b'), replica('c'));
    set(&mut bob, 1);
    send(&bob, &mut cay, 'b');
    set(&mut cay, 2);
    send(&cay, &mut ann, 'c');
    set(&mut ann, 3);
    let mut dan = replica('d');
    send(&ann, &mut dan, 'a');
    send(&bob, &mut dan, 'b');
    assert_eq!(values.read(dan.table()), [3]);
}
