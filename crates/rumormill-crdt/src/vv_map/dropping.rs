//! Dropping rows: of the evicted, of lives that ended long ago, or all.

use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};

use serde::Serialize;
use smallvec::SmallVec;

use super::VvMap;
use crate::{
    Dependency, Growth, Horizon, Life, ReplicaId, Row, RowId, Space, Timestamp, stagings::Stagings,
};

/// What came of dropping rows.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Dropped {
    /// The rows that went.
    pub gone: Vec<RowId>,
    /// The rows that had waited for them, and are visible.
    pub grown: SmallVec<[Growth; 1]>,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> VvMap<K, V> {
    /// Says whether a row with this stamp has expired, which is to say that it is dropped, or will
    /// be, unless it overrules something that stays.
    #[must_use]
    pub fn is_expired(&self, space: Space, stamped: Timestamp) -> bool {
        self.rows.is_expired(space, stamped)
    }

    /// Says whether a dependency is met everywhere because the row has expired. An eviction is
    /// known here only, so a dependency on the evicted stays.
    pub(crate) fn is_gone(&self, id: RowId, dependency: Dependency) -> bool {
        self.rows.is_expired(id.space, dependency.timestamp) && self.rows.get(id).is_none()
    }

    /// Drops every row of a replica and refuses all of its lives until it is
    /// [pardoned](Self::pardon): with its rows go its counts, values, adds and kills. What others
    /// wrote about them stays, so that nothing comes back with a copy that is late. A row that
    /// depends on one of its rows counts as closed here; elsewhere it waits until the eviction is
    /// known there too. One's own replica cannot be evicted.
    pub fn evict(&mut self, replica: ReplicaId) -> Dropped {
        if replica == self.life.replica {
            return Dropped::default();
        }
        self.rows.mark_grave(replica);
        self.stagings.drop_lives(|life| life.replica == replica);
        let rows = self.rows().map(|row| row.id());
        let gone = rows.filter(|id| id.life.replica == replica).collect();
        self.drop_rows(gone)
    }

    /// Takes an eviction back.
    pub fn pardon(&mut self, replica: ReplicaId) {
        self.rows.unmark_grave(replica);
    }

    /// Says whether a replica is evicted.
    #[must_use]
    pub fn is_evicted(&self, replica: ReplicaId) -> bool {
        self.rows.is_evicted(replica)
    }

    /// Walks the replicas that are evicted.
    pub fn evicted(&self) -> impl Iterator<Item = ReplicaId> {
        self.rows.graves()
    }

    /// The rows of the life that writes here.
    pub(crate) fn own_rows(&self) -> impl Iterator<Item = RowId> {
        let own = self.rows.spaces().map(|space| RowId { space, life: self.life });
        own.filter(|id| self.rows.number(*id).is_some())
    }

    /// What is stamped earlier has expired.
    pub(crate) const fn horizon(&self) -> Horizon {
        self.rows.horizon()
    }

    /// Moves the horizon, and drops what expired of the rows of other lives, but for what has to
    /// stay: `keep` moves that from its second argument, the rows of one space that expired, to
    /// its first, those that did not.
    pub(crate) fn expire(
        &mut self,
        horizon: Horizon,
        keep: impl Fn(&mut Vec<Arc<Row<K, V>>>, Vec<Arc<Row<K, V>>>),
    ) -> Dropped {
        self.rows.move_horizon(horizon);
        let expires = |space: &Space| horizon.of(*space) > Timestamp(0);
        let in_time = |row: &Row<K, V>| !self.is_expired(row.id().space, row.head().timestamp);
        let rows = self.rows.spaces().filter(expires).flat_map(|space| self.rows_in(space));
        let expired = rows.filter(|row| row.id().life != self.life && !in_time(row));
        self.drop_unless(expired.map(|row| row.id()).collect(), keep)
    }

    /// Drops rows, but not those that `keep` moves from the second list to the first.
    pub(crate) fn drop_unless(
        &mut self,
        mut gone: Vec<RowId>,
        keep: impl Fn(&mut Vec<Arc<Row<K, V>>>, Vec<Arc<Row<K, V>>>),
    ) -> Dropped {
        let doomed: BTreeSet<RowId> = gone.iter().copied().collect();
        let spaces: BTreeSet<Space> = gone.iter().map(|id| id.space).collect();
        for space in spaces {
            let stays = |row: &Arc<Row<K, V>>| !doomed.contains(&row.id());
            let (mut kept, expired): (Vec<_>, Vec<_>) =
                self.rows_in(space).cloned().partition(stays);
            keep(&mut kept, expired);
            let kept: BTreeSet<RowId> = kept.iter().map(|row| row.id()).collect();
            gone.retain(|id| !kept.contains(id));
        }
        self.keep_introductions(&mut gone);
        self.drop_rows(gone)
    }

    /// Keeps the signed row in which a replica says who it is while anything else of the replica
    /// stays: a newcomer can verify that by nothing else.
    fn keep_introductions(&self, gone: &mut Vec<RowId>) {
        let is_signed =
            |id: &RowId| self.row(*id).is_some_and(|row| row.head().signature.is_some());
        let of_self = |id: &RowId| id.space == Space::SELF && is_signed(id);
        if !gone.iter().any(of_self) {
            return;
        }
        let doomed: BTreeSet<RowId> = gone.iter().copied().collect();
        let others = self.rows().map(|row| row.id()).filter(|id| id.space != Space::SELF);
        let staying = others.filter(|id| !doomed.contains(id)).map(|id| id.life.replica);
        let staying: BTreeSet<ReplicaId> = staying.collect();
        gone.retain(|id| !(of_self(id) && staying.contains(&id.life.replica)));
    }

    /// Drops every row, begins `life`, and refuses what it refused before.
    ///
    /// # Panics
    ///
    /// If `life` is not later than the one that ends.
    pub fn start_over(&mut self, life: Life) -> Dropped {
        self.begin_life(life);
        self.stagings = Stagings::new();
        let all = self.rows().map(|row| row.id()).collect();
        self.drop_rows(all)
    }

    /// Drops rows; what waited for them may be visible afterwards.
    fn drop_rows(&mut self, gone: Vec<RowId>) -> Dropped {
        gone.iter().for_each(|id| self.rows.remove(*id));
        let mut grown = SmallVec::new();
        self.swap_waiting(&mut grown);
        Dropped { gone, grown }
    }
}
