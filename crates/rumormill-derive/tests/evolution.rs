//! Old and new versions of a struct side by side in one population.

use std::time::Duration;

use rumormill_crdt::{
    Bytes, Clash, Found, Key, KeyKind, Life, Limits, LwwRegister, Map, OrSet, PnCounter, Replica,
    ReplicaId, RowDelta, RowId, Space, codec,
};
use rumormill_derive::Columns;

const NOON: Duration = Duration::from_secs(43_200);

#[derive(Columns)]
struct Agent {
    skills: OrSet<String>,
    load: LwwRegister<u32>,
}

/// A replica, and what it did last.
fn replica(replica: u64) -> Replica {
    Replica::new(Life { replica: ReplicaId(replica), epoch: 1 }, Limits::DEFAULT)
}

/// Sends all that `to` lacks, as bytes. Returns how many cells travelled.
fn bring(from: &Replica, to: &mut Replica) -> usize {
    let digest = to.table().version_vector();
    let deltas: Vec<_> = from.delta_since(&digest).collect();
    for delta in &deltas {
        let bytes = codec::encode_to_vec(delta).expect("a delta can be encoded");
        let delta: RowDelta<Key, Bytes> = codec::decode(&bytes).expect("and decoded");
        to.admit(NOON, Duration::MAX, &delta).expect("and taken in");
    }
    deltas.iter().map(|delta| delta.cells().len()).sum()
}

fn clash(replica: u64, column: &str, expected: &'static [KeyKind], found: Found) -> Clash {
    let life = Life { replica: ReplicaId(replica), epoch: 1 };
    let (row, column) = (RowId { space: Space::SHARED, life }, column.to_owned());
    Clash { row, column, expected, found, cells: 1 }
}

/// An agent of the first version who has done something.
fn ann() -> Replica {
    let mut ann = replica(0xa);
    ann.edit(NOON, |writer| {
        Agent::COLUMNS.skills.insert(writer, &"search".to_owned())?;
        Agent::COLUMNS.load.set(writer, &40)
    })
    .expect("it fits");
    ann
}

#[test]
fn a_change_of_one_field_is_a_delta_of_one_cell() {
    let (mut ann, mut bob) = (ann(), replica(0xb));
    assert_eq!(bring(&ann, &mut bob), 2);
    ann.edit(NOON, |writer| Agent::COLUMNS.load.set(writer, &41)).expect("it fits");
    assert_eq!(bring(&ann, &mut bob), 1);
    assert_eq!(Agent::read(ann.table()), Agent::read(bob.table()));
}

#[test]
fn an_added_field_travels_through_members_that_do_not_know_it() {
    #[derive(Columns)]
    struct NewAgent {
        skills: OrSet<String>,
        load: LwwRegister<u32>,
        #[columns(space = "stats")]
        calls: PnCounter,
    }

    let (mut ann, mut old, mut bob) = (ann(), replica(0x0), replica(0xb));
    assert_eq!(NewAgent::read(ann.table()).calls, 0);
    ann.edit(NOON, |writer| NewAgent::COLUMNS.calls.add(writer, 3)).expect("it fits");
    bring(&ann, &mut old);
    old.edit(NOON, |writer| Agent::COLUMNS.load.set(writer, &60)).expect("it fits");
    assert_eq!(Agent::read(old.table()).load, Some(60));
    bring(&old, &mut bob);
    let read = NewAgent::read(bob.table());
    assert_eq!((read.load, read.calls), (Some(60), 3));
    assert!(read.skills.contains("search"));
    assert_eq!(Agent::clashes(bob.table()), []);
    assert_eq!(NewAgent::clashes(bob.table()), []);
}

#[test]
fn a_removed_field_stays_in_the_table_and_is_there_when_it_comes_back() {
    #[derive(Columns)]
    struct NewAgent {
        skills: OrSet<String>,
    }

    let (ann, mut new, mut bob) = (ann(), replica(0x1), replica(0xb));
    bring(&ann, &mut new);
    new.edit(NOON, |writer| NewAgent::COLUMNS.skills.remove(writer, &"search".to_owned()))
        .expect("it fits");
    bring(&new, &mut bob);
    let read = Agent::read(bob.table());
    assert_eq!((read.skills.len(), read.load), (0, Some(40)));
    assert_eq!(NewAgent::clashes(bob.table()), []);
}

