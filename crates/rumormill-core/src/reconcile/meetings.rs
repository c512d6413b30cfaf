//! Counts what was said about what differs, by what was under way.

use rumormill_sketch::Comparison;

use super::Reconcile;
use crate::{
    Address,
    encounters::{ReconcileEvent, ReconcileState},
};

impl<A: Address> Reconcile<A> {
    pub(super) fn note(&mut self, event: ReconcileEvent) {
        let state = if self.filling.is_under_way() {
            ReconcileState::Filling
        } else if self.sweep.is_under_way() {
            ReconcileState::Sweeping
        } else if self.inquiry.is_some() {
            ReconcileState::Inquiring
        } else {
            ReconcileState::Resting
        };
        self.encounters.note(state, event);
    }
}

impl ReconcileEvent {
    pub(super) const fn of(comparison: Comparison) -> Self {
        match comparison {
            Comparison::Equal => Self::Equal,
            Comparison::One(_) => Self::OneDiffers,
            Comparison::Several => Self::SeveralDiffer,
        }
    }
}
