//! What a node does when somebody who knows the format means it no good, or knows no better.

extern crate std;

use std::{string::String, vec, vec::Vec};

use core::time::Duration;

use rumormill_crdt::{
    Bytes, Key, Life, Limits, Replica, ReplicaId, Retention, RowDelta, RowId, Space, Version,
    VersionVector, codec,
};

use crate::{
    Config, DATAGRAM_LEN_MIN, Event, Identity, Instant, Node,
    message::{Claim, ClaimedStanding, Message, Page, decode_all},
    random::Random,
    seal::{FRAME_LEN, Seal},
    sender::{Sender, Tag},
};

pub(crate) const UNIX: Duration = Duration::from_secs(1_767_225_600);
pub(crate) const STRANGER: u32 = 9;

pub(crate) fn node(address: u32) -> Node<u32> {
    node_with(address, Config::DEFAULT)
}

pub(crate) fn node_with(address: u32, config: Config) -> Node<u32> {
    let replica = ReplicaId(u64::from(address));
    let identity = Identity { replica, name: String::new(), address };
    Node::new(Instant::default(), UNIX, identity, config, u64::from(address))
}

/// The frame of a population without keys or a name.
pub(crate) fn unsealed() -> Seal {
    Seal::new(&Config::DEFAULT, life(0, 0), &mut Random::new(0))
}

pub(crate) fn at(millis: u64) -> Instant {
    Instant::new(Duration::from_millis(millis))
}

pub(crate) fn life(replica: u64, epoch: u64) -> Life {
    Life { replica: ReplicaId(replica), epoch }
}

/// Hands a node a datagram with the given messages, whole in form. Returns its length.
pub(crate) fn say(node: &mut Node<u32>, now: Instant, sender: Life, messages: &[Message]) -> usize {
    let datagram = datagram(sender, messages);
    node.handle_datagram(now, STRANGER, &datagram).expect("it is whole");
    datagram.len()
}

/// A datagram with the given messages, whole in form.
pub(crate) fn datagram(sender: Life, messages: &[Message]) -> Vec<u8> {
    let mut datagram = vec![0; FRAME_LEN + Sender::LEN_MAX];
    let spelled_out = Sender::Life(sender).encode(&mut datagram[FRAME_LEN..]);
    assert_eq!(spelled_out, Some(Sender::LEN_MAX));
    for message in messages {
        datagram.extend(codec::encode_to_vec(message).expect("messages have a known length"));
    }
    unsealed().close(&mut datagram);
    datagram
}

/// Answers the ping by which a node finds out whether the stranger's address is real.
pub(crate) fn prove(node: &mut Node<u32>, now: Instant, sender: Life, said: &[Vec<u8>]) {
    let payloads = said.iter().map(|datagram| &datagram[FRAME_LEN..]);
    let messages = payloads.flat_map(|it| decode_all(it).expect("it is whole").1);
    let mut acks = Vec::new();
    for message in messages {
        if let Message::Ping { nonce } = message {
            acks.push(Message::Ack { nonce });
        }
    }
    assert!(!acks.is_empty(), "the address was asked to show that it is real");
    say(node, now, sender, &acks);
}

/// The first `len_max` bytes of a row of `cells` cells of 400 bytes.
pub(crate) fn piece(
    owner: Life,
    space: Space,
    cells: Version,
    len_max: usize,
) -> RowDelta<Key, Bytes> {
    let mut replica = Replica::new(owner, Limits::DEFAULT);
    for cell in 0..cells {
        let key = Key::raw(&std::format!("cell {cell}"));
        let set = replica.edit(UNIX, |w| w.set(space, key, Bytes::copy_from(&[1; 400])));
        set.expect("it fits");
    }
    let row = replica.table().rows().next().expect("a row was written");
    row.delta_since(0, len_max).expect("a row is news")
}

pub(crate) fn answers(node: &mut Node<u32>) -> Vec<usize> {
    datagrams(node).iter().map(Vec::len).collect()
}

/// All that a node has to say.
pub(crate) fn datagrams(node: &mut Node<u32>) -> Vec<Vec<u8>> {
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let mut datagrams = Vec::new();
    while let Some(transmit) = node.poll_transmit(&mut buf) {
        datagrams.push(transmit.payload.to_vec());
    }
    datagrams
}

fn run(node: &mut Node<u32>, until: Instant) {
    while let Some(now) = node.poll_timeout().filter(|now| *now <= until) {
        node.handle_timeout(now);
        answers(node);
    }
}