#[test]
fn a_renamed_field_keeps_its_values_if_it_keeps_its_name() {
    #[derive(Columns)]
    struct NewAgent {
        #[columns(name = "load")]
        cpu_percent: LwwRegister<u32>,
        #[columns(name = "skills_v2")]
        skills: OrSet<String>,
    }

    let ann = ann();
    let read = NewAgent::read(ann.table());
    assert_eq!((read.cpu_percent, read.skills.len()), (Some(40), 0));
    assert_eq!(NewAgent::clashes(ann.table()), []);
}

#[test]
fn a_field_of_another_type_is_reported_and_never_merged() {
    #[derive(Columns)]
    struct NewAgent {
        skills: Map<String, u8>,
        load: PnCounter,
    }

    let (mut ann, mut new) = (ann(), replica(0x1));
    new.edit(NOON, |writer| {
        NewAgent::COLUMNS.skills.insert(writer, &"search".to_owned(), &5)?;
        NewAgent::COLUMNS.load.add(writer, 7)
    })
    .expect("it fits");
    bring(&new, &mut ann);
    bring(&ann, &mut new);
    let (old_read, new_read) = (Agent::read(ann.table()), NewAgent::read(ann.table()));
    assert_eq!((old_read.load, new_read.load), (Some(40), 7));
    assert_eq!((old_read.skills.len(), new_read.skills.get("search")), (1, Some(&5)));
    assert_eq!(
        NewAgent::clashes(new.table()),
        [
            clash(0xa, "skills", &[KeyKind::Field], Found::Type(KeyKind::Add)),
            clash(0xa, "load", &[KeyKind::Counter, KeyKind::Reset], Found::Type(KeyKind::Lww)),
        ]
    );
    assert_eq!(
        Agent::clashes(new.table()),
        [
            clash(0x1, "skills", &[KeyKind::Add], Found::Type(KeyKind::Field)),
            clash(0x1, "load", &[KeyKind::Lww], Found::Type(KeyKind::Counter)),
        ]
    );
}

#[test]
fn a_field_of_another_element_type_is_reported_and_not_read() {
    #[derive(Columns)]
    struct NewAgent {
        load: LwwRegister<String>,
    }

    let (mut ann, mut new) = (ann(), replica(0x1));
    new.edit(NOON + NOON, |writer| NewAgent::COLUMNS.load.set(writer, &"high".to_owned()))
        .expect("it fits");
    bring(&new, &mut ann);
    assert_eq!(Agent::read(ann.table()).load, Some(40), "the later write is no number");
    let expected = &[KeyKind::Lww];
    let found = Found::Elements(KeyKind::Lww);
    assert_eq!(Agent::clashes(ann.table()), [clash(0x1, "load", expected, found)]);
    assert_eq!(NewAgent::read(ann.table()).load.as_deref(), Some("high"));
    assert_eq!(NewAgent::clashes(ann.table()), [clash(0xa, "load", expected, found)]);
}

#[test]
fn cells_of_kinds_of_later_releases_are_kept_and_passed_on() {
    let (mut ann, mut old, mut bob) = (ann(), replica(0x0), replica(0xb));
    let key: Key = codec::decode(&[6, 200, 4, b'l', b'o', b'a', b'd']).expect("a key is bytes");
    ann.edit(NOON, |writer| writer.set(Space::SHARED, key.clone(), Bytes::copy_from(b"?")))
        .expect("it fits");
    bring(&ann, &mut old);
    bring(&old, &mut bob);
    let row = bob.table().rows().next().expect("ann's row came");
    assert_eq!(row.get(&key), Some(&Bytes::copy_from(b"?")));
    assert_eq!(Agent::clashes(bob.table()), [], "what it means, and of which column, is not known");
    assert_eq!(Agent::read(bob.table()), Agent::read(ann.table()));
}
