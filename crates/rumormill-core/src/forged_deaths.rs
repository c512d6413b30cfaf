//! What becomes of a member that is well, and of which somebody who knows the format says it is not.

extern crate std;

use std::{string::String, vec::Vec};

use rumormill_crdt::{Bytes, Key, Life, Limits, Replica, ReplicaId, RowDelta, RowId, Space};

use crate::{
    Config, DATAGRAM_LEN_MIN, Event, Identity, Instant, Liveness, Node,
    message::{Claim, ClaimedStanding, Message, decode_all},
    random::Random,
    seal::FRAME_LEN,
    self_row,
    sender::Tag,
    strangers::{STRANGER, UNIX, at, datagrams, introduce, life, node, say},
};

const ANN: u32 = 1;
const BOB: u32 = 2;
const CID: u32 = 3;

/// Incarnations at which a mistake would show.
const INCARNATIONS: [u64; 9] =
    [0, 1, 2, 1 << 16, (1 << 16) + 1, 1 << 32, 1 << 33, u64::MAX - 1, u64::MAX];

/// Members that know each other, of whom every datagram arrives at once.
struct Population {
    nodes: [Node<u32>; 3],
    now: u64,
    /// For how long some other node took bob for dead, or left, in milliseconds.
    bob_was_dead: u64,
}

const STEP: u64 = 25;

impl Population {
    fn new(bob: Node<u32>) -> Self {
        let mut nodes = [node(ANN), bob, node(CID)];
        for from in 0..nodes.len() {
            let rows: Vec<_> = nodes[from].table().rows().cloned().collect();
            for to in (0..nodes.len()).filter(|to| *to != from) {
                nodes[to].restore(at(0), rows.clone());
            }
        }
        Self { nodes, now: 0, bob_was_dead: 0 }
    }

    fn of(&mut self, address: u32) -> &mut Node<u32> {
        &mut self.nodes[address as usize - 1]
    }

    /// A stranger says something to somebody, in anybody's name.
    fn say(&mut self, to: u32, sender: Life, messages: &[Message]) {
        let now = at(self.now);
        say(self.of(to), now, sender, messages);
    }

    fn bob(&mut self) -> Life {
        self.of(BOB).life()
    }

    fn as_seen_by(&mut self, observer: u32) -> Option<Liveness> {
        self.of(observer).liveness(ReplicaId(u64::from(BOB)))
    }

    /// Lets time pass.
    fn run(&mut self, millis: u64) {
        for _ in 0..millis / STEP {
            self.now += STEP;
            let now = at(self.now);
            self.nodes.iter_mut().for_each(|node| node.handle_timeout(now));
            while self.deliver(now) {}
            for observer in [ANN, CID] {
                let seen = self.as_seen_by(observer);
                let is_dead = matches!(seen, Some(Liveness::Dead | Liveness::Left));
                self.bob_was_dead += if is_dead { STEP } else { 0 };
            }
        }
    }

    fn deliver(&mut self, now: Instant) -> bool {
        let mut buf = [0; DATAGRAM_LEN_MIN];
        let mut delivered = false;
        for from in [ANN, BOB, CID] {
            while let Some(it) = self.of(from).poll_transmit(&mut buf) {
                let (to, payload) = (it.to, it.payload.to_vec());
                if (ANN..=CID).contains(&to) {
                    delivered = true;
                    let _ = self.of(to).handle_datagram(now, from, &payload);
                }
            }
        }
        delivered
    }

    fn is_well(&mut self) -> bool {
        [ANN, CID].iter().all(|observer| self.as_seen_by(*observer) == Some(Liveness::Alive))
    }
}

fn claim(life: Life, incarnation: u64, standing: ClaimedStanding) -> Message {
    Message::Claim(Claim { life, incarnation, standing }.into())
}

/// A claim that somebody made up.
fn forgery(about: Life, random: &mut Random) -> Message {
    let incarnation = INCARNATIONS[random.below(INCARNATIONS.len())];
    let accuser = life([1, 2, 3, 77][random.below(4)], 1 + random.next() % 3);
    let standing = match random.below(4) {
        0 => ClaimedStanding::Alive,
        1 => ClaimedStanding::Suspect { by: Tag::of(accuser) },
        _ => ClaimedStanding::Dead,
    };
    claim(about, incarnation, standing)
}

