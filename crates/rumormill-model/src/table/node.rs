//! One replica: the code under test, and what is noted about it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use rumormill_crdt::{
    Bytes, Column, Key, KeyKind, Life, Limits, LwwRegister, OrSet, PnCounter, Replica, ReplicaId,
    Row, RowId, Space, Table, Version, codec,
};

use super::{
    Act, Delta, Disk, History, What,
    history::{self, Dot, EditKind, Reads},
    name,
};
use crate::{
    admission::{holds, i2_monotone, i4_admission, is_evicted, standing},
    digest::{Digest, Print},
    explore::{Broken, Check, ensure},
    interned::Number,
};

const SET: Column<OrSet<u8>> = Column::new(Space::SHARED, "s");
const COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "c");
const REGISTER: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "r");
const ELEMENT: u8 = 0;

/// One replica, and what follows from it alone.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) replica: Replica,
    /// Adds that this copy showed as removed although its table does not say so any more. With
    /// I13 there are none.
    forgotten: BTreeSet<Dot>,
    disk: Vec<Arc<Row<Key, Bytes>>>,
    pub(super) read: Reads,
    /// By id.
    pub(super) shows: Vec<Shown>,
    /// The messages that the replica may send.
    pub(super) sends: Vec<Number>,
}

/// A row that a replica shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: RowId,
    pub(super) version: Version,
    pub(super) print: Print,
    /// The message with all of it.
    pub(super) whole: Number,
}

impl Shown {
    /// Says whether the same row has another content at the same version.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        (self.id, self.version) == (other.id, other.version) && self.print != other.print
    }
}

impl Node {
    pub(super) fn new(life: Life) -> Self {
        Self::from(Replica::new(life, Limits::DEFAULT), Vec::new())
    }

    fn from(replica: Replica, disk: Vec<Arc<Row<Key, Bytes>>>) -> Self {
        let read = reads(replica.table());
        let (shows, sends) = (Vec::new(), Vec::new());
        Self { replica, forgotten: BTreeSet::new(), disk, read, shows, sends }
    }

    pub(super) fn life(&self) -> Life {
        self.replica.table().life()
    }

    pub(super) fn print(&self, digest: Digest) -> Print {
        let table = self.replica.table();
        let clock = digest.with_timestamps().then(|| self.replica.last_timestamp());
        let evicted: Vec<_> = table.evicted().collect();
        let digest = digest.add((self.life(), clock, &self.forgotten, evicted)).table(table);
        self.disk.iter().fold(digest, |digest, row| digest.row(row)).finish()
    }

    /// Checks what must hold of one replica by itself.
    pub(super) fn check(&self, with_timestamps: bool) -> Check {
        let table = self.replica.table();
        i7_purity(table, &self.read)?;
        i13_dependencies(table)?;
        no_evicted_row_is_held(table)?;
        nothing_waits_in_vain(table)?;
        let heads = table.rows().map(|row| row.head().timestamp);
        let behind = with_timestamps && heads.max() > Some(self.replica.last_timestamp());
        ensure(!behind, || "I10: the clock is behind a head".to_owned())
    }

    /// Nothing if it changes nothing.
    pub(super) fn act(
        &self,
        act: Act,
        history: &History,
    ) -> Result<Option<(Self, History)>, Broken> {
        let mut history = history.clone();
        let after = match act {
            Act::Edit(kind) => self.edit(kind, &mut history)?,
            Act::Collect => self.collect(Some(&mut history))?,
            Act::Forget => self.forget(&mut history)?,
            Act::Save => {
                history.note_save();
                let disk = self.replica.table().rows().cloned().collect();
                let forgotten = self.forgotten.clone();
                Some(Self { forgotten, ..Self::from(self.replica.clone(), disk) })
            }
            Act::Restart(disk) => Some(self.restart(disk, &mut history)?),
            Act::Evict(whom) => {
                history.note_evict();
                self.evict(whom)
            }
        };
        Ok(after.map(|after| (after, history)))
    }

    fn edit(&self, kind: EditKind, history: &mut History) -> Result<Option<Self>, Broken> {
        let named = history::live_adds(&history.heard(&self.replica));
        if kind == EditKind::Remove && named.is_empty() {
            return Ok(None);
        }
        let value = history.next_value();
        let mut replica = self.replica.clone();
        let what = replica.edit(Duration::ZERO, |writer| match kind {
            EditKind::Remove => SET.remove(writer, &ELEMENT).map(|_| What::Remove(named)),
            EditKind::Count => COUNTER.add(writer, 1).map(|()| What::Count),
            EditKind::Write => {
                REGISTER.set(writer, &value)?;
                let own = RowId { space: Space::SHARED, life: writer.life() };
                let head = writer.table().row(own).map(|row| row.head().timestamp);
                Ok(What::Write(head.unwrap_or_default(), value))
            }
            EditKind::Add => SET.insert(writer, &ELEMENT).map(|()| What::Add),
        });
        let what = what.map_err(|why| Broken(format!("an edit was refused: {why}")))?;
        history.note(own_row(&replica), own_version(&replica), what);
        self.became(replica).map(Some)
    }

