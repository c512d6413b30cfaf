//! Our own zone: who else is in it, to be told of news before others.

use alloc::{collections::BTreeSet, string::String};

use rumormill_crdt::{ReplicaId, codec, keyed_hash};

use super::roll::Roll;
use crate::{Address, random::Random};

/// The place of a member that is not in the roll of our zone.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Our own zone. Of other zones nothing is kept: whoever is not in ours is drawn from all.
#[derive(Debug)]
pub(super) struct Zone {
    label: String,
    /// Members of it that are alive or suspect.
    pub(super) roll: Roll,
    /// What stands for the addresses of its members, ourselves left out.
    addresses: BTreeSet<u32>,
}

impl Zone {
    pub(super) const fn new(label: String) -> Self {
        Self { label, roll: Roll::new(), addresses: BTreeSet::new() }
    }

    /// Says whether a label is that of our zone. Who has no label is in no zone.
    pub(super) fn is_ours(&self, label: &str) -> bool {
        !self.label.is_empty() && self.label == label
    }

    pub(super) fn add_address<A: Address>(&mut self, address: &A) {
        self.addresses.insert(short(address));
    }

    pub(super) fn remove_address<A: Address>(&mut self, address: &A) {
        self.addresses.remove(&short(address));
    }

    /// Says whether what is sent there leaves our zone.
    pub(super) fn is_elsewhere<A: Address>(&self, address: &A) -> bool {
        !self.label.is_empty() && !self.addresses.contains(&short(address))
    }
}

/// Four bytes for an address: enough to count what goes where.
fn short<A: Address>(address: &A) -> u32 {
    let bytes = codec::encode_to_vec(address).unwrap_or_default();
    let [.., a, b, c, d] = keyed_hash(*b"address of a row", &bytes).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// How peers for rumors are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bias {
    /// Of 1,000 draws so many are from our zone.
    pub(crate) per_mille: usize,
    /// Whether the nearer of two is taken in these.
    pub(crate) prefers_near: bool,
}

/// Draws one of a list, or the one of two that `distance` says is nearer.
pub(super) fn draw(
    list: &[ReplicaId],
    random: &mut Random,
    distance: Option<impl Fn(ReplicaId) -> u16>,
) -> Option<ReplicaId> {
    let one = *list.get(random.below(list.len()))?;
    let Some(distance) = distance else { return Some(one) };
    let other = *list.get(random.below(list.len()))?;
    Some(if distance(other) < distance(one) { other } else { one })
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use core::time::Duration;

    use rumormill_crdt::{Life, Limits, Replica, RowId, Space};

    use super::*;
    use crate::{
        Identity,
        event::Events,
        membership::{Liveness, Membership},
        self_row,
    };

    const NEAR: Bias = Bias { per_mille: 750, prefers_near: false };

    fn hear(members: &mut Membership<u32>, number: u32, epoch: u64, zone: &str) {
        let life = Life { replica: ReplicaId(number.into()), epoch };
        let mut replica = Replica::new(life, Limits::DEFAULT);
        let identity = Identity { replica: life.replica, name: String::new(), address: number };
        replica
            .edit(Duration::from_secs(1), |w| self_row::introduce(w, &identity, zone))
            .expect("it fits");
        let id = RowId { space: Space::SELF, life };
        members.handle_row(replica.table().row(id).expect("written"), &mut Events::new());
    }

    /// A node in the east, which knows members 1 to `count`; the first `east` are there too.
    fn node_in_the_east(count: u32, east: u32) -> Membership<u32> {
        let own = Life { replica: ReplicaId(0), epoch: 1 };
        let mut members = Membership::new(own, "east".into());
        for number in 1..=count {
            hear(&mut members, number, 1, if number <= east { "east" } else { "west" });
        }
        members
    }

    /// How often each member is drawn in 10,000 draws of three.
    fn drawn(members: &Membership<u32>, bias: Bias) -> BTreeMap<u32, u32> {
        let (mut random, mut times) = (Random::new(1), BTreeMap::new());
        for _ in 0..10_000 {
            let peers = members.draw_near(&mut random, 3, bias);
            let distinct: BTreeSet<u32> = peers.iter().copied().collect();
            assert_eq!(distinct.len(), 3);
            distinct.into_iter().for_each(|peer| *times.entry(peer).or_default() += 1);
        }
        times
    }

    #[test]
    fn most_draws_are_near_and_nobody_is_left_out() {
        let times = drawn(&node_in_the_east(40, 10), NEAR);
        let near: u32 = times.range(..=10).map(|(_, times)| times).sum();
        // Three fourths, and a fourth of the rest; who is drawn already is not drawn again.
        let expected = 30_000 * 13 / 16;
        assert!(near.abs_diff(expected) < 900, "{near} of about {expected}");
        let least = times.range(11..).map(|(_, times)| *times).min();
        assert!(times.len() == 40 && least > Some(120), "{times:?}");
    }

    #[test]
    fn who_moves_or_is_gone_is_not_near() {
        let mut members = node_in_the_east(12, 6);
        hear(&mut members, 1, 2, "west");
        hear(&mut members, 12, 2, "east");
        hear(&mut members, 11, 0, "east");
        let mut events = Events::new();
        members.set_liveness(ReplicaId(2), Liveness::Dead, &mut events);
        members.set_liveness(ReplicaId(3), Liveness::Suspect, &mut events);
        members.forget(ReplicaId(4), &mut events);
        let near = |members: &Membership<u32>| {
            let near: BTreeSet<u64> = members.zone.roll.members().iter().map(|it| it.0).collect();
            near.into_iter().collect::<alloc::vec::Vec<_>>()
        };
        assert_eq!(near(&members), [3, 5, 6, 12]);
        members.set_liveness(ReplicaId(2), Liveness::Alive, &mut events);
        assert_eq!(near(&members), [2, 3, 5, 6, 12]);
        let elsewhere: alloc::vec::Vec<u32> =
            (1..=12).filter(|address| members.is_elsewhere(address)).collect();
        assert_eq!(elsewhere, [1, 4, 7, 8, 9, 10, 11]);
        (1..=12).for_each(|it| members.forget(ReplicaId(it), &mut events));
        assert!(near(&members).is_empty());
    }

    #[test]
    fn the_nearer_of_two_is_told() {
        let mut members = Membership::new(Life { replica: ReplicaId(0), epoch: 1 }, String::new());
        for number in 1..=40 {
            hear(&mut members, number, 1, "");
            let took = if number <= 20 { 1 } else { 80 };
            members.observe(ReplicaId(number.into()), Duration::from_millis(took));
        }
        let times = drawn(&members, Bias { prefers_near: true, ..NEAR });
        let near: u32 = times.range(..=20).map(|(_, times)| times).sum();
        // Of two at least one is near in three of four cases; half of the other draws are.
        let expected = 30_000 * 11 / 16;
        assert!(near.abs_diff(expected) < 900, "{near} of about {expected}");
        let even: u32 = drawn(&members, NEAR).range(..=20).map(|(_, times)| times).sum();
        assert!(even.abs_diff(15_000) < 600, "{even}");
    }
}