#[test]
fn the_last_epoch_of_all_is_reported_and_stops_no_restart() {
    let mut ann = node(1);
    let last = life(1, u64::MAX);
    let delta = piece(last, Space::SHARED, 1, usize::MAX);
    say(&mut ann, at(1), life(7, 1), &[Message::Delta(delta)]);
    let events: Vec<_> = core::iter::from_fn(|| ann.poll_event()).collect();
    assert!(events.contains(&Event::IdentityConflict { other: last }));
    let disk: Vec<_> = ann.table().rows().cloned().collect();
    node(1).restore(at(0), disk);
}

#[test]
fn a_page_that_lacks_everything_draws_a_bounded_answer() {
    let mut ann = node(1);
    for replica in 100..600 {
        let delta = piece(life(replica, 1), Space::SHARED, 1, usize::MAX);
        say(&mut ann, at(1), life(7, 1), &[Message::Delta(delta)]);
    }
    answers(&mut ann);
    let nothing = Page::fit(RowId::MIN, core::iter::empty(), 100);
    say(&mut ann, at(2), life(7, 1), &[Message::Page(nothing)]);
    assert!(answers(&mut ann).len() <= 64);
    assert_eq!(ann.stats().shed, 0);
}

#[test]
fn strangers_do_not_keep_us_from_what_members_have() {
    let mut ann = node(1);
    for replica in 1_000..3_000 {
        say(&mut ann, at(0), life(replica, 1), &[Message::Ping { nonce: 0 }]);
    }
    answers(&mut ann);
    let rows = [(RowId { space: Space::SHARED, life: life(2, 1) }, 1)];
    let page = Page::fit(RowId::MIN, rows.into_iter(), 100);
    say(&mut ann, at(1), life(2, 1), &[Message::Page(page)]);
    assert_eq!(answers(&mut ann).len(), 1, "the row is asked for");
}

#[test]
fn pieces_of_a_row_that_nobody_sends_on_are_dropped() {
    let mut ann = node(1);
    let owner = life(50, 1);
    let first = piece(owner, Space::SHARED, 10, 1_000);
    assert!(!first.is_complete());
    let earlier = piece(owner, Space::SHARED, 1, usize::MAX);
    say(&mut ann, at(1), life(7, 1), &[Message::Delta(first)]);
    say(&mut ann, at(2), life(7, 1), &[Message::Delta(earlier)]);
    assert_eq!(ann.table().staged().count(), 1);
    run(&mut ann, at(60_000));
    assert_eq!(ann.table().staged().count(), 0);
}

#[test]
fn pieces_of_a_row_are_dropped_too_of_which_somebody_sends_what_has_expired() {
    let retention = Retention::uniform(Some(Duration::from_secs(3_600)));
    let mut ann = node_with(1, Config { retention, ..Config::DEFAULT });
    ann.handle_wall_clock(at(0), UNIX + Duration::from_secs(1_800));
    let owner = life(50, 1);
    say(&mut ann, at(1), life(7, 1), &[Message::Delta(piece(owner, Space::SHARED, 10, 1_000))]);
    run(&mut ann, at(300));
    let mut long_ago = Replica::new(owner, Limits::DEFAULT);
    let set = long_ago.edit(Duration::from_secs(1), |w| {
        w.set(Space::SHARED, Key::raw("cell 0"), Bytes::copy_from(&[2; 4]))
    });
    set.expect("it fits");
    let row = long_ago.table().rows().next().expect("a row was written");
    let expired = row.delta_since(0, usize::MAX).expect("a row is news");
    say(&mut ann, at(301), life(7, 1), &[Message::Delta(expired)]);
    assert_eq!(ann.stats().refusals.expired, 1);
    assert_eq!(ann.table().staged().count(), 1);
    run(&mut ann, at(60_000));
    assert_eq!(ann.table().staged().count(), 0);
}

#[test]
fn who_left_has_left_in_its_next_life_too() {
    let mut ann = node(1);
    let later = life(1, ann.life().epoch + (5 << 24));
    ann.leave(at(0));
    let delta = piece(later, Space::SELF, 1, usize::MAX);
    say(&mut ann, at(1), life(7, 1), &[Message::Delta(delta)]);
    assert!(ann.life() > later);
    let own = RowId { space: Space::SELF, life: ann.life() };
    let row = ann.table().row(own).expect("it introduced itself");
    assert!(row.get(&Key::raw("left")).is_some());
    let told = ann.table().delta_since(&VersionVector::default()).count();
    assert_eq!(told, 1, "the row of the life before is gone");
}