    /// Does this replica's share of collecting; nothing if there is nothing to do.
    pub(super) fn collect(&self, history: Option<&mut History>) -> Result<Option<Self>, Broken> {
        let mut replica = self.replica.clone();
        let rows: Vec<_> = replica.table().rows().map(|row| row.id()).collect();
        if !replica.collect(rows) {
            return Ok(None);
        }
        if let Some(history) = history {
            let removed = history::removed(&history.heard(&self.replica));
            let own = removed.into_iter().filter(|dot| dot.0 == self.life());
            let passed_on: BTreeSet<Dot> = own.collect();
            if !passed_on.is_empty() {
                history.note(own_row(&replica), own_version(&replica), What::PassOn(passed_on));
            }
        }
        let after = self.became(replica)?;
        ensure(after.read == self.read, || {
            format!("collecting changed a read from {:?} to {:?}", self.read, after.read)
        })?;
        Ok(Some(after))
    }

    fn forget(&self, history: &mut History) -> Result<Option<Self>, Broken> {
        let mut replica = self.replica.clone();
        history.note_forget();
        if !replica.forget(Space::SHARED, own_version(&self.replica)) {
            return Ok(None);
        }
        self.became(replica).map(Some)
    }

    /// Ends the life and begins the next. A copy that lost rows is a new copy, whom nothing binds
    /// that the old one showed.
    fn restart(&self, disk: Disk, history: &mut History) -> Result<Self, Broken> {
        let life = history.restart(self.life());
        let rows: Vec<_> = match disk {
            Disk::Kept => {
                let mut replica = self.replica.clone();
                replica.begin_life(life);
                return self.became(replica);
            }
            Disk::Read => self.replica.table().rows().cloned().collect(),
            Disk::Saved => self.disk.clone(),
            Disk::Lost => Vec::new(),
        };
        let mut replica = Replica::new(life, Limits::DEFAULT);
        replica.restore(rows);
        self.evicted().for_each(|whom| drop(replica.evict(whom)));
        match disk {
            Disk::Kept | Disk::Read => self.became(replica),
            Disk::Saved => Ok(Self::from(replica, self.disk.clone())),
            Disk::Lost => Ok(Self::from(replica, Vec::new())),
        }
    }

    /// Drops all that a replica wrote; nothing if it is our own. What it had removed may be back
    /// afterwards, so nobody is bound by what the copy showed before.
    pub(super) fn evict(&self, whom: ReplicaId) -> Option<Self> {
        let mut replica = self.replica.clone();
        replica.evict(whom);
        let after = Self::from(replica, self.disk.clone());
        (whom != self.life().replica).then_some(after)
    }

    pub(super) fn evicted(&self) -> impl Iterator<Item = ReplicaId> {
        self.replica.table().evicted()
    }

    /// Takes in what anybody sent, and checks what became of it.
    pub(super) fn admit(&self, delta: &Delta) -> Result<Self, Broken> {
        let mut replica = self.replica.clone();
        let outcome = replica.admit(Duration::ZERO, Duration::MAX, delta);
        i4_admission(self.replica.table(), replica.table(), delta, &outcome)?;
        self.became(replica)
    }

    /// Takes in all that another replica shows, at once.
    pub(super) fn join(&self, other: &Replica) -> Result<Self, Broken> {
        let mut replica = self.replica.clone();
        replica.join(other);
        self.became(replica)
    }

    /// Gives up on all that is staged.
    pub(super) fn give_up(&self) -> Result<Self, Broken> {
        let mut replica = self.replica.clone();
        let staged: Vec<_> = replica.table().staged().collect();
        staged.into_iter().for_each(|id| replica.drop_staging(id));
        self.became(replica)
    }

    /// The same copy some time later: I2 and I8 tie the two together.
    fn became(&self, replica: Replica) -> Result<Self, Broken> {
        let (before, after) = (self.replica.table(), replica.table());
        i2_monotone(before, after)?;
        let mut gone = self.forgotten.clone();
        gone.extend(dots_removed(before));
        let back = gone.iter().find(|dot| shows(after, **dot));
        ensure(back.is_none(), || {
            let (life, version) = back.copied().unwrap_or_default();
            format!("I8: the add {} v{version} was gone and is back", name(life))
        })?;
        let said: BTreeSet<_> = dots_removed(after).collect();
        let forgotten = gone.difference(&said).copied().collect();
        Ok(Self { forgotten, ..Self::from(replica, self.disk.clone()) })
    }

