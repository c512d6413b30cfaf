//! Who is there: members, what is believed of them, and the beliefs to pass on.
//!
//! Das, Gupta and Motivala, "SWIM" (DSN 2002), section 4: suspicion, refutation by incarnation,
//! and beliefs that ride along with other traffic. Members and addresses are not rumors here but
//! rows of the table, so a joiner has them all after one reconciliation.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::time::Duration;

use rumormill_crdt::{Bytes, Key, Life, ReplicaId, Row, RowId};
use smallvec::SmallVec;

use crate::{
    Address, Instant,
    event::Events,
    message::{Claim, ClaimedStanding, Name},
    random::Random,
    self_row::SelfRow,
    sender::Tag,
};

/// The most claims that ride along in one datagram.
const CLAIMS_ALONG_MAX: usize = 6;

/// The farthest a claim may run ahead of the incarnation we know; a member refutes once per
/// suspicion, so honest claims never get near it.
const INCARNATION_JUMP_MAX: u64 = 1 << 32;

/// What is known of a member's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It answers, or nobody has said otherwise.
    Alive,
    /// It missed its probes and has time to refute.
    Suspect,
    /// It did not refute. It is still looked after from time to time, should it come back.
    Dead,
    /// It said good-bye.
    Left,
}

/// A replica as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'m, A> {
    /// Its newest life that was heard of.
    pub life: Life,
    /// Where it is reached.
    pub address: &'m A,
    /// What people call it; empty if it did not say.
    pub name: &'m str,
    /// Whether it is there.
    pub liveness: Liveness,
}

/// All members but ourselves, and the claims to pass on.
#[derive(Debug)]
pub(crate) struct Membership<A> {
    own: Life,
    incarnation: u64,
    members: BTreeMap<ReplicaId, Entry<A>>,
    /// Members by the tags of their newest lives.
    tags: BTreeMap<Tag, ReplicaId>,
    /// Members that are alive or suspect, to draw peers from.
    reachable: Vec<ReplicaId>,
    /// Members that are dead, to look after.
    dead: Vec<ReplicaId>,
    /// When suspects are out of time.
    deadlines: BTreeSet<(Instant, ReplicaId)>,
    /// Claims to pass on, least often passed on first.
    rumors: BTreeSet<(u32, ReplicaId)>,
    claims: BTreeMap<ReplicaId, (Claim, u32)>,
    pub(crate) refutations: u64,
}

#[derive(Debug)]
struct Entry<A> {
    life: Life,
    address: A,
    name: String,
    incarnation: u64,
    standing: Standing,
    /// Where the member stands in `reachable` or `dead`.
    slot: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Alive,
    Suspect { refute_by: Instant },
    Dead,
    Left,
}

impl<A: Address> Membership<A> {
    pub(crate) const fn new(own: Life) -> Self {
        Self {
            own,
            incarnation: 0,
            members: BTreeMap::new(),
            tags: BTreeMap::new(),
            reachable: Vec::new(),
            dead: Vec::new(),
            deadlines: BTreeSet::new(),
            rumors: BTreeSet::new(),
            claims: BTreeMap::new(),
            refutations: 0,
        }
    }

    /// Begins a new life of our own, at incarnation 0.
    pub(crate) fn begin_life(&mut self, own: Life) {
        self.own = own;
        self.incarnation = 0;
        self.forget_claim(own.replica);
    }

    /// Learns a member from its `self` row. Rows that do not parse are kept but are no members.
    pub(crate) fn handle_row(&mut self, row: &Row<Key, Bytes>, events: &mut Events<A>) {
        let Some(says) = SelfRow::read(row) else { return };
        let replica = says.life.replica;
        if replica == self.own.replica {
            return;
        }
        let Some(known) = self.members.get_mut(&replica) else {
            self.add(replica, says);
            events.member_changed(replica);
            return;
        };
        if says.life < known.life {
            return;
        }
        let is_new_life = says.life > known.life;
        if is_new_life {
            self.tags.remove(&Tag::of(known.life));
            self.tags.insert(Tag::of(says.life), replica);
        }
        known.life = says.life;
        known.address = says.address;
        known.name = says.name;
        if is_new_life {
            known.incarnation = 0;
            self.forget_claim(replica);
        }
        let standing = match (says.left, is_new_life) {
            (true, _) => Standing::Left,
            (false, true) => Standing::Alive,
            (false, false) => return,
        };
        self.set_standing(replica, standing, events);
    }

    /// Forgets a member whose row is gone.
    pub(crate) fn forget(&mut self, replica: ReplicaId, events: &mut Events<A>) {
        // A member that left is in no list and has no deadline.
        self.set_standing(replica, Standing::Left, events);
        self.forget_claim(replica);
        if let Some(known) = self.members.remove(&replica) {
            self.tags.remove(&Tag::of(known.life));
        }
    }

