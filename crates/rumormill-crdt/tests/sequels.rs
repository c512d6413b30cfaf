//! Sequels: whoever holds what goes before one makes of it the delta it was made of, and nobody makes
//! anything else.

use std::{collections::BTreeMap, time::Duration};

use proptest::{collection::vec, prelude::*};
use rumormill_crdt::{
    Bytes, Column, Key, Life, Limits, LwwRegister, Map, OrSet, PnCounter, Replica, ReplicaId, Row,
    RowId, Sequel, Signature, Space, Unfit, Version, codec, codec::Reader,
};

const NOON: Duration = Duration::from_secs(43_200);
const SET: Column<OrSet<u16>> = Column::new(Space::SHARED, "set");
const COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "calls");
const REGISTER: Column<LwwRegister<u16>> = Column::new(Space::SHARED, "load");
const MAP: Column<Map<u8, u16>> = Column::new(Space::SHARED, "skills");

/// What a life is called that everybody knows.
fn name(life: Life) -> Option<[u8; 4]> {
    Some([9, 9, 9, u8::try_from(life.replica.0).ok()?])
}

fn named([.., replica]: [u8; 4]) -> Option<Life> {
    Some(life(replica.into()))
}

const fn life(replica: u64) -> Life {
    Life { replica: ReplicaId(replica), epoch: 1 }
}

const ANN: RowId = RowId { space: Space::SHARED, life: life(1) };

#[derive(Clone, Copy, Debug)]
enum Edit {
    Insert(u16),
    Remove(u16),
    Count,
    Set(u16),
    Field(u8),
    Raw(u8, usize),
    Erase(u8),
    Forget,
    /// Somebody else inserts what this removes.
    RemoveOfBob(u16),
    /// Bob hears of all, erases what was removed, and is heard.
    Collect,
    Pause(u32),
    Tell,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        4 => (0..40u16).prop_map(Edit::Insert),
        2 => (0..40u16).prop_map(Edit::Remove),
        4 => Just(Edit::Count),
        3 => any::<u16>().prop_map(Edit::Set),
        3 => (0..5u8).prop_map(Edit::Field),
        3 => (0..30u8, 0..40usize).prop_map(|(key, len)| Edit::Raw(key, len)),
        2 => (0..30u8).prop_map(Edit::Erase),
        1 => Just(Edit::Forget),
        2 => (0..40u16).prop_map(Edit::RemoveOfBob),
        1 => Just(Edit::Collect),
        4 => prop_oneof![0..3u32, 0..2_000u32, 0..100_000_000u32].prop_map(Edit::Pause),
        6 => Just(Edit::Tell),
    ];
    vec(edit, 1..60)
}

struct World {
    ann: Replica,
    bob: Replica,
    now: Duration,
    /// Ann's row as it was at each version she showed.
    past: BTreeMap<Version, Row<Key, Bytes>>,
}

impl World {
    fn new() -> Self {
        let [ann, bob] = [1, 2].map(|replica| Replica::new(life(replica), Limits::DEFAULT));
        Self { ann, bob, now: NOON, past: BTreeMap::new() }
    }

    fn row(&self) -> Option<&Row<Key, Bytes>> {
        self.ann.table().row(ANN).map(|row| &**row)
    }

    fn edit(&mut self, edit: Edit) {
        let raw = |key: u8| Key::raw(&format!("key {key} {}", "x".repeat(usize::from(key))));
        let Self { ann, bob, now, .. } = self;
        let mut write = |edit: &mut dyn FnMut(&mut rumormill_crdt::Writer<'_>)| {
            ann.edit(*now, |w| edit(w));
        };
        match edit {
            Edit::Insert(element) => write(&mut |w| assert!(SET.insert(w, &element).is_ok())),
            Edit::Remove(element) => write(&mut |w| assert!(SET.remove(w, &element).is_ok())),
            Edit::Count => write(&mut |w| assert!(COUNTER.add(w, 1).is_ok())),
            Edit::Set(value) => write(&mut |w| assert!(REGISTER.set(w, &value).is_ok())),
            Edit::Field(key) => write(&mut |w| assert!(MAP.insert(w, &key, &7).is_ok())),
            Edit::Raw(key, len) => write(&mut |w| {
                let value = Bytes::copy_from(&[5; 40][..len]);
                w.set(Space::SHARED, raw(key), value).expect("it fits");
            }),
            Edit::Erase(key) => write(&mut |w| _ = w.erase(Space::SHARED, &raw(key))),
            Edit::Forget => {
                let version = ann.table().version(ANN);
                ann.forget(Space::SHARED, version / 2);
            }
            Edit::RemoveOfBob(element) => {
                bob.edit(*now, |w| SET.insert(w, &element)).expect("it fits");
                ann.join(bob);
                ann.edit(*now, |w| SET.remove(w, &element)).expect("it fits");
            }
            Edit::Collect => {
                bob.join(ann);
                let rows: Vec<RowId> = bob.table().rows().map(|row| row.id()).collect();
                bob.collect(rows.iter().copied());
                ann.join(bob);
                ann.collect(rows);
            }
            Edit::Pause(millis) => *now += Duration::from_millis(millis.into()),
            Edit::Tell => ann.mark_told(ANN),
        }
        if let Some(row) = self.row().cloned() {
            self.past.insert(row.version(), row);
        }
    }
}

proptest! {
    #[test]
    fn whoever_holds_what_goes_before_makes_the_same_delta(edits in edits(), signed: bool) {
        let mut world = World::new();
        for edit in edits {
            world.edit(edit);
            if signed && world.row().is_some() {
                world.ann.sign(Space::SHARED, Signature::from_bytes([9; Signature::LEN]));
            }
            let Some(row) = world.row() else { continue };
            for (from, _) in world.past.range(..row.version()) {
                check(row, *from, &world.past)?;
            }
        }
    }
}

/// The sequel of a row from a version, seen by all who held the row at some time.
fn check(
    row: &Row<Key, Bytes>,
    from: Version,
    past: &BTreeMap<Version, Row<Key, Bytes>>,
) -> Result<(), TestCaseError> {
    let Some(delta) = row.delta_since(from, usize::MAX) else { return Ok(()) };
    let sequel = row.sequel(&delta, 2, name);
    prop_assert_eq!(sequel.is_some(), delta.from() > 0);
    let Some(sequel) = sequel else { return Ok(()) };
    let bytes = codec::encode_to_vec(&sequel).expect("a known length");
    let mut reader = Reader::new(&bytes);
    let read = Sequel::read(&mut reader);
    prop_assert_eq!(read.as_ref(), Ok(&sequel));
    prop_assert!(reader.rest().is_empty());
    prop_assert_eq!((sequel.to(), sequel.mark()), (row.version(), 2));
    prop_assert_eq!(sequel.division().total(), bytes.len());
    prop_assert!(bytes.len() < delta.encoded_len());
    for (version, copy) in past {
        let expanded = sequel.expand(copy, named);
        if *version < from {
            prop_assert_eq!(expanded, Err(Unfit::Gap));
        } else if *version >= row.version() {
            prop_assert_eq!(expanded, Err(Unfit::Known));
        } else if *version == from {
            prop_assert_eq!(expanded.as_ref(), Ok(&delta));
        } else {
            // It may have come part of the way by another one.
            let is_right = expanded.as_ref() == Ok(&delta);
            prop_assert!(is_right || expanded == Err(Unfit::Differs), "{:?}", expanded);
        }
    }
    Ok(())
}
