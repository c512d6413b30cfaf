//! Rows, whole and in part, and what owners say of them.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use rumormill_core::crdt::{
    Bytes, Head, Key, Life, Limits, Replica, ReplicaId, Row, RowDelta, Space, WholeRow, codec,
};

use crate::nodes::{UNIX, busy_node};

type Delta = RowDelta<Key, Bytes>;

const SKEW: Duration = Duration::from_secs(10);

/// What decodes is what serde reads, and encodes to the same bytes; a replica takes it in or refuses it, and a
/// refusal changes nothing. The first byte says whether it is a delta or a whole row.
pub(super) fn delta(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let delta = if kind.is_multiple_of(2) {
        let read = Delta::decode(rest);
        assert_eq!(read, codec::decode(rest), "one format has two readers");
        let Ok(delta) = read else { return };
        assert_eq!(codec::encode_to_vec(&delta).as_deref(), Ok(rest));
        assert_eq!(delta.encoded_len(), rest.len(), "the length it says it has");
        delta
    } else {
        let read = WholeRow::decode(rest);
        assert_eq!(read, codec::decode::<WholeRow<Key, Bytes>>(rest), "one format has two readers");
        let Ok(row) = read else { return };
        assert_eq!(codec::encode_to_vec(&row).as_deref(), Ok(rest));
        row.into_delta()
    };
    let mut replica = held();
    let (before, staged) = (replica.table().bookmark(), replica.table().staged().count());
    if replica.admit(UNIX, SKEW, &delta).is_err() {
        assert_eq!(replica.table().bookmark(), before, "a refusal shows nothing");
        assert!(replica.table().staged().count() <= staged + 1, "one piece is one staging");
    }
    let ours = replica.table().rows().filter(|row| row.id().life == replica.table().life());
    assert_eq!(ours.count(), 0, "nobody else writes our rows");
}

/// A replica that holds what another node wrote.
fn held() -> Replica {
    static ROWS: LazyLock<Vec<Arc<Row<Key, Bytes>>>> =
        LazyLock::new(|| busy_node().table().rows().cloned().collect());
    let life = Life { replica: ReplicaId(77), epoch: 1 };
    let mut replica = Replica::new(life, Limits::DEFAULT);
    drop(replica.restore(ROWS.iter().cloned()));
    replica
}

fn deltas() -> Vec<Delta> {
    let node = busy_node();
    let rows: Vec<_> = node.table().rows().cloned().collect();
    let from = |since: u64, len_max: usize| {
        rows.iter().filter_map(move |row| row.delta_since(since, len_max)).collect::<Vec<_>>()
    };
    [from(0, usize::MAX), from(1, usize::MAX), from(0, 90), from(2, 80)].concat()
}

pub(super) fn delta_seeds() -> Vec<Vec<u8>> {
    let bytes = |kind: u8, encoded: Vec<u8>| [&[kind][..], &encoded].concat();
    let whole = |delta: &Delta| WholeRow::new(delta.clone()).ok();
    let deltas = deltas();
    let rows = deltas.iter().filter_map(whole);
    let rows = rows.map(|row| bytes(1, codec::encode_to_vec(&row).expect("a known length")));
    let plain = deltas.iter().map(|delta| codec::encode_to_vec(delta).expect("a known length"));
    plain.map(|delta| bytes(0, delta)).chain(rows).collect()
}

/// What decodes encodes to the same bytes.
pub(super) fn head(bytes: &[u8]) {
    if let Ok(head) = codec::decode::<Head>(bytes) {
        assert_eq!(codec::encode_to_vec(&head).as_deref(), Ok(bytes));
    }
}

pub(super) fn head_seeds() -> Vec<Vec<u8>> {
    let heads = deltas().into_iter().map(|delta| delta.head().clone());
    heads.map(|head| codec::encode_to_vec(&head).expect("a known length")).collect()
}

/// What is read back from a disk encodes to the same bytes, and goes on.
pub(super) fn snapshot(bytes: &[u8]) {
    let Ok(mut replica) = codec::decode::<Replica>(bytes) else { return };
    assert_eq!(codec::encode_to_vec(&replica).as_deref(), Ok(bytes));
    let life = replica.table().life();
    if let Some(epoch) = life.epoch.checked_add(1) {
        replica.begin_life(Life { epoch, ..life });
        let key = Key::raw("after");
        let set =
            replica.edit(UNIX, |writer| writer.set(Space::SHARED, key, Bytes::copy_from(b"it")));
        assert!(set.is_ok(), "a new life writes: {set:?}");
    }
}

pub(super) fn snapshot_seeds() -> Vec<Vec<u8>> {
    let empty = Replica::new(Life { replica: ReplicaId(7), epoch: 1 }, Limits::DEFAULT);
    let replicas = [empty, held()];
    replicas.map(|replica| codec::encode_to_vec(&replica).expect("a known length")).into()
}
