//! Who is there: members, what is believed of them, and the beliefs to pass on.
//!
//! Das, Gupta and Motivala, "SWIM" (DSN 2002), section 4: suspicion, refutation by incarnation,
//! and beliefs that ride along with other traffic. Members and addresses are not rumors here but
//! rows of the table, so a joiner has them all after one reconciliation.

mod acquaintances;
mod beliefs;
mod claims;
mod drawing;
mod meetings;
mod roll;
mod suspicion;
mod zone;

use alloc::{collections::BTreeSet, string::String};
use core::time::Duration;

use rumormill_crdt::{Bytes, Key, Life, ReplicaId, Row, RowId, Space, Table};
use smallvec::SmallVec;

pub(crate) use self::{
    acquaintances::Acquaintances, beliefs::Heard, suspicion::Patience, zone::Bias,
};
use self::{
    claims::Claims,
    roll::Roll,
    suspicion::Suspicions,
    zone::{NOWHERE, Zone},
};
use crate::{
    Address,
    chunk_map::ChunkMap,
    encounters::{Grid, MemberEvent, MemberState},
    event::Events,
    hearsay::Hearsay,
    message::Name,
    round_trip::PeerRoundTrip,
    self_row::{self, SelfRow},
    sender::Tag,
};

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
    /// The label of the zone it is in; empty if it did not say.
    pub zone: &'m str,
    /// Whether it is there.
    pub liveness: Liveness,
}

/// All members but ourselves, and the claims to pass on.
#[derive(Debug)]
pub(crate) struct Membership<A> {
    own: Life,
    incarnation: u64,
    members: ChunkMap<ReplicaId, Entry<A>>,
    /// Members by the tags of their newest lives. Several may have one, by accident or on purpose.
    tags: ChunkMap<(Tag, ReplicaId), ()>,
    /// Members that are alive or suspect, to draw peers from.
    reachable: Roll,
    /// Members that are dead, to look after.
    dead: Roll,
    zone: Zone,
    suspicions: Suspicions,
    /// Whom we found to be suspect or dead since anybody was last heard.
    judged_in_silence: BTreeSet<ReplicaId>,
    /// Whether we say nothing of others.
    is_silent: bool,
    claims: Claims,
    pub(crate) refutations: u64,
    pub(crate) confirmations: u64,
    pub(crate) encounters: Grid<MemberState, MemberEvent>,
    /// How often a suspect was told that its time is nearly up.
    pub(crate) asked_last: u64,
    pub(crate) hearsay: Hearsay,
}

/// What is kept of a member: as little as can be, since there are many. Its replica is the key; its
/// name is in its row; until when it may refute is kept for suspects alone.
#[derive(Debug)]
struct Entry<A> {
    epoch: u64,
    incarnation: u64,
    address: A,
    round_trip: PeerRoundTrip,
    /// Where the member stands in `reachable` or `dead`.
    slot: u32,
    /// Where it stands in the roll of our zone, or nowhere.
    zone_slot: u32,
    is_in_our_zone: bool,
    liveness: Liveness,
}

impl<A: Address> Membership<A> {
    pub(crate) fn new(own: Life, zone: String) -> Self {
        Self {
            own,
            incarnation: 0,
            members: ChunkMap::new(),
            tags: ChunkMap::new(),
            reachable: Roll::new(),
            dead: Roll::new(),
            zone: Zone::new(zone),
            suspicions: Suspicions::new(),
            judged_in_silence: BTreeSet::new(),
            is_silent: false,
            claims: Claims::new(),
            refutations: 0,
            confirmations: 0,
            encounters: Grid::new(),
            asked_last: 0,
            hearsay: Hearsay::NONE,
        }
    }

    /// Begins a new life of our own, at incarnation 0.
    pub(crate) fn begin_life(&mut self, own: Life) {
        self.own = own;
        self.incarnation = 0;
        self.claims.forget(own.replica);
    }

    /// Learns a member from its `self` row. Rows that do not parse are kept but are no members.
    pub(crate) fn handle_row(&mut self, row: &Row<Key, Bytes>, events: &mut Events<A>) {
        let Some(says) = SelfRow::read(row) else { return };
        let replica = says.life.replica;
        if replica == self.own.replica {
            return;
        }
        self.note_row(&says);
        let is_in_our_zone = self.zone.is_ours(self_row::zone(row));
        match self.members.get(&replica).map(|known| known.epoch) {
            None => {
                self.add(replica, says);
                events.member_changed(replica);
            }
            Some(epoch) if says.life.epoch < epoch => return,
            Some(_) => {
                self.take_out_of_zone(replica);
                self.handle_life(replica, says, events);
            }
        }
        self.handle_zone(replica, is_in_our_zone);
    }

