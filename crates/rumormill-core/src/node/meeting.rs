//! Who it is that we hear of, and who we are.

use rumormill_crdt::{ReplicaId, RowId, Space};

use super::Node;
use crate::{
    Address, Rejected,
    sender::{Sender, Tag},
};

impl<A: Address> Node<A> {
    /// Turns away what is sent in our own name.
    pub(super) fn check_name(&mut self, sender: Sender, from: &A) -> Result<(), Rejected> {
        let own = self.life();
        let other = match sender {
            Sender::Tag(tag) if tag != Tag::of(own) => return Ok(()),
            Sender::Life(life) if life.replica != own.replica => return Ok(()),
            Sender::Tag(_) => own,
            Sender::Life(life) => life,
        };
        if other == own {
            self.reconcile.drop_seed(from);
        } else {
            self.events.conflict(other);
        }
        Err(Rejected::OurName)
    }

    /// Looks at who opens a conversation: strangers are asked who they are, and members thought
    /// dead are told so, to refute. Answers are not looked at, or two nodes that mistrust each
    /// other would never stop answering.
    pub(super) fn meet(&mut self, sender: Sender, from: &A) {
        if let Some(replica) = self.known(sender) {
            if let Some(claim) = self.members.claim_against(replica) {
                self.outbox.claim(from, claim);
            }
            return;
        }
        match sender {
            Sender::Tag(_) => self.outbox.who(from),
            Sender::Life(life) => {
                let id = RowId { space: Space::SELF, life };
                let (now, table) = (self.now, self.replica.table());
                self.transfer.meet(now, id, from, table, &mut self.outbox);
            }
        }
    }

    /// Tells a peer who we are.
    pub(super) fn introduce_to(&mut self, peer: &A) {
        self.outbox.introduce(peer);
        let own = RowId { space: Space::SELF, life: self.life() };
        self.outbox.offer(peer, own, 0);
    }

    /// Says whether somebody is a member who writes from its address.
    pub(super) fn is_at_home(&self, sender: Sender, from: &A) -> bool {
        let is_at_home = |replica| self.members.address(replica) == Some(from);
        match sender {
            Sender::Tag(tag) => self.members.all_tagged(tag).any(is_at_home),
            Sender::Life(_) => self.known(sender).is_some_and(is_at_home),
        }
    }

    fn known(&self, sender: Sender) -> Option<ReplicaId> {
        match sender {
            Sender::Tag(tag) => self.members.tagged(tag),
            Sender::Life(life) => Some(life.replica).filter(|_| self.members.knows(life)),
        }
    }
}
