//! What was done so far, and what the types must read of it: the specification. Written without a
//! look at how the types are stored: no rows, no cells, no kills.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use rumormill_crdt::{Life, Replica, ReplicaId, RowId, Timestamp, Version};

use super::TableBounds;
use crate::digest::{Digest, Print};

/// What one replica does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Act {
    Edit(EditKind),
    Collect,
    Forget,
    Save,
    Restart(Disk),
    /// Its operator has it drop what a replica wrote.
    Evict(ReplicaId),
}

/// What a user does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum EditKind {
    Add,
    Remove,
    Count,
    Write,
}

/// What a restart finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Disk {
    /// Everything; the process goes on with the table it has.
    Kept,
    /// Everything; a new process reads it.
    Read,
    /// What was there when it was last saved.
    Saved,
    /// Nothing.
    Lost,
}

/// An edit: what a user did, and the version its row has since.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Edit {
    pub(super) row: RowId,
    pub(super) version: Version,
    pub(super) what: What,
}

/// What a user did, or a collector passed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum What {
    Add,
    /// Takes away the adds that the remover saw.
    Remove(BTreeSet<Dot>),
    /// Says again of the collector's own adds that they were removed: whoever hears of it need
    /// not hear of the remover.
    PassOn(BTreeSet<Dot>),
    Count,
    Write(Timestamp, u8),
}

/// An add, named by the life and the version of its write.
pub(super) type Dot = (Life, Version);

/// What a table says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    pub(super) element: bool,
    pub(super) count: i128,
    pub(super) register: Option<u8>,
}

/// What was done so far. Edits are ordered by what they are, not by when they happened, which no
/// rule depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    edits: BTreeSet<Edit>,
    /// The epoch that each replica's next life will have, less two.
    restarts: BTreeMap<u64, u64>,
    forgets: usize,
    saves: usize,
    evicts: usize,
}

impl History {
    pub(super) fn print(&self) -> Print {
        let parts = (&self.edits, &self.restarts, self.forgets, self.saves, self.evicts);
        Digest::new(true).add(parts).finish()
    }

    /// What the bounds leave to do.
    pub(super) fn allowed(&self, bounds: &TableBounds) -> Vec<Act> {
        let done = |is: fn(&What) -> bool| self.edits.iter().filter(|edit| is(&edit.what)).count();
        let restarts: u64 = self.restarts.values().sum();
        let left = [
            (Act::Edit(EditKind::Add), bounds.adds > done(|what| matches!(what, What::Add))),
            (
                Act::Edit(EditKind::Remove),
                bounds.removes > done(|what| matches!(what, What::Remove(_))),
            ),
            (Act::Edit(EditKind::Count), bounds.counts > done(|what| matches!(what, What::Count))),
            (
                Act::Edit(EditKind::Write),
                bounds.writes > done(|what| matches!(what, What::Write(..))),
            ),
            (Act::Forget, bounds.forgets > self.forgets),
            (Act::Save, bounds.saves > self.saves),
            (Act::Restart(Disk::Kept), bounds.restarts as u64 > restarts),
            (Act::Restart(Disk::Read), bounds.restarts as u64 > restarts),
            (Act::Restart(Disk::Saved), bounds.restarts as u64 > restarts && self.saves > 0),
            (Act::Restart(Disk::Lost), bounds.restarts as u64 > restarts),
            (Act::Collect, true),
        ];
        let others = (1..=bounds.replicas as u64).map(|whom| Act::Evict(ReplicaId(whom)));
        let evicts = others.filter(|_| bounds.evicts > self.evicts);
        let allowed = left.into_iter().filter(|(_, allowed)| *allowed).map(|(act, _)| act);
        allowed.chain(evicts).collect()
    }

    pub(super) fn note(&mut self, row: RowId, version: Version, what: What) {
        self.edits.insert(Edit { row, version, what });
    }

    pub(super) fn note_forget(&mut self) {
        self.forgets += 1;
    }

    pub(super) fn note_evict(&mut self) {
        self.evicts += 1;
    }

    pub(super) fn note_save(&mut self) {
        self.saves += 1;
    }

    /// Notes a restart and returns the new life.
    pub(super) fn restart(&mut self, ended: Life) -> Life {
        let restarts = self.restarts.entry(ended.replica.0).or_default();
        *restarts += 1;
        Life { replica: ended.replica, epoch: *restarts + 1 }
    }

    /// The value that the next write of the register has.
    pub(super) fn next_value(&self) -> u8 {
        let writes = self.edits.iter().filter(|edit| matches!(edit.what, What::Write(..)));
        u8::try_from(writes.count() + 1).unwrap_or(u8::MAX)
    }

    /// The edits that the holder of a table has heard of: an edit is heard of iff its row is held
    /// at its version or a later one.
    pub(super) fn heard(&self, holder: &Replica) -> Vec<&Edit> {
        let held = |edit: &&Edit| holder.table().version(edit.row) >= edit.version;
        self.edits.iter().filter(held).collect()
    }
}

/// What a replica that heard of these edits must read: an element is in the set if some life's
/// latest add of it was removed by no edit; the counter has all counts; the register has the
/// value with the greatest (timestamp, life).
pub(super) fn specified(heard: &[&Edit]) -> Reads {
    let stamped = heard.iter().filter_map(|edit| match edit.what {
        What::Write(at, value) => Some(((at, edit.row.life), value)),
        What::Add | What::Remove(_) | What::PassOn(_) | What::Count => None,
    });
    let count = heard.iter().filter(|edit| matches!(edit.what, What::Count)).count();
    Reads {
        element: !live_adds(heard).is_empty(),
        count: i128::try_from(count).expect("few counts"),
        register: stamped.max().map(|(_, value)| value),
    }
}

/// The latest add of each life, without those that were removed.
pub(super) fn live_adds(heard: &[&Edit]) -> BTreeSet<Dot> {
    let adds = heard.iter().filter(|edit| matches!(edit.what, What::Add));
    let latest: BTreeMap<Life, Version> = adds.map(|edit| (edit.row.life, edit.version)).collect();
    let removed = removed(heard);
    latest.into_iter().filter(|dot| !removed.contains(dot)).collect()
}

/// The adds that were removed.
pub(super) fn removed(heard: &[&Edit]) -> BTreeSet<Dot> {
    let dots = heard.iter().filter_map(|edit| match &edit.what {
        What::Remove(dots) | What::PassOn(dots) => Some(dots),
        What::Add | What::Count | What::Write(..) => None,
    });
    dots.flatten().copied().collect()
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Evict(whom) = self {
            let whom = super::name(Life { replica: *whom, epoch: 1 });
            return write!(f, "evicts {whom}");
        }
        f.write_str(match self {
            Self::Edit(EditKind::Add) => "adds the element",
            Self::Edit(EditKind::Remove) => "removes the element",
            Self::Edit(EditKind::Count) => "counts",
            Self::Edit(EditKind::Write) => "writes the register",
            Self::Collect => "collects",
            Self::Forget => "forgets its tombstones",
            Self::Save => "saves",
            Self::Restart(Disk::Kept) => "begins a new life in place",
            Self::Restart(Disk::Read) => "restarts with its disk",
            Self::Restart(Disk::Saved) => "restarts with what it saved",
            Self::Restart(Disk::Lost) => "restarts without disk",
            Self::Evict(_) => "evicts somebody",
        })
    }
}