    pub(super) fn standing(&self) -> String {
        let table = self.replica.table();
        let mut ids: BTreeSet<RowId> = table.rows().map(|row| row.id()).collect();
        ids.extend(table.staged());
        let row = |id: &RowId| format!("{} {}", name(id.life), standing(table, *id));
        let rows: Vec<_> = ids.iter().map(row).collect();
        let rows = if rows.is_empty() { "nothing".to_owned() } else { rows.join(", ") };
        format!("{rows}; reads {}", self.read)
    }
}

fn reads(table: &Table) -> Reads {
    Reads {
        element: SET.contains(table, &ELEMENT),
        count: COUNTER.read(table),
        register: REGISTER.read(table),
    }
}

fn own_row(replica: &Replica) -> RowId {
    RowId { space: Space::SHARED, life: replica.table().life() }
}

fn own_version(replica: &Replica) -> Version {
    replica.table().version(own_row(replica))
}

/// I7: whoever holds the same rows, however they came, reads the same; `contains` and `read` are
/// one rule.
fn i7_purity(table: &Table, read: &Reads) -> Check {
    let observer = Life { replica: ReplicaId(0), epoch: 1 };
    let mut again = Table::new(observer, Limits::DEFAULT);
    // Whoever is to hold the rows without the evicted has to know of the eviction.
    table.evicted().for_each(|whom| drop(again.evict(whom)));
    again.restore(table.rows().rev().cloned());
    ensure(again == *table && reads(&again) == *read, || {
        "I7: rows at rest lost something".to_owned()
    })?;
    ensure(SET.read(table).contains(&ELEMENT) == read.element, || {
        "I7: `contains` and `read` differ".to_owned()
    })
}

/// I13: whatever a visible row depends on is held.
fn i13_dependencies(table: &Table) -> Check {
    table.rows().try_for_each(|row| {
        let mut on = row.head().dependencies.iter();
        let missing = on.find(|(on, at)| !holds(table, **on, at.version));
        ensure(missing.is_none(), || format!("I13: {:?} is shown without {missing:?}", row.id()))
    })
}

/// Nothing of a life that was evicted is shown or staged.
fn no_evicted_row_is_held(table: &Table) -> Check {
    let shown = table.rows().map(|row| row.id());
    let back = shown.chain(table.staged()).find(|id| is_evicted(table, id.life));
    ensure(back.is_none(), || format!("the evicted is back: {back:?}"))
}

/// What is staged, complete and lacks no dependency is shown.
fn nothing_waits_in_vain(table: &Table) -> Check {
    let is_ready = |id: &RowId| {
        let staged = table.staging(*id);
        let complete = staged.is_some_and(|(since, target)| since.version >= target.version);
        complete && table.missing_dependencies(*id).next().is_none()
    };
    let ready = table.staged().find(is_ready);
    ensure(ready.is_none(), || format!("stuck: {ready:?} is complete and is not shown"))
}

/// The adds of which a table says that they are gone: those killed, and every version of a row
/// that does not show a live add.
fn dots_removed(table: &Table) -> impl Iterator<Item = Dot> {
    let killed = table.rows().flat_map(|row| row.iter()).filter_map(killed);
    let rows = table.rows().map(|row| (row.id().life, row.version()));
    let heard = rows.flat_map(|(life, last)| (1..=last).map(move |version| (life, version)));
    heard.chain(killed).filter(|dot| !shows(table, *dot))
}

fn shows(table: &Table, (life, version): Dot) -> bool {
    let cell = table.row(RowId { space: Space::SHARED, life }).and_then(|row| row.at(version));
    let is_add =
        cell.is_some_and(|(key, cell)| key.kind() == Some(KeyKind::Add) && cell.value.is_some());
    is_add
        && !table
            .rows()
            .flat_map(|row| row.iter())
            .any(|cell| killed(cell) == Some((life, version)))
}

/// The add that a cell kills, from the description of the format: a kind, then replica, epoch and
/// version with eight bytes each.
fn killed((key, cell): (&Key, &rumormill_crdt::Cell<Bytes>)) -> Option<Dot> {
    cell.value.as_ref().filter(|_| key.kind() == Some(KeyKind::Kill))?;
    let bytes: Bytes = codec::decode(&codec::encode_to_vec(key).ok()?).ok()?;
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 8)?;
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    };
    Some((Life { replica: ReplicaId(number(1)?), epoch: number(9)? }, number(17)?))
}

impl std::fmt::Display for Reads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.element { "{x}" } else { "{}" })?;
        if self.count != 0 {
            write!(f, ", {}", self.count)?;
        }
        self.register.map_or(Ok(()), |value| write!(f, ", register {value}"))
    }
}