    /// Takes in a claim by anybody. Returns whether it was news; only news is passed on.
    pub(crate) fn handle_claim(
        &mut self,
        now: Instant,
        claim: Claim,
        refute_within: Duration,
        events: &mut Events<A>,
    ) -> bool {
        if claim.life == self.own {
            return self.refute(claim);
        }
        let Some(known) = self.members.get_mut(&claim.life.replica) else { return false };
        let ahead = claim.incarnation.saturating_sub(known.incarnation);
        let is_news = claim.life == known.life
            && known.standing != Standing::Left
            && ahead <= INCARNATION_JUMP_MAX
            && (claim.incarnation, claim.standing) > (known.incarnation, known.standing.claimed());
        if is_news {
            known.incarnation = claim.incarnation;
            let standing = match claim.standing {
                ClaimedStanding::Alive => Standing::Alive,
                ClaimedStanding::Suspect => Standing::Suspect { refute_by: now + refute_within },
                ClaimedStanding::Dead => Standing::Dead,
            };
            self.set_standing(claim.life.replica, standing, events);
            self.pass_on(claim);
        }
        is_news
    }

    /// Suspects a member that did not answer. Returns the claim, to tell it so that it can refute.
    pub(crate) fn suspect(
        &mut self,
        now: Instant,
        replica: ReplicaId,
        refute_within: Duration,
        events: &mut Events<A>,
    ) -> Option<Claim> {
        let known = self.members.get(&replica)?;
        let (life, incarnation) = (known.life, known.incarnation);
        let claim = Claim { life, incarnation, standing: ClaimedStanding::Suspect };
        self.handle_claim(now, claim, refute_within, events).then_some(claim)
    }

