//! Counts what was heard of members, by what was known of them.

use core::cmp::Ordering;

use rumormill_crdt::ReplicaId;

use super::{Liveness, Membership};
use crate::{
    Address,
    encounters::{MemberEvent, MemberState},
    message::{Claim, ClaimedStanding},
    self_row::SelfRow,
};

impl<A: Address> Membership<A> {
    /// Counts a claim that somebody made.
    pub(crate) fn note_claim(&mut self, claim: Claim) {
        let replica = claim.life.replica;
        let of_member = self.members.get(&replica).map_or(0, |known| known.incarnation);
        let is_ours = replica == self.own.replica;
        let known = if is_ours { self.incarnation } else { of_member };
        self.note(replica, of_claim(claim.standing, claim.incarnation.cmp(&known)));
    }

    /// Counts a claim about somebody who is not known.
    pub(crate) fn note_claim_of_unknown(&mut self, standing: ClaimedStanding) {
        self.encounters.note(MemberState::Unknown, of_claim(standing, Ordering::Greater));
    }

    /// Counts what a member says of itself.
    pub(super) fn note_row(&mut self, says: &SelfRow<A>) {
        let epoch = self.members.get(&says.life.replica).map(|known| known.epoch);
        let event = match epoch {
            _ if says.left => MemberEvent::RowSaysLeft,
            Some(epoch) if says.life.epoch <= epoch => MemberEvent::RowOfThisLife,
            Some(_) | None => MemberEvent::RowOfLaterLife,
        };
        self.note(says.life.replica, event);
    }

    pub(super) fn note(&mut self, replica: ReplicaId, event: MemberEvent) {
        let state = self.standing(replica);
        self.encounters.note(state, event);
    }

    fn standing(&self, replica: ReplicaId) -> MemberState {
        match self.liveness(replica) {
            _ if replica == self.own.replica => MemberState::Ourselves,
            None => MemberState::Unknown,
            Some(Liveness::Alive) => MemberState::Alive,
            Some(Liveness::Suspect) => MemberState::Suspect,
            Some(Liveness::Dead) => MemberState::Dead,
            Some(Liveness::Left) => MemberState::Left,
        }
    }
}

const fn of_claim(standing: ClaimedStanding, than_known: Ordering) -> MemberEvent {
    use {MemberEvent as E, Ordering as O};
    match (standing, than_known) {
        (ClaimedStanding::Alive, O::Less) => E::AliveOlder,
        (ClaimedStanding::Alive, O::Equal) => E::AliveSame,
        (ClaimedStanding::Alive, O::Greater) => E::AliveNewer,
        (ClaimedStanding::Suspect { .. }, O::Less) => E::SuspectOlder,
        (ClaimedStanding::Suspect { .. }, O::Equal) => E::SuspectSame,
        (ClaimedStanding::Suspect { .. }, O::Greater) => E::SuspectNewer,
        (ClaimedStanding::Dead, O::Less) => E::DeadOlder,
        (ClaimedStanding::Dead, O::Equal) => E::DeadSame,
        (ClaimedStanding::Dead, O::Greater) => E::DeadNewer,
    }
}
