//! Counts what was said about what differs, by what was under way.

use rumormill_sketch::Comparison;

use super::Reconcile;
use crate::{
    Address,
    encounters::{ReconcileEvent, ReconcileState},
    message::Message,
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

    /// Counts a message; what came of a comparison is counted once that is known.
    pub(super) fn note_message(&mut self, message: &Message) {
        let event = match message {
            Message::Differ { .. } => ReconcileEvent::Differ,
            Message::Cells(_) => ReconcileEvent::Cells,
            Message::More(_) => ReconcileEvent::More,
            Message::Ask(_) => ReconcileEvent::Ask,
            Message::Audit { .. } => ReconcileEvent::Audit,
            Message::Page(_) => ReconcileEvent::Page,
            Message::Lack(_) => ReconcileEvent::Lack,
            Message::Filled(_) => ReconcileEvent::Filled,
            Message::Ping { .. }
            | Message::Ack { .. }
            | Message::Who
            | Message::Claim(_)
            | Message::Compare(_)
            | Message::Pull { .. }
            | Message::NextPage { .. }
            | Message::Request { .. }
            | Message::Delta(_)
            | Message::Row(_)
            | Message::Rumor { .. }
            | Message::Announce { .. }
            | Message::PingFor { .. }
            | Message::Nack { .. }
            | Message::WhoIsDead
            | Message::SoManyAreDead { .. }
            | Message::Attested(_) => return,
        };
        self.note(event);
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
