//! Those who write.

use std::time::Duration;

use rumormill::core::crdt::{
    Bytes, Key, Life, Limits, Replica, ReplicaId, RowId, Signature, Space, Version, WriteError,
    Writer,
};
use rumormill_sim::Telling;

/// Where everything is written.
pub(super) const SPACE: Space = Space::SHARED;

/// How many other cells the row holds.
pub(super) const CELLS: usize = 1_000;

/// When all was written but what is measured.
const NOON: Duration = Duration::from_secs(43_200);

/// When that is.
const LATER: Duration = Duration::from_secs(46_800);

/// The writer that is measured, who holds what all others wrote.
#[derive(Debug)]
pub(super) struct Stage {
    writer: Replica,
    others: Vec<Replica>,
    now: Duration,
}

impl Stage {
    /// So many writers, of whom the first has 1,000 cells of 16 + 8 bytes.
    pub(super) fn new(writers: usize) -> Self {
        let mut writer = replica(0);
        for number in 0..CELLS {
            let value = value(number);
            let written = writer.edit(NOON, |w| w.set(SPACE, key(number), value));
            written.expect("cells are few and short");
        }
        Self { writer, others: (1..writers).map(replica).collect(), now: NOON }
    }

    /// Has the measured writer write.
    pub(super) fn write<R>(&mut self, edit: impl FnOnce(&mut Writer<'_>) -> Result<R, WriteError>) {
        self.writer.edit(self.now, edit).expect("what is measured fits");
    }

    /// Has every other writer write, who has heard of nobody; the measured one hears of it.
    pub(super) fn others_write<R>(
        &mut self,
        edit: impl Fn(&mut Writer<'_>) -> Result<R, WriteError>,
    ) {
        for other in &mut self.others {
            other.edit(NOON, &edit).expect("what is measured fits");
            self.writer.join(other);
        }
    }

    /// Has one other writer write, who has heard of the measured one; that one hears of it.
    pub(super) fn another_writes<R>(
        &mut self,
        edit: impl FnOnce(&mut Writer<'_>) -> Result<R, WriteError>,
    ) {
        let other = self.others.first_mut().expect("there are at least two writers");
        other.join(&self.writer);
        other.edit(NOON, edit).expect("what is measured fits");
        self.writer.join(other);
    }

    /// Has the other writer drop what the measured one removed; that one hears of it.
    pub(super) fn another_collects(&mut self) {
        let other = self.others.first_mut().expect("there are at least two writers");
        other.join(&self.writer);
        assert!(other.collect([row_of(&self.writer)]), "there is something to collect");
        self.writer.join(other);
    }

    /// Has the measured writer drop what the other removed, or what it need not say any more.
    pub(super) fn collect(&mut self) {
        let other = row_of(self.others.first().expect("there are at least two writers"));
        assert!(self.writer.collect([other]), "there is something to collect");
    }

    /// How many writes the row has seen.
    pub(super) fn version(&self) -> Version {
        self.writer.table().version(row_of(&self.writer))
    }

    /// What it takes to tell of an edit, an hour after all before it.
    pub(super) fn telling(mut self, edit: impl FnOnce(&mut Self), signed: bool) -> Telling {
        let before = self.version();
        self.writer.mark_told(row_of(&self.writer));
        self.now = LATER;
        edit(&mut self);
        if signed {
            // As long as any.
            self.writer.sign(SPACE, Signature::from_bytes([0x5a; Signature::LEN]));
        }
        let row = self.writer.table().row(row_of(&self.writer)).expect("it was written");
        Telling::of(row, before).expect("an edit writes something")
    }
}

/// A key of 16 characters.
pub(super) fn key(number: usize) -> Key {
    Key::raw(&name(number))
}

/// A value of 8 bytes.
pub(super) fn value(number: usize) -> Bytes {
    Bytes::copy_from(&(number as u64).to_be_bytes())
}

fn replica(number: usize) -> Replica {
    let life = Life { replica: ReplicaId::from_name(&name(number)), epoch: 1 };
    Replica::new(life, Limits::DEFAULT)
}

fn name(number: usize) -> String {
    let spread = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{spread:016x}")
}

fn row_of(replica: &Replica) -> RowId {
    RowId { space: SPACE, life: replica.table().life() }
}
