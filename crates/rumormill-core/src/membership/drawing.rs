//! Whom to turn to: members in turn, at random, and rather those near by.

use rumormill_crdt::ReplicaId;
use smallvec::SmallVec;

use super::{
    Membership, set_slot,
    zone::{self, Bias},
};
use crate::{Address, message::Claim, random::Random};

/// A draw is repeated so often at most to find somebody who was not drawn yet.
const DRAWS_MAX: usize = 8;

impl<A: Address> Membership<A> {
    /// The next member to be probed of those that are alive or suspect: each once a round.
    pub(crate) fn next_in_round(&mut self, random: &mut Random) -> Option<ReplicaId> {
        let Self { members, reachable, .. } = self;
        reachable.next(random, |replica, slot| set_slot(members, replica, slot))
    }

    /// Draws at most `count` distinct members that are alive or suspect.
    pub(crate) fn draw(&self, random: &mut Random, count: usize) -> SmallVec<[A; 4]> {
        let total = self.reachable().len();
        let mut drawn: SmallVec<[usize; 8]> = SmallVec::new();
        // Floyd's sampling: the k-th draw is from the first n - count + k, and the last of these
        // stands in for one drawn before (Bentley and Floyd, CACM 30(9), 1987).
        for last in total.saturating_sub(count)..total {
            let slot = random.below(last + 1);
            drawn.push(if drawn.contains(&slot) { last } else { slot });
        }
        let replicas = drawn.iter().map(|slot| self.reachable()[*slot]);
        replicas.filter_map(|replica| self.address(replica).cloned()).collect()
    }

    /// Draws at most `count` distinct members that are alive or suspect, most of them from our zone.
    pub(crate) fn draw_near(
        &self,
        random: &mut Random,
        count: usize,
        bias: Bias,
    ) -> SmallVec<[A; 4]> {
        let (all, ours) = (self.reachable.members(), self.zone.roll.members());
        let is_even = ours.is_empty() && !bias.prefers_near;
        if is_even || all.len() <= count {
            return self.draw(random, count);
        }
        let near = if ours.is_empty() { all } else { ours };
        let mut drawn: SmallVec<[ReplicaId; 8]> = SmallVec::new();
        for _ in 0..count {
            let is_near = random.below(1_000) < bias.per_mille;
            let list = if is_near { near } else { all };
            let distance = |replica| self.round_trip(replica).distance();
            let distance = (is_near && bias.prefers_near).then_some(distance);
            let mut draw = |list| {
                let mut draws = (0..DRAWS_MAX).filter_map(|_| zone::draw(list, random, distance));
                draws.find(|it| !drawn.contains(it))
            };
            // Where our zone is exhausted, somebody else is told.
            let new = draw(list).or_else(|| draw(all));
            drawn.extend(new);
        }
        drawn.into_iter().filter_map(|replica| self.address(replica).cloned()).collect()
    }

    /// Draws at most `count` members of all that have not left; one may be drawn twice.
    pub(crate) fn draw_any(&self, random: &mut Random, count: usize) -> SmallVec<[A; 4]> {
        let (reachable, dead) = (self.reachable.members(), self.dead.members());
        let draws = (0..count).filter_map(|_| {
            let slot = random.below(reachable.len() + dead.len());
            reachable.get(slot).or_else(|| dead.get(slot.checked_sub(reachable.len())?))
        });
        draws.filter_map(|replica| self.address(*replica).cloned()).collect()
    }

    /// Draws one dead member, with what is said of it.
    pub(crate) fn draw_dead(&self, random: &mut Random) -> Option<(&A, Option<Claim>)> {
        let dead = self.dead.members();
        let replica = *dead.get(random.below(dead.len()))?;
        Some((self.address(replica)?, self.claim_against(replica)))
    }
}
