//! Taking in whole tables, and rows at rest.

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

use serde::Serialize;
use smallvec::SmallVec;

use super::VvMap;
use crate::{Dependency, Growth, Refused, Row, RowDelta, RowId};

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> VvMap<K, V> {
    /// Takes each row of `other` at the greater version and returns the rows that grew.
    ///
    /// Costs O(rows) comparisons and shares the rows it takes; one's own rows are never taken.
    /// Stagings stay out of it.
    pub fn join(&mut self, other: &Self) -> Vec<Growth> {
        let is_news = |row: &&Arc<Row<K, V>>| row.version() > self.version(row.id());
        let news = other.rows().filter(is_news).filter(|row| self.accepts(row.id()));
        let mut news: BTreeMap<RowId, &Arc<Row<K, V>>> = news.map(|row| (row.id(), row)).collect();
        let waiting = self.take_unmet(&mut news);
        let mut grown = Vec::new();
        for (id, theirs) in news {
            let from = self.version(id);
            self.show(Arc::clone(theirs));
            grown.push(Growth { id, from });
        }
        let mut settled = SmallVec::new();
        for growth in &grown {
            self.settle(growth.id, &mut settled);
        }
        for row in waiting {
            let whole = row.delta_since(0, usize::MAX);
            // What finds no room to wait comes again, from whoever shows it.
            let staged = whole.and_then(|whole| self.stage(&whole, None).ok());
            settled.extend(staged.into_iter().flat_map(|admission| admission.grown));
        }
        grown.extend(settled);
        grown
    }

    /// Takes out the rows that depend on what is neither held nor among the rest: the other table
    /// is closed by an eviction, or a horizon, that this one knows nothing of.
    fn take_unmet<'r>(
        &self,
        news: &mut BTreeMap<RowId, &'r Arc<Row<K, V>>>,
    ) -> Vec<&'r Arc<Row<K, V>>> {
        let mut unmet = Vec::new();
        loop {
            let comes = |on: RowId, at: Dependency| {
                let later = || news.range(on..=RowId::last_of(on.space, on.life.replica));
                let superseded =
                    || on.space.is_ephemeral() && later().any(|(id, _)| id.supersedes(on));
                news.get(&on).is_some_and(|row| row.version() >= at.version) || superseded()
            };
            let is_met = |row: &Arc<Row<K, V>>| {
                let mut on = row.head().dependencies.iter();
                on.all(|(on, at)| self.rows.meet(*on, *at) || comes(*on, *at))
            };
            let stuck = news.values().filter(|row| !is_met(row)).map(|row| row.id());
            let stuck: Vec<RowId> = stuck.collect();
            if stuck.is_empty() {
                return unmet;
            }
            unmet.extend(stuck.iter().filter_map(|id| news.remove(id)));
        }
    }

    /// Takes in rows at rest, from a disk or another table in the same process.
    ///
    /// Rows held at the same or a greater version stay, one's own rows are never taken. A row that
    /// depends on what is neither there nor here waits for it (I13).
    pub fn restore(&mut self, rows: impl IntoIterator<Item = Arc<Row<K, V>>>) -> Vec<Growth> {
        let mut stored = Self::new(self.life, self.limits);
        for row in rows {
            let id = row.id();
            if stored.accepts(id) && row.version() > stored.version(id) {
                stored.show(row);
            }
        }
        self.join(&stored)
    }

    /// Adds whole rows to an empty table that knows who is evicted and what has expired, those of
    /// the life that writes here among them.
    ///
    /// # Errors
    ///
    /// [`Refused`] if a row is not whole, is there twice, is of somebody evicted, belongs to an
    /// ended life in a space where only the newest counts, or depends on a row that is not there
    /// (I13).
    pub(crate) fn read_back(mut self, deltas: &[RowDelta<K, V>]) -> Result<Self, Refused> {
        for delta in deltas {
            let row = Row::from_whole(delta)?;
            let id = row.id();
            if self.rows.is_evicted(id.life.replica) {
                return Err(Refused::Evicted);
            }
            if self.version(id) > 0 || self.rows.supersede(id) {
                return Err(Refused::OldLife);
            }
            self.show(Arc::new(row));
        }
        let closed = self.rows().all(|row| self.holds_dependencies(row.head()));
        if closed { Ok(self) } else { Err(Refused::Gap { version: 0 }) }
    }
}
