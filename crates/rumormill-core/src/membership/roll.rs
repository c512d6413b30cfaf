//! Members in a list, to be drawn at random or called one after the other.

use alloc::vec::Vec;

use rumormill_crdt::ReplicaId;

use crate::random::Random;

/// Members in a list. Whoever keeps it knows where each member stands, and is told whenever one is
/// moved.
#[derive(Debug, Default)]
pub(super) struct Roll {
    members: Vec<ReplicaId>,
    /// Members before this place were called in this round.
    turn: usize,
}

impl Roll {
    pub(super) const fn new() -> Self {
        Self { members: Vec::new(), turn: 0 }
    }

    pub(super) fn members(&self) -> &[ReplicaId] {
        &self.members
    }

    /// Adds a member and returns its place.
    pub(super) fn push(&mut self, replica: ReplicaId) -> u32 {
        if self.members.len() == self.members.capacity() {
            // Doubling the room would leave a third of it unused.
            self.members.reserve_exact(self.members.len() / 8 + 4);
        }
        self.members.push(replica);
        place(self.members.len() - 1)
    }

    /// Takes out the member at a place. Nobody else is called twice in this round, or left out.
    pub(super) fn remove(&mut self, at: u32, mut moved: impl FnMut(ReplicaId, u32)) {
        let mut hole = at as usize;
        if hole < self.turn {
            self.turn -= 1;
            self.members.swap(hole, self.turn);
            if hole < self.turn {
                moved(self.members[hole], place(hole));
            }
            hole = self.turn;
        }
        self.members.swap_remove(hole);
        if let Some(last) = self.members.get(hole) {
            moved(*last, place(hole));
        }
    }

    /// Calls the next member of the round: one at random of those that were not called yet, which
    /// is a shuffle (Fisher and Yates) that takes one step at a time.
    pub(super) fn next(
        &mut self,
        random: &mut Random,
        mut moved: impl FnMut(ReplicaId, u32),
    ) -> Option<ReplicaId> {
        if self.turn >= self.members.len() {
            self.turn = 0;
        }
        let drawn = self.turn + random.below(self.members.len() - self.turn);
        let next = *self.members.get(drawn)?;
        self.members.swap(self.turn, drawn);
        moved(self.members[drawn], place(drawn));
        moved(next, place(self.turn));
        self.turn += 1;
        Some(next)
    }
}

/// A place in four bytes, which is enough for all members that memory holds.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Members come and go at random while they are called.
    #[test]
    fn each_member_that_stays_is_called_once_a_round() {
        let mut random = Random::new(1);
        let (mut roll, mut places) = (Roll::new(), BTreeMap::new());
        for id in (0..40).map(ReplicaId) {
            places.insert(id, roll.push(id));
        }
        let mut missing = 0;
        for round in 1..100u64 {
            let staying: BTreeSet<ReplicaId> = roll.members().iter().copied().collect();
            let (mut called, mut gone) = (Vec::new(), BTreeSet::new());
            for step in 0.. {
                let next = roll.next(&mut random, |id, at| {
                    places.insert(id, at);
                });
                called.push(next.expect("somebody stays"));
                if step == 7 {
                    for id in (0..missing).map(|id| ReplicaId(round * 1_000 + id)) {
                        places.insert(id, roll.push(id));
                    }
                }
                if step % 5 == 0 && roll.members().len() > 20 {
                    let id = roll.members()[random.below(roll.members().len())];
                    let at = places.remove(&id).expect("it has a place");
                    roll.remove(at, |id, at| {
                        places.insert(id, at);
                    });
                    gone.insert(id);
                }
                if roll.turn >= roll.members().len() {
                    break;
                }
            }
            for (id, at) in &places {
                assert_eq!(roll.members()[*at as usize], *id);
            }
            let distinct: BTreeSet<ReplicaId> = called.iter().copied().collect();
            assert_eq!(distinct.len(), called.len(), "round {round}");
            assert!(staying.difference(&gone).all(|id| distinct.contains(id)), "round {round}");
            missing = gone.len() as u64;
        }
    }
}