    /// Takes in what a member that is known says of itself.
    fn handle_life(&mut self, replica: ReplicaId, says: SelfRow<A>, events: &mut Events<A>) {
        let Some(known) = self.members.get_mut(&replica) else { return };
        let is_new_life = says.life.epoch > known.epoch;
        if known.address != says.address {
            known.address = says.address;
            known.round_trip = PeerRoundTrip::default();
        }
        if is_new_life {
            self.tags.remove(&(Tag::of(Life { replica, epoch: known.epoch }), replica));
            self.tags.insert((Tag::of(says.life), replica), ());
            known.epoch = says.life.epoch;
            known.incarnation = 0;
            self.claims.forget(replica);
        }
        let liveness = match (says.left, is_new_life) {
            (true, _) => Liveness::Left,
            (false, true) => Liveness::Alive,
            (false, false) => return,
        };
        self.set_liveness(replica, liveness, events);
    }

    /// Forgets a member whose row is gone.
    pub(crate) fn forget(&mut self, replica: ReplicaId, events: &mut Events<A>) {
        self.note(replica, MemberEvent::RowGone);
        // A member that left is in no list and has no deadline.
        self.set_liveness(replica, Liveness::Left, events);
        self.take_out_of_zone(replica);
        self.claims.forget(replica);
        if let Some(known) = self.members.remove(&replica) {
            self.tags.remove(&(Tag::of(Life { replica, epoch: known.epoch }), replica));
        }
    }

    /// Says whether what is sent to an address leaves our zone.
    pub(crate) fn is_elsewhere(&self, address: &A) -> bool {
        self.zone.is_elsewhere(address)
    }

    /// Members that are alive or suspect.
    pub(crate) fn reachable(&self) -> &[ReplicaId] {
        self.reachable.members()
    }

    pub(crate) fn is_reachable(&self, replica: ReplicaId) -> bool {
        matches!(self.liveness(replica), Some(Liveness::Alive | Liveness::Suspect))
    }

    pub(crate) fn knows(&self, life: Life) -> bool {
        self.members.get(&life.replica).is_some_and(|known| known.epoch >= life.epoch)
    }

    /// The row that a peer means; nothing if it is of nobody we know.
    pub(crate) fn row_named(&self, name: Name) -> Option<RowId> {
        match name {
            Name::Row(id) => Some(id),
            Name::Tagged { space, tag } => {
                let life = self.life_tagged(tag)?;
                Some(RowId { space, life })
            }
        }
    }

    /// The life with this tag: ours, or the newest of a member.
    pub(crate) fn life_tagged(&self, tag: Tag) -> Option<Life> {
        if tag == Tag::of(self.own) {
            return Some(self.own);
        }
        self.life(self.tagged(tag)?)
    }

    /// The member whose newest life has this tag; if there are several, one of them.
    pub(crate) fn tagged(&self, tag: Tag) -> Option<ReplicaId> {
        self.all_tagged(tag).next()
    }

