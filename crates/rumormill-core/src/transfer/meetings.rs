//! Counts what became of rows, by how far they had come.

use rumormill_crdt::{Admission, Progress, Refused, RowId, Table, Version};

use super::Transfer;
use crate::{
    Address,
    encounters::{TransferEvent, TransferState},
};

impl<A: Address> Transfer<A> {
    /// How far a row has come.
    pub(crate) fn state_of(&self, id: RowId, table: &Table) -> TransferState {
        if table.missing_dependencies(id).next().is_some() {
            TransferState::Waiting
        } else if table.is_staged(id) {
            TransferState::Staged
        } else if self.wants.contains_key(&id) {
            TransferState::Asked
        } else {
            TransferState::Unasked
        }
    }

    pub(super) fn note_wanted(&mut self, id: RowId, version: Version, table: &Table) {
        if table.version(id) < version {
            self.encounters.note(self.state_of(id, table), TransferEvent::Named);
        }
    }

    /// Counts a delta of `id` that was taken in, and the rows that were shown with it.
    pub(crate) fn note_admission(&mut self, met: TransferState, id: RowId, it: &Admission) {
        let event = match it.progress {
            Progress::Known => TransferEvent::Known,
            Progress::Visible => TransferEvent::Whole,
            Progress::Staged { .. } => TransferEvent::Piece,
            Progress::Waiting => TransferEvent::Waits,
        };
        self.encounters.note(met, event);
        for _ in it.grown.iter().filter(|growth| growth.id != id) {
            self.encounters.note(TransferState::Waiting, TransferEvent::ShownWithOthers);
        }
    }

    /// Counts a delta that was refused.
    pub(crate) fn note_refusal(&mut self, met: TransferState, why: Refused) {
        let event = if matches!(why, Refused::Gap { .. }) {
            TransferEvent::Gap
        } else if why == Refused::Floor {
            TransferEvent::Floor
        } else {
            TransferEvent::Refused
        };
        self.encounters.note(met, event);
    }
}
