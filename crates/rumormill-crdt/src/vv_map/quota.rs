//! How much of a table one replica may have.
//!
//! Shares are counted where a row comes that could matter: one with more cells than there are for each of
//! as many rows as a replica may have, or of a life that follows many in its space. Others cost one look-up.
//! So nobody who keeps to its share is refused, and nobody gets more than twice that.

use serde::Serialize;

use super::VvMap;
use crate::{Limits, Refused, ReplicaId, RowDelta, RowId};

/// How many spaces there are.
const SPACES: usize = 256;

/// How much of a table is one replica's, but for ephemeral spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Share {
    /// Its rows.
    pub rows: usize,
    /// The cells in them, tombstones included.
    pub cells: usize,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> VvMap<K, V> {
    /// Returns how much of the table is one replica's, but for ephemeral spaces. Costs a look-up for each
    /// space that rows are in, and a step for each of the replica's rows.
    #[must_use]
    pub fn share_of(&self, replica: ReplicaId) -> Share {
        let rows = self.rows.of_replica(replica);
        let lasting = rows.filter(|row| !row.id().space.is_ephemeral());
        lasting.fold(Share::default(), |Share { rows, cells }, row| Share {
            rows: rows + 1,
            cells: cells + row.len(),
        })
    }

    /// Refuses what would give a replica more than it may have.
    pub(super) fn check_quota(&self, delta: &RowDelta<K, V>) -> Result<(), Refused> {
        let held = self.rows.get(delta.id());
        let is_new = |key: &K| held.is_none_or(|row| row.cell(key).is_none());
        let growth = || delta.cells().iter().filter(|cell| is_new(&cell.key)).count();
        self.refuse_beyond_quota(delta.id(), growth)
    }

    /// The same of a row that is held, where so many keys are new to it.
    pub(super) fn check_growth(&self, id: RowId, new_keys: usize) -> Result<(), Refused> {
        if new_keys == 0 { Ok(()) } else { self.refuse_beyond_quota(id, || new_keys) }
    }

    fn refuse_beyond_quota(
        &self,
        id: RowId,
        growth: impl FnOnce() -> usize,
    ) -> Result<(), Refused> {
        match self.beyond_quota(id, growth) {
            Some(_) => Err(Refused::OverQuota),
            None => Ok(()),
        }
    }

    /// Returns the share of a replica that may not have so many more cells in a row of its own. A row that
    /// does not grow is nobody's loss. One in an ephemeral space is bounded by itself, or who has much would
    /// not be heard of after a restart.
    pub(crate) fn beyond_quota(&self, id: RowId, growth: impl FnOnce() -> usize) -> Option<Share> {
        if id.space.is_ephemeral() {
            return None;
        }
        let held = self.rows.get(id).map(|row| row.len());
        let growth = growth();
        if held.is_some() && growth == 0 {
            return None;
        }
        // A staging may be a copy of the row that it is to replace.
        let len = growth + self.stagings.len_of(id).max(held.unwrap_or(0));
        if self.is_little(id, len) {
            return None;
        }
        let share = self.share_of(id.life.replica);
        let Limits { origin_rows_max, origin_cells_max, .. } = self.limits;
        let too_many_rows = held.is_none() && share.rows >= origin_rows_max;
        let too_many_cells = share.cells - held.unwrap_or(0) + len > origin_cells_max;
        (too_many_rows || too_many_cells).then_some(share)
    }

    /// Says whether a row of so many cells is one of few, whatever else its replica has.
    fn is_little(&self, id: RowId, len: usize) -> bool {
        let Limits { origin_rows_max, origin_cells_max, .. } = self.limits;
        let lives_max = origin_rows_max / SPACES;
        let lives = || self.rows.of(id.space, id.life.replica).take(lives_max).count();
        len <= origin_cells_max / origin_rows_max.max(1) && lives() < lives_max
    }
}
