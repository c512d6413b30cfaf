//! What each process holds, followed change by change.

use std::collections::{BTreeMap, BTreeSet};

use rumormill_core::crdt::{Bookmark, Life, RowId, Table, Version};

use super::{edit_set::EditSet, history::History, workload::Workload};
use crate::{Index, Sim};

/// What each process holds, followed change by change.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    copies: BTreeMap<Index, Copy>,
}

/// What one process holds.
#[derive(Debug, Default)]
pub(crate) struct Copy {
    bookmark: Bookmark,
    life: Option<Life>,
    pub(crate) held: BTreeMap<RowId, Version>,
    floors: BTreeMap<RowId, Version>,
    pub(crate) heard: EditSet,
}

/// What became of a process's rows since it was looked at last.
#[derive(Debug)]
pub(crate) struct Touched {
    pub(crate) who: Index,
    /// Whether it dropped everything and began anew, or was not looked at before.
    pub(crate) is_new: bool,
    pub(crate) rows: Vec<TouchedRow>,
}

/// A row that changed.
#[derive(Debug)]
pub(crate) struct TouchedRow {
    pub(crate) id: RowId,
    pub(crate) before: Version,
    pub(crate) floor_before: Version,
    /// Nothing if it is gone.
    pub(crate) after: Option<Held>,
    /// Whether the row's owner made it so, in this process.
    pub(crate) is_own: bool,
}

/// A row as it is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) version: Version,
    pub(crate) floor: Version,
    pub(crate) hash: u64,
}

impl Copies {
    /// Follows what a process's table has come to; nothing if it did not change.
    pub(crate) fn look<W: Workload>(
        &mut self,
        sim: &Sim,
        history: &mut History<W::Edit>,
        who: Index,
    ) -> Option<Touched> {
        if !sim.is_running(who) {
            return None;
        }
        let (table, life) = (sim.node(who).table(), sim.node(who).life());
        let known = self.copies.get(&who);
        if known.is_some_and(|copy| copy.bookmark == table.bookmark() && copy.life == Some(life)) {
            return None;
        }
        let is_new = known.is_none_or(|copy| copy.life != Some(life));
        let copy = self.copies.entry(who).or_default();
        let changed = copy.changed(table, is_new);
        let rows = changed.into_iter().map(|id| copy.follow(table, id)).collect();
        (copy.bookmark, copy.life) = (table.bookmark(), Some(life));
        let mut touched = Touched { who, is_new, rows };
        touched.mint(sim, history);
        copy.hear::<W>(history, &touched);
        Some(touched)
    }

    /// Lets those hear of an edit who hold its row at its version already: it wrote nothing.
    pub(crate) fn hear_at_once(&mut self, row: RowId, version: Version, place: usize) {
        let holds = |copy: &&mut Copy| copy.held.get(&row).is_some_and(|held| *held >= version);
        self.copies.values_mut().filter(holds).for_each(|copy| copy.heard.insert(place));
    }

    /// Forgets a process that has ended.
    pub(crate) fn forget(&mut self, who: Index) {
        self.copies.remove(&who);
    }

    pub(crate) fn of(&self, who: Index) -> Option<&Copy> {
        self.copies.get(&who)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Index, &Copy)> {
        self.copies.iter().map(|(who, copy)| (*who, copy))
    }
}

impl Touched {
    /// Notes what a process wrote, in this life or in one that it began and ended meanwhile.
    fn mint<E>(&mut self, sim: &Sim, history: &mut History<E>) {
        let replica = sim.replica(self.who);
        for row in self.rows.iter_mut().filter(|row| row.id.life.replica == replica) {
            let Some(held) = row.after else { continue };
            row.is_own |= history.minted(row.id, held.version).is_none();
            if row.is_own {
                history.mint(row.id, held.version, held.hash);
            }
        }
    }
}

impl Copy {
    /// The rows that may have changed.
    fn changed(&self, table: &Table, is_new: bool) -> Vec<RowId> {
        let changes = table.changes_since(self.bookmark).filter(|_| !is_new);
        let all = || {
            let rows: BTreeSet<RowId> = table.rows().map(|row| row.id()).collect();
            rows.into_iter().chain(self.held.keys().copied()).collect::<BTreeSet<_>>()
        };
        let some =
            |changes: &[_]| changes.iter().map(|it: &rumormill_core::crdt::Change| it.id).collect();
        changes.map_or_else(all, |changes| some(&changes)).into_iter().collect()
    }

    fn follow(&mut self, table: &Table, id: RowId) -> TouchedRow {
        let head = table.row(id).map(|row| row.head());
        let after = head.map(|it| Held { version: it.version, floor: it.floor, hash: it.hash });
        let is_own = id.life == table.life();
        let (before, floor_before) = match after {
            Some(held) => {
                let before = self.held.insert(id, held.version);
                (before, self.floors.insert(id, held.floor))
            }
            None => (self.held.remove(&id), self.floors.remove(&id)),
        };
        let (before, floor_before) = (before.unwrap_or(0), floor_before.unwrap_or(0));
        TouchedRow { id, before, floor_before, after, is_own }
    }

    /// Edits are heard of with their rows, and no more once the row is gone.
    fn hear<W: Workload>(&mut self, history: &mut History<W::Edit>, touched: &Touched) {
        if touched.rows.iter().any(|row| row.after.is_none() && row.before > 0) {
            self.heard = EditSet::default();
            for (id, version) in &self.held {
                history.between(*id, 0, *version).for_each(|place| self.heard.insert(place));
            }
        }
        for row in &touched.rows {
            let Some(held) = row.after else { continue };
            let news = history.between(row.id, row.before, held.version);
            news.for_each(|place| self.heard.insert(place));
        }
        for row in touched.rows.iter().filter(|row| row.is_own) {
            let Some(held) = row.after else { continue };
            history.note_sight(row.id, held.version, &self.heard);
        }
    }
}
