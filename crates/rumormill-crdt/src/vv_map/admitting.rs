//! Taking in deltas: at once where nothing is missing, else by way of a staging.

use alloc::sync::Arc;

use serde::Serialize;
use smallvec::{SmallVec, smallvec};

use super::VvMap;
use crate::{Admission, Growth, Head, HeadVerifier, Progress, Refused, Row, RowDelta, RowId};

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> VvMap<K, V> {
    /// Takes in a delta from anybody (I2 to I5, I13).
    ///
    /// A delta that reaches its head and whose dependencies are held is applied at once; any
    /// other is staged until it does. Taking in the same delta again is a no-op.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why; visible rows are as they were.
    pub fn admit(&mut self, delta: &RowDelta<K, V>) -> Result<Admission, Refused> {
        self.admit_by(delta, None)
    }

    /// Like [`admit`](Self::admit), in a population that signs: no head is shown, nor waits for
    /// others, that the verifier has not seen. Pieces of rows are staged unseen, and dropped if the
    /// row that they make up is refused.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why; visible rows are as they were.
    pub fn admit_signed(
        &mut self,
        delta: &RowDelta<K, V>,
        verifier: &mut dyn HeadVerifier<K, V>,
    ) -> Result<Admission, Refused> {
        self.admit_by(delta, Some(verifier))
    }

    fn admit_by(
        &mut self,
        delta: &RowDelta<K, V>,
        mut verifier: Option<&mut dyn HeadVerifier<K, V>>,
    ) -> Result<Admission, Refused> {
        let id = delta.id();
        let known = self.rows.head(id);
        if let Some(head) = known.filter(|head| !delta.is_news_to(head)) {
            let same_version = head.version == delta.head().version;
            return if same_version && verifier.is_some() && head != delta.head() {
                Err(Refused::OtherHead)
            } else if same_version && head.hash != delta.head().hash {
                Err(Refused::Hash)
            } else {
                Ok(Admission { grown: SmallVec::new(), progress: Progress::Known })
            };
        }
        if id.life == self.life {
            return Err(Refused::OwnRow);
        }
        if self.rows.supersede(id) {
            return Err(Refused::OldLife);
        }
        if self.rows.is_evicted(id.life.replica) {
            return Err(Refused::Evicted);
        }
        if known.is_none() && self.rows.len() >= self.limits.rows_max {
            return Err(Refused::TableFull);
        }
        if delta.head().dependencies.len() > self.limits.dependencies_max {
            return Err(Refused::TooManyDependencies);
        }
        if delta.is_complete() && self.holds_dependencies(delta.head()) {
            let reborrowed: Option<&mut dyn HeadVerifier<K, V>> = match &mut verifier {
                Some(verifier) => Some(&mut **verifier),
                None => None,
            };
            match self.apply_whole(delta, reborrowed) {
                Err(Refused::Gap { .. } | Refused::Floor) => {}
                Err(refused) => return Err(refused),
                Ok(growth) => {
                    let mut grown = smallvec![growth];
                    self.settle(id, &mut grown);
                    return Ok(Admission { grown, progress: Progress::Visible });
                }
            }
        }
        self.check_quota(delta)?;
        self.stage(delta, verifier)
    }

    fn apply_whole(
        &mut self,
        delta: &RowDelta<K, V>,
        verifier: Option<&mut dyn HeadVerifier<K, V>>,
    ) -> Result<Growth, Refused> {
        let id = delta.id();
        let Some(row) = self.rows.get(id) else {
            self.show_whole(delta, verifier)?;
            return Ok(Growth { id, from: 0 });
        };
        let from = row.version();
        // Planned before anything changes, so that a refusal copies no shared row.
        match (row.plan_whole(delta), verifier) {
            (Ok(mut plan), verifier) => {
                self.check_growth(id, plan.new_keys())?;
                if let Some(verifier) = verifier {
                    row.verify_planned(&mut plan, delta, verifier)?;
                }
                self.rows.change(id, |row| row.carry_out(plan, delta));
            }
            // The owner told us something else before. What it says by now, if it says so, counts.
            (Err(Refused::Hash), Some(verifier)) if delta.from() == 0 => {
                self.show_whole(delta, Some(verifier))?;
            }
            (Err(refused), _) => return Err(refused),
        }
        Ok(Growth { id, from })
    }

    fn show_whole(
        &mut self,
        delta: &RowDelta<K, V>,
        verifier: Option<&mut dyn HeadVerifier<K, V>>,
    ) -> Result<(), Refused> {
        self.check_quota(delta)?;
        let mut row = Row::from_whole(delta)?;
        if let Some(verifier) = verifier {
            row.keep_sums();
            row.verify(verifier)?;
        }
        self.show(Arc::new(row));
        Ok(())
    }

    pub(super) fn stage(
        &mut self,
        delta: &RowDelta<K, V>,
        verifier: Option<&mut dyn HeadVerifier<K, V>>,
    ) -> Result<Admission, Refused> {
        let id = delta.id();
        let visible = self.rows.get(id).map(|row| &**row);
        let covered = self.stagings.take(delta, visible, &self.limits, verifier)?;
        let mut grown = SmallVec::new();
        let progress = if self.stagings.is_waiting(id) {
            if self.stagings.may_be_ready(id, &self.rows) {
                self.swap_waiting(&mut grown);
            }
            let waits = self.stagings.is_waiting(id);
            if waits { Progress::Waiting } else { Progress::Visible }
        } else {
            Progress::Staged { covered }
        };
        Ok(Admission { grown, progress })
    }

    /// After `id` grew: drops what is staged for it and no longer ahead, and swaps in what waited.
    pub(super) fn settle(&mut self, id: RowId, grown: &mut SmallVec<[Growth; 1]>) {
        if self.stagings.is_empty() {
            return;
        }
        let visible = self.version(id);
        if self.stagings.target(id).is_some_and(|target| target.version <= visible) {
            self.stagings.remove(id);
        }
        self.swap_waiting(grown);
    }

    pub(super) fn swap_waiting(&mut self, grown: &mut SmallVec<[Growth; 1]>) {
        for row in self.stagings.take_ready(&self.rows) {
            grown.push(Growth { id: row.id(), from: self.version(row.id()) });
            self.show(Arc::new(row));
        }
    }

    pub(super) fn holds_dependencies(&self, head: &Head) -> bool {
        head.dependencies.iter().all(|(on, at)| self.rows.meet(*on, *at))
    }
}