/// The messages of all that a node has to say, by address.
fn said(node: &mut Node<u32>) -> Vec<(u32, Message)> {
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let mut said = Vec::new();
    while let Some(transmit) = node.poll_transmit(&mut buf) {
        let (_, messages) = decode_all(&transmit.payload[FRAME_LEN..]).expect("it is whole");
        said.extend(messages.into_iter().map(|message| (transmit.to, message)));
    }
    said
}

/// Lets a node know another one.
pub(crate) fn introduce(node: &mut Node<u32>, other: &Node<u32>) {
    node.restore(at(0), other.table().rows().cloned());
}

#[test]
fn a_relay_serves_members_at_home_and_pings_members_alone() {
    let (mut ann, bob, mallory) = (node(1), node(2), node(STRANGER));
    introduce(&mut ann, &bob);
    let ask = |target: Life, nonce| Message::PingFor { target: Tag::of(target), nonce };
    let is_ping = |(_, message): &(u32, Message)| matches!(message, Message::Ping { .. });
    let pings_for = |ann: &mut Node<u32>, sender: Life, messages: &[Message]| {
        say(ann, at(1), sender, messages);
        said(ann).iter().filter(|it| is_ping(it)).map(|(to, _)| *to).collect::<Vec<_>>()
    };
    assert_eq!(pings_for(&mut ann, life(7, 1), &[ask(bob.life(), 32)]), [], "a stranger");
    assert_eq!(pings_for(&mut ann, bob.life(), &[ask(bob.life(), 32)]), [], "not from home");
    introduce(&mut ann, &mallory);
    let unknown = ask(life(77, 1), 32);
    assert_eq!(pings_for(&mut ann, mallory.life(), &[unknown]), [], "nobody");
    assert_eq!(pings_for(&mut ann, mallory.life(), &[ask(bob.life(), 32)]), [2]);
    assert_eq!(ann.stats().pings_for_others, 1);
}

#[test]
fn who_asks_a_relay_is_told_in_any_case_and_gets_what_it_sent_at_most() {
    let (mut ann, bob, mallory) = (node(1), node(2), node(STRANGER));
    introduce(&mut ann, &bob);
    introduce(&mut ann, &mallory);
    let question = |nonce| Message::PingFor { target: Tag::of(bob.life()), nonce };
    let sent = say(&mut ann, at(1), mallory.life(), &[question(32)]);
    let [(2, Message::Ping { nonce })] = said(&mut ann)[..] else { panic!("bob is pinged") };
    assert!(nonce < 1 << 32);
    say(&mut ann, at(2), bob.life(), &[Message::Ack { nonce }]);
    assert_eq!(said(&mut ann), [(STRANGER, Message::Ack { nonce: 32 })]);
    // Of many questions the first counts, and what goes back is for what came.
    let questions: Vec<_> = (1..50).map(|number| question(number * 32)).collect();
    say(&mut ann, at(3), mallory.life(), &questions);
    assert_eq!(said(&mut ann).len(), 1, "one ping");
    let mut told = Vec::new();
    while let Some(now) = ann.poll_timeout().filter(|now| *now <= at(900)) {
        ann.handle_timeout(now);
        told.extend(said(&mut ann).into_iter().filter(|it| matches!(it.1, Message::Nack { .. })));
    }
    assert_eq!(told, [(STRANGER, Message::Nack { nonce: 32 })]);
    assert!(sent >= FRAME_LEN + Sender::TAG_LEN + 6, "it is short enough to be answered");
}

#[test]
fn accusers_that_nobody_knows_do_not_count() {
    let (mut ann, bob) = (node(1), node(2));
    introduce(&mut ann, &bob);
    (3..9).for_each(|other| introduce(&mut ann, &node(other)));
    let accuse = |by: Life| {
        let standing = ClaimedStanding::Suspect { by: Tag::of(by) };
        Message::Claim(Claim { life: bob.life(), incarnation: 0, standing }.into())
    };
    let made_up: Vec<_> = (100..120).map(|replica| accuse(life(replica, 1))).collect();
    say(&mut ann, at(1), life(7, 1), &made_up);
    assert_eq!(ann.stats().confirmations, 0);
    let real: Vec<_> = (3..9).map(|other| accuse(node(other).life())).collect();
    say(&mut ann, at(1), life(7, 1), &[real.clone(), real].concat());
    assert_eq!(ann.stats().confirmations, 3, "so many count");
}