#[test]
fn who_is_dead_to_others_that_missed_its_last_word_is_asked_at_once() {
    let mut ann = node(ANN);
    (BOB..60).for_each(|other| introduce(&mut ann, &node(other)));
    let bob = node(BOB).life();
    let well = claim(bob, 3, ClaimedStanding::Alive);
    let dead = claim(bob, 1, ClaimedStanding::Dead);
    say(&mut ann, at(1), life(7, 1), &[well, dead]);
    ann.handle_timeout(at(1));
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let mut is_asked = false;
    while let Some(it) = ann.poll_transmit(&mut buf) {
        let (_, messages) = decode_all(&it.payload[FRAME_LEN..]).expect("it is whole");
        let asks = messages.iter().any(|message| matches!(message, Message::Ping { .. }));
        is_asked |= it.to == BOB && asks;
    }
    assert!(is_asked);
    assert_eq!(ann.liveness(bob.replica), Some(Liveness::Alive), "nobody else decides");
}

#[test]
fn nobody_who_is_well_is_ever_dead_whatever_is_said_of_it() {
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let mut all = Population::new(node(BOB));
        for _ in 0..20 {
            let bob = all.bob();
            let to = [ANN, BOB, CID][random.below(3)];
            let others = [life(7, 1), life(1, 1), bob, life(3, 9)];
            let others =
                others.map(|it| if it.replica.0 == u64::from(to) { life(8, 1) } else { it });
            let sender = others[random.below(4)];
            let said: Vec<_> = (0..=random.below(6)).map(|_| forgery(bob, &mut random)).collect();
            all.say(to, sender, &said);
            all.run(STEP * random.below(20) as u64);
        }
        all.run(5_000);
        assert_eq!((all.bob_was_dead, all.is_well()), (0, true), "seed {seed}");
    }
}

#[test]
fn a_death_that_nobody_else_hears_of_is_asked_about_before_it_is_believed() {
    for incarnation in INCARNATIONS {
        let mut all = Population::new(node(BOB));
        let bob = all.bob();
        let accusers = [1, 3, 1_000].map(|replica| Tag::of(life(replica, 1)));
        let mut said = Vec::from([claim(bob, incarnation, ClaimedStanding::Dead)]);
        said.extend(accusers.map(|by| claim(bob, incarnation, ClaimedStanding::Suspect { by })));
        all.say(ANN, life(7, 1), &said);
        assert_eq!(all.as_seen_by(ANN), Some(Liveness::Suspect));
        all.run(4_000);
        assert_eq!((all.bob_was_dead, all.is_well()), (0, true), "{incarnation}");
        let hearsay = all.of(ANN).stats().hearsay;
        assert_eq!(hearsay.ahead > 0, incarnation > 0, "{hearsay:?}");
        assert_eq!(hearsay.jumps > 0, incarnation > 1 << 16, "{hearsay:?}");
        assert!(hearsay.deaths > 0);
        let events: Vec<_> = core::iter::from_fn(|| all.of(ANN).poll_event()).collect();
        let told = Event::ImplausibleClaim { about: bob.replica, from: STRANGER };
        assert_eq!(events.contains(&told), hearsay.jumps > 0);
    }
}

#[test]
fn who_was_brought_far_ahead_behind_its_back_refutes_all_the_same() {
    let mut all = Population::new(node(BOB));
    let bob = all.bob();
    for jump in 1..=60 {
        let alive = claim(bob, jump << 16, ClaimedStanding::Alive);
        all.say(ANN, life(7, 1), &[alive]);
    }
    all.say(ANN, life(7, 1), &[claim(bob, 60 << 16, ClaimedStanding::Dead)]);
    assert_eq!(all.as_seen_by(ANN), Some(Liveness::Suspect));
    all.run(4_000);
    assert_eq!((all.bob_was_dead, all.is_well()), (0, true));
}

