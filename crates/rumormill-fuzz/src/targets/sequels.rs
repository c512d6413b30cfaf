//! Rows told to whoever holds what goes before.

use std::{sync::LazyLock, time::Duration};

use rumormill_core::crdt::{
    Bytes, Column, Key, Life, Limits, OrSet, PnCounter, Progress, Replica, ReplicaId, Row,
    RowDelta, RowId, Sequel, Space, Writer, codec, codec::Reader,
};

use crate::nodes::UNIX;

const SET: Column<OrSet<u32>> = Column::new(Space::SHARED, "skills");
const CALLS: Column<PnCounter> = Column::new(Space::SHARED, "calls");
const ANN: RowId = RowId { space: Space::SHARED, life: Life { replica: ReplicaId(3), epoch: 1 } };
const BOB: Life = Life { replica: ReplicaId(4), epoch: 1 };

/// Somebody's row as it was at several times, and what was told of it in between.
struct Past {
    rows: Vec<Row<Key, Bytes>>,
    sequels: Vec<Sequel>,
}

static PAST: LazyLock<Past> = LazyLock::new(past);

fn past() -> Past {
    let mut bob = Replica::new(BOB, Limits::DEFAULT);
    bob.edit(UNIX, |writer| SET.insert(writer, &9)).expect("it fits");
    let mut ann = Replica::new(ANN.life, Limits::DEFAULT);
    drop(ann.join(&bob));
    let mut past = Past { rows: Vec::new(), sequels: Vec::new() };
    for turn in 0..8_u32 {
        let unix = UNIX + Duration::from_secs(1 << (3 * turn));
        let from = ann.table().version(ANN);
        ann.edit(unix, |writer| write(writer, turn));
        let row = ann.table().row(ANN).expect("it was written");
        let delta = row.delta_since(from, usize::MAX).expect("it grew");
        past.sequels.extend(row.sequel(&delta, 1, name));
        past.rows.push(Row::clone(row));
        ann.mark_told(ANN);
    }
    past
}

fn write(writer: &mut Writer<'_>, turn: u32) {
    let raw = Key::raw(&format!("key {}", turn % 3));
    let written = match turn {
        0 | 3 => SET.insert(writer, &turn).is_ok() && SET.insert(writer, &100).is_ok(),
        1 | 5 => CALLS.add(writer, turn.into()).is_ok(),
        2 => SET.remove(writer, &9).is_ok(),
        _ => writer.set(Space::SHARED, raw, Bytes::copy_from(&[7; 30])).is_ok(),
    };
    assert!(written, "it fits");
}

const fn name(life: Life) -> Option<[u8; 4]> {
    if life.replica.0 == BOB.replica.0 { Some([4; 4]) } else { None }
}

fn named(name: [u8; 4]) -> Option<Life> {
    (name == [4; 4]).then_some(BOB)
}

/// What is read is written in the same bytes. What fits a copy is a delta that obeys the rules, goes on from
/// that copy, and is taken in by whoever holds it, as long as its stamp and its versions are plausible; or
/// waits for the rows that it depends on.
pub(super) fn run(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Ok(sequel) = Sequel::read(&mut reader) else { return };
    let used = &bytes[..bytes.len() - reader.rest().len()];
    assert_eq!(codec::encode_to_vec(&sequel).as_deref(), Ok(used));
    assert_eq!((sequel.len(), sequel.division().total()), (used.len(), used.len()));
    for copy in &PAST.rows {
        let Ok(delta) = sequel.expand(copy, named) else { continue };
        assert!(delta.from() <= copy.version() && copy.version() < delta.to());
        assert_eq!((delta.id(), delta.to()), (ANN, sequel.to()));
        assert_eq!(RowDelta::new(delta.clone().into_parts()).as_ref(), Ok(&delta));
        let mut holder = Replica::new(BOB, Limits::DEFAULT);
        drop(holder.restore([copy.clone().into()]));
        let admitted = holder.admit(UNIX, Duration::MAX, &delta).map(|it| it.progress);
        let shown = holder.table().version(ANN);
        match admitted {
            Ok(Progress::Waiting) => {
                assert!(!delta.head().dependencies.is_empty(), "it waits for somebody");
                assert_eq!(shown, copy.version(), "what waits is not shown");
            }
            Ok(_) => assert_eq!(shown, delta.to(), "nothing is missing"),
            Err(_) => assert_eq!(shown, copy.version(), "nothing changed"),
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let bytes = |sequel: &Sequel| codec::encode_to_vec(sequel).expect("a known length");
    PAST.sequels.iter().map(bytes).collect()
}
