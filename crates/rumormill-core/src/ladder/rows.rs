//! Rows at versions of one's choice.

use alloc::sync::Arc;
use core::time::Duration;

use rumormill_crdt::{
    Bytes, DeltaParts, Key, Life, Limits, ReplicaId, Row, RowDelta, RowId, Space, Table, Timestamp,
    Version,
};

use crate::strangers::UNIX;

/// How long ago rows were written: every cut has passed them.
const AGE: Duration = Duration::from_secs(600);

/// The row with a number. Nobody chose its id.
pub(super) fn id(number: u64) -> RowId {
    id_of(1_000 + number, 1)
}

pub(super) const fn id_of(replica: u64, epoch: u64) -> RowId {
    RowId { space: Space::SHARED, life: Life { replica: ReplicaId(replica), epoch } }
}

/// The row as its owner left it, long ago, after `version` writes: the first set its one cell, the
/// last set it again, and all between stamped the row anew.
pub(super) fn row_at(id: RowId, version: Version) -> Arc<Row<Key, Bytes>> {
    let mut owner = Table::new(id.life, Limits::DEFAULT);
    set(&mut owner, id, 1);
    if version > 1 {
        let stamped_anew = stamped_until(version - 1, &owner, id);
        owner = Table::new(Life::default(), Limits::DEFAULT);
        owner.restore([stamped_anew]);
        owner.begin_life(id.life);
        set(&mut owner, id, version);
    }
    Arc::clone(owner.row(id).expect("it was written"))
}

fn set(owner: &mut Table, id: RowId, version: Version) {
    let value = Bytes::copy_from(&version.to_be_bytes());
    let stamped = Timestamp::from_unix(UNIX - AGE);
    let written = owner.write(id.space, stamped).set(Key::raw("at"), value);
    assert_eq!(written, version, "a write takes the next version");
}

/// The row after its owner stamped it anew until it was at `version`, without walking there.
fn stamped_until(version: Version, owner: &Table, id: RowId) -> Arc<Row<Key, Bytes>> {
    let whole = owner.row(id).and_then(|row| row.delta_since(0, usize::MAX));
    let mut parts: DeltaParts<_, _> = whole.expect("it was written").into_parts();
    parts.to = version;
    parts.head.version = version;
    parts.head.recent = version;
    let whole = RowDelta::new(parts).expect("a later version of the same cells is sound");
    Arc::new(Row::from_whole(&whole).expect("the cells are as they were"))
}