#[test]
fn who_is_about_to_be_given_up_is_told_so() {
    let (mut ann, bob) = (node(ANN), node(BOB));
    introduce(&mut ann, &bob);
    say(&mut ann, at(0), life(7, 1), &[claim(bob.life(), 0, ClaimedStanding::Dead)]);
    let mut told = Vec::new();
    while let Some(now) = ann.poll_timeout().filter(|now| *now <= at(1_999)) {
        ann.handle_timeout(now);
        for datagram in datagrams(&mut ann) {
            let (_, said) = decode_all(&datagram[FRAME_LEN..]).expect("it is whole");
            if said.iter().any(|it| matches!(it, Message::Claim(_))) {
                told.push(now);
            }
        }
    }
    for asks in [1_400..1_550, 1_550..1_700, 1_700..2_000] {
        assert!(told.iter().any(|told| (at(asks.start)..at(asks.end)).contains(told)), "{asks:?}");
    }
    assert_eq!(ann.liveness(bob.life().replica), Some(Liveness::Suspect));
    ann.handle_timeout(at(2_000));
    assert_eq!(ann.liveness(bob.life().replica), Some(Liveness::Dead));
}

#[test]
fn who_is_brought_to_the_end_of_its_incarnations_begins_a_new_life() {
    let mut all = Population::new(node(BOB));
    let bob = all.bob();
    all.of(BOB).wear_out();
    all.say(BOB, life(7, 1), &[claim(bob, u64::MAX, ClaimedStanding::Dead)]);
    all.run(3_000);
    let renewed = all.bob();
    assert!(renewed > bob);
    assert_eq!((all.bob_was_dead, all.is_well()), (0, true));
    let known = all.of(ANN).members().any(|member| member.life == renewed);
    assert!(known, "the others know the life that it runs");
}

/// The epoch of a life of mallory's, and a seed with which bob begins one, that have the same tag.
const SHARED_TAG: (u64, u64) = (83_992, 2_131);

#[test]
fn who_takes_the_tag_of_another_does_not_hear_in_its_place() {
    let (epoch, seed) = SHARED_TAG;
    let identity = Identity { replica: ReplicaId(2), name: String::new(), address: BOB };
    let bob = Node::new(at(0), UNIX, identity, Config::DEFAULT, seed);
    let mut all = Population::new(bob);
    let mallory = life(9, epoch);
    let mut replica = Replica::new(mallory, Limits::DEFAULT);
    let identity = Identity { replica: mallory.replica, name: String::new(), address: 9u32 };
    replica.edit(UNIX, |w| self_row::introduce(w, &identity, "")).expect("it fits");
    let row = replica.table().rows().next().expect("it was written");
    let row = Message::Delta(row.delta_since(0, usize::MAX).expect("it is news"));
    let bob = all.bob();
    assert_eq!(Tag::of(bob), Tag::of(mallory));
    all.say(ANN, mallory, &[row, claim(bob, 0, ClaimedStanding::Dead)]);
    assert_eq!(all.as_seen_by(ANN), Some(Liveness::Suspect));
    all.run(4_000);
    assert_eq!((all.bob_was_dead, all.as_seen_by(ANN)), (0, Some(Liveness::Alive)));
}

/// What bob's row would be, had bob moved to another address and said good-bye.
fn forged_good_bye(bob: Life) -> RowDelta<Key, Bytes> {
    let mut replica = Replica::new(bob, Limits::DEFAULT);
    for address in [BOB, 66] {
        let identity = Identity { replica: bob.replica, name: String::new(), address };
        replica.edit(UNIX, |w| self_row::introduce(w, &identity, "")).expect("it fits");
    }
    replica.edit(UNIX, self_row::say_good_bye).expect("it fits");
    let row = replica.table().rows().next().expect("it was written");
    row.delta_since(0, usize::MAX).expect("it is news")
}

#[test]
fn a_good_bye_in_the_name_of_another_is_outlived_where_nobody_signs() {
    let mut all = Population::new(node(BOB));
    let bob = all.bob();
    let delta = forged_good_bye(bob);
    all.say(ANN, life(7, 1), &[Message::Delta(delta.clone())]);
    assert_eq!(all.as_seen_by(ANN), Some(Liveness::Left));
    all.say(BOB, life(7, 1), &[Message::Delta(delta)]);
    all.run(4_000);
    assert!(all.bob() > bob && all.is_well());
    let events: Vec<_> = core::iter::from_fn(|| all.of(BOB).poll_event()).collect();
    assert!(events.iter().any(|event| matches!(event, Event::LifeRenewed { .. })));
    let own = RowId { space: Space::SELF, life: bob };
    assert_eq!(all.of(ANN).table().version(own), 0, "what was forged is gone");
}