    /// All members whose newest lives have this tag. What is said of one is said of all: were one alone
    /// meant, whoever chooses a life with the tag of another would hear what that one says to refute.
    pub(crate) fn all_tagged(&self, tag: Tag) -> impl Iterator<Item = ReplicaId> + use<'_, A> {
        let tagged = self.tags.keys_from((tag, ReplicaId(0)));
        tagged.take_while(move |(other, _)| *other == tag).map(|(_, replica)| *replica)
    }

    /// The lives that a claim about a tag is about: ours, and the newest ones of members.
    pub(crate) fn lives_tagged(&self, tag: Tag) -> SmallVec<[Life; 1]> {
        let own = (tag == Tag::of(self.own)).then_some(self.own);
        own.into_iter().chain(self.all_tagged(tag).filter_map(|it| self.life(it))).collect()
    }

    /// The lives whose tags begin so: ours, and the newest ones of members.
    pub(crate) fn lives_with(&self, first: [u8; 3]) -> impl Iterator<Item = Life> {
        let is_such = move |tag: Tag| tag.first_three() == first;
        let own = Some(self.own).filter(|own| is_such(Tag::of(*own)));
        let tagged = self.tags.keys_from((Tag::first_with(first), ReplicaId(0)));
        let tagged = tagged.take_while(move |(tag, _)| is_such(*tag));
        own.into_iter().chain(tagged.filter_map(|(_, replica)| self.life(*replica)))
    }

    /// The life whose tag this is; nothing if several have the same.
    pub(crate) fn only_life_tagged(&self, tag: Tag) -> Option<Life> {
        let lives = self.lives_tagged(tag);
        let &[life] = lives.as_slice() else { return None };
        Some(life)
    }

    /// Says whether some member's newest life has this tag.
    fn is_tag_known(&self, tag: Tag) -> bool {
        self.all_tagged(tag).next().is_some()
    }

    /// The tag of a member's newest life.
    pub(crate) fn tag(&self, replica: ReplicaId) -> Option<Tag> {
        self.life(replica).map(Tag::of)
    }

    pub(crate) fn address(&self, replica: ReplicaId) -> Option<&A> {
        self.members.get(&replica).map(|known| &known.address)
    }

    pub(crate) fn liveness(&self, replica: ReplicaId) -> Option<Liveness> {
        self.members.get(&replica).map(|known| known.liveness)
    }

    /// Takes note of how long a member's answer took.
    pub(crate) fn observe(&mut self, replica: ReplicaId, took: Duration) {
        if let Some(known) = self.members.get_mut(&replica) {
            known.round_trip.observe(took);
            self.note(replica, MemberEvent::Answered);
        }
    }

    /// How long a member's answers take.
    pub(crate) fn round_trip(&self, replica: ReplicaId) -> PeerRoundTrip {
        self.members.get(&replica).map(|known| known.round_trip).unwrap_or_default()
    }

    /// All members; what they call themselves is in the table.
    pub(crate) fn iter<'m>(&'m self, table: &'m Table) -> impl Iterator<Item = Member<'m, A>> {
        self.members.iter().map(|(replica, known)| {
            let life = Life { replica: *replica, epoch: known.epoch };
            let row = table.row(RowId { space: Space::SELF, life });
            let name = row.map_or("", |row| self_row::name(row));
            let zone = row.map_or("", |row| self_row::zone(row));
            Member { life, address: &known.address, name, zone, liveness: known.liveness }
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// How many members there are that have not left, ourselves included.
    pub(crate) fn population(&self) -> usize {
        self.reachable().len() + self.dead_count() + 1
    }

    pub(crate) fn dead_count(&self) -> usize {
        self.dead.members().len()
    }

    fn life(&self, replica: ReplicaId) -> Option<Life> {
        self.members.get(&replica).map(|known| Life { replica, epoch: known.epoch })
    }

    fn add(&mut self, replica: ReplicaId, says: SelfRow<A>) {
        let SelfRow { life, address, left } = says;
        let liveness = if left { Liveness::Left } else { Liveness::Alive };
        let slot = if left { 0 } else { self.reachable.push(replica) };
        let round_trip = PeerRoundTrip::default();
        let known = Entry {
            epoch: life.epoch,
            incarnation: 0,
            address,
            round_trip,
            slot,
            liveness,
            zone_slot: NOWHERE,
            is_in_our_zone: false,
        };
        self.tags.insert((Tag::of(life), replica), ());
        self.members.insert(replica, known);
    }

    fn set_liveness(&mut self, replica: ReplicaId, after: Liveness, events: &mut Events<A>) {
        let Some(known) = self.members.get_mut(&replica) else { return };
        let before = core::mem::replace(&mut known.liveness, after);
        if before == after {
            return;
        }
        if before == Liveness::Suspect {
            self.suspicions.end(replica);
        }
        self.move_between_lists(replica, before, after);
        self.settle_in_zone(replica);
        events.member_changed(replica);
    }

    /// Takes note of whether a member is in our zone.
    fn handle_zone(&mut self, replica: ReplicaId, is_in_our_zone: bool) {
        let Some(known) = self.members.get_mut(&replica) else { return };
        known.is_in_our_zone = is_in_our_zone;
        if is_in_our_zone {
            self.zone.add_address(&known.address);
        }
        self.settle_in_zone(replica);
    }

    /// Forgets that a member was in our zone.
    fn take_out_of_zone(&mut self, replica: ReplicaId) {
        let Some(known) = self.members.get_mut(&replica) else { return };
        if core::mem::take(&mut known.is_in_our_zone) {
            self.zone.remove_address(&known.address);
            self.settle_in_zone(replica);
        }
    }

    /// Has a member in the roll of our zone if it belongs there.
    fn settle_in_zone(&mut self, replica: ReplicaId) {
        let Self { members, zone, .. } = self;
        let Some(known) = members.get_mut(&replica) else { return };
        let belongs = known.is_in_our_zone && List::of(known.liveness) == List::Reachable;
        let slot = known.zone_slot;
        if belongs && slot == NOWHERE {
            known.zone_slot = zone.roll.push(replica);
        } else if !belongs && slot != NOWHERE {
            known.zone_slot = NOWHERE;
            zone.roll.remove(slot, |moved, slot| {
                if let Some(known) = members.get_mut(&moved) {
                    known.zone_slot = slot;
                }
            });
        }
    }

    fn move_between_lists(&mut self, replica: ReplicaId, before: Liveness, after: Liveness) {
        let Self { members, reachable, dead, .. } = self;
        let (before, after) = (List::of(before), List::of(after));
        let Some(slot) = members.get(&replica).map(|known| known.slot) else { return };
        if before == after {
            return;
        }
        let moved = |replica, slot| set_slot(members, replica, slot);
        match before {
            List::Reachable => reachable.remove(slot, moved),
            List::Dead => dead.remove(slot, moved),
            List::None => {}
        }
        let slot = match after {
            List::Reachable => reachable.push(replica),
            List::Dead => dead.push(replica),
            List::None => return,
        };
        set_slot(members, replica, slot);
    }
}

fn set_slot<A>(members: &mut ChunkMap<ReplicaId, Entry<A>>, replica: ReplicaId, slot: u32) {
    if let Some(known) = members.get_mut(&replica) {
        known.slot = slot;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Reachable,
    Dead,
    None,
}

impl List {
    const fn of(liveness: Liveness) -> Self {
        match liveness {
            Liveness::Alive | Liveness::Suspect => Self::Reachable,
            Liveness::Dead => Self::Dead,
            Liveness::Left => Self::None,
        }
    }
}