    /// Declares suspects dead whose time is up.
    pub(crate) fn handle_timeout(&mut self, now: Instant, events: &mut Events<A>) {
        while let Some(&(deadline, replica)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            self.deadlines.pop_first();
            if let Some(known) = self.members.get(&replica) {
                let (life, incarnation) = (known.life, known.incarnation);
                let claim = Claim { life, incarnation, standing: ClaimedStanding::Dead };
                self.handle_claim(now, claim, Duration::ZERO, events);
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Says whether there are claims to pass on.
    pub(crate) fn has_claims(&self) -> bool {
        !self.rumors.is_empty()
    }

    /// The claims that are next to be passed on.
    pub(crate) fn claims_along(&self) -> SmallVec<[Claim; CLAIMS_ALONG_MAX]> {
        let next = self.rumors.iter().take(CLAIMS_ALONG_MAX);
        next.filter_map(|(_, replica)| Some(self.claims.get(replica)?.0)).collect()
    }

    /// Counts the first `count` of those claims as passed on; often enough is enough.
    pub(crate) fn claims_passed_on(&mut self, count: usize, times_max: u32) {
        for _ in 0..count {
            let Some((times, replica)) = self.rumors.pop_first() else { return };
            match self.claims.get_mut(&replica) {
                Some((_, passed)) if times + 1 < times_max => {
                    *passed = times + 1;
                    self.rumors.insert((times + 1, replica));
                }
                _ => {
                    self.claims.remove(&replica);
                }
            }
        }
    }

    /// The claim to tell a member, or somebody who asks, unless it is alive or left.
    pub(crate) fn claim_against(&self, replica: ReplicaId) -> Option<Claim> {
        let known = self.members.get(&replica)?;
        let standing = known.standing.claimed();
        let grave = matches!(known.standing, Standing::Suspect { .. } | Standing::Dead);
        grave.then_some(Claim { life: known.life, incarnation: known.incarnation, standing })
    }

    /// The claims about dead members, at most `count_max`, to tell a newcomer.
    pub(crate) fn claims_about_dead(&self, count_max: usize) -> impl Iterator<Item = Claim> {
        self.dead.iter().take(count_max).filter_map(|replica| self.claim_against(*replica))
    }

    /// Draws at most `count` distinct members that are alive or suspect.
    pub(crate) fn draw(&self, random: &mut Random, count: usize) -> SmallVec<[A; 4]> {
        let total = self.reachable.len();
        let mut drawn: SmallVec<[usize; 8]> = SmallVec::new();
        // Floyd's sampling: the k-th draw is from the first n - count + k, and the last of these
        // stands in for one drawn before (Bentley and Floyd, CACM 30(9), 1987).
        for last in total.saturating_sub(count)..total {
            let slot = random.below(last + 1);
            drawn.push(if drawn.contains(&slot) { last } else { slot });
        }
        let replicas = drawn.iter().map(|slot| self.reachable[*slot]);
        replicas.filter_map(|replica| self.address(replica).cloned()).collect()
    }

    /// Draws one dead member.
    pub(crate) fn draw_dead(&self, random: &mut Random) -> Option<(&A, Claim)> {
        let replica = *self.dead.get(random.below(self.dead.len()))?;
        Some((self.address(replica)?, self.claim_against(replica)?))
    }

    /// Members that are alive or suspect.
    pub(crate) fn reachable(&self) -> &[ReplicaId] {
        &self.reachable
    }

    pub(crate) fn is_reachable(&self, replica: ReplicaId) -> bool {
        let standing = self.members.get(&replica).map(|known| known.standing);
        matches!(standing, Some(Standing::Alive | Standing::Suspect { .. }))
    }

    pub(crate) fn knows(&self, life: Life) -> bool {
        self.members.get(&life.replica).is_some_and(|known| known.life >= life)
    }

    /// The row that a peer means; nothing if it is of nobody we know.
    pub(crate) fn row_named(&self, name: Name) -> Option<RowId> {
        match name {
            Name::Row(id) => Some(id),
            Name::Tagged { space, tag } => {
                let life = self.members.get(self.tags.get(&tag)?)?.life;
                Some(RowId { space, life })
            }
        }
    }

    /// The member whose newest life has this tag.
    pub(crate) fn tagged(&self, tag: Tag) -> Option<ReplicaId> {
        self.tags.get(&tag).copied()
    }

    pub(crate) fn address(&self, replica: ReplicaId) -> Option<&A> {
        self.members.get(&replica).map(|known| &known.address)
    }

    pub(crate) fn liveness(&self, replica: ReplicaId) -> Option<Liveness> {
        self.members.get(&replica).map(|known| known.standing.liveness())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Member<'_, A>> {
        self.members.values().map(|known| Member {
            life: known.life,
            address: &known.address,
            name: &known.name,
            liveness: known.standing.liveness(),
        })
    }

    /// How many members there are that have not left, ourselves included.
    pub(crate) fn population(&self) -> usize {
        self.reachable.len() + self.dead.len() + 1
    }

    fn add(&mut self, replica: ReplicaId, says: SelfRow<A>) {
        let SelfRow { life, address, name, left } = says;
        let slot = self.reachable.len();
        let mut known =
            Entry { life, address, name, incarnation: 0, standing: Standing::Alive, slot };
        if left {
            known.standing = Standing::Left;
        } else {
            self.reachable.push(replica);
        }
        self.tags.insert(Tag::of(life), replica);
        self.members.insert(replica, known);
    }

    /// Answers a claim against our own life with a higher incarnation.
    fn refute(&mut self, claim: Claim) -> bool {
        let against_us = claim.standing != ClaimedStanding::Alive;
        let current = claim.incarnation >= self.incarnation;
        if against_us && current {
            self.incarnation = claim.incarnation.saturating_add(1);
            self.refutations += 1;
            self.pass_on(self.own_claim());
        }
        against_us && current
    }

    /// What we say of ourselves.
    pub(crate) const fn own_claim(&self) -> Claim {
        let incarnation = self.incarnation;
        Claim { life: self.own, incarnation, standing: ClaimedStanding::Alive }
    }

    fn pass_on(&mut self, claim: Claim) {
        let replica = claim.life.replica;
        self.forget_claim(replica);
        self.claims.insert(replica, (claim, 0));
        self.rumors.insert((0, replica));
    }

    fn forget_claim(&mut self, replica: ReplicaId) {
        if let Some((_, times)) = self.claims.remove(&replica) {
            self.rumors.remove(&(times, replica));
        }
    }

    fn set_standing(&mut self, replica: ReplicaId, standing: Standing, events: &mut Events<A>) {
        let Some(known) = self.members.get_mut(&replica) else { return };
        let before = core::mem::replace(&mut known.standing, standing);
        if before == standing {
            return;
        }
        if let Standing::Suspect { refute_by } = before {
            self.deadlines.remove(&(refute_by, replica));
        }
        if let Standing::Suspect { refute_by } = standing {
            self.deadlines.insert((refute_by, replica));
        }
        if before.list() != standing.list() {
            self.move_between_lists(replica, before, standing);
        }
        if before.liveness() != standing.liveness() {
            events.member_changed(replica);
        }
    }

    fn move_between_lists(&mut self, replica: ReplicaId, before: Standing, after: Standing) {
        let Some(slot) = self.members.get(&replica).map(|known| known.slot) else { return };
        if let Some(list) = self.list(before.list()) {
            list.swap_remove(slot);
            let moved = list.get(slot).copied();
            if let Some(known) = moved.and_then(|moved| self.members.get_mut(&moved)) {
                known.slot = slot;
            }
        }
        if let Some(list) = self.list(after.list()) {
            let slot = list.len();
            list.push(replica);
            if let Some(known) = self.members.get_mut(&replica) {
                known.slot = slot;
            }
        }
    }

    const fn list(&mut self, list: List) -> Option<&mut Vec<ReplicaId>> {
        match list {
            List::Reachable => Some(&mut self.reachable),
            List::Dead => Some(&mut self.dead),
            List::None => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Reachable,
    Dead,
    None,
}

impl Standing {
    const fn list(self) -> List {
        match self {
            Self::Alive | Self::Suspect { .. } => List::Reachable,
            Self::Dead => List::Dead,
            Self::Left => List::None,
        }
    }

    const fn claimed(self) -> ClaimedStanding {
        match self {
            Self::Alive => ClaimedStanding::Alive,
            Self::Suspect { .. } => ClaimedStanding::Suspect,
            Self::Dead | Self::Left => ClaimedStanding::Dead,
        }
    }

    const fn liveness(self) -> Liveness {
        match self {
            Self::Alive => Liveness::Alive,
            Self::Suspect { .. } => Liveness::Suspect,
            Self::Dead => Liveness::Dead,
            Self::Left => Liveness::Left,
        }
    }
}
