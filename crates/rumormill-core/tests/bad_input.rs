//! Whatever bytes a stranger sends: an error that says why, and nothing changed.

use core::time::Duration;

use proptest::prelude::*;
use rumormill_core::{
    Config, Identity, Instant, Node, Rejected, Rejections,
    crdt::{Bytes, Column, Key, OrSet, PnCounter, ReplicaId, Space, WriteError, keyed_hash},
};

const SKILLS: Column<OrSet<String>> = Column::new(Space::SHARED, "skills");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");
const UNIX: Duration = Duration::from_secs(1_767_225_600);

fn node(address: u8, config: Config) -> Node<u8> {
    let replica = ReplicaId(u64::from(address));
    let identity = Identity { replica, name: format!("node {address}"), address };
    Node::new(Instant::default(), UNIX, identity, config, u64::from(address))
}

fn at(millis: u64) -> Instant {
    Instant::new(Duration::from_millis(millis))
}

/// Two nodes that meet and write, and every datagram that the first of them got.
fn conversation() -> (Node<u8>, Vec<Vec<u8>>) {
    let mut ann = node(1, Config::DEFAULT);
    let mut bob = node(2, Config::DEFAULT);
    bob.join(at(0), 1);
    let mut heard = Vec::new();
    let mut buf = [0; 1_200];
    for tick in 0..60 {
        let now = at(tick * 50);
        if tick % 20 == 1 {
            bob.update(now, |w| SKILLS.insert(w, &format!("skill {tick}"))).expect("it fits");
            ann.update(now, |w| CALLS.add(w, 1)).expect("it fits");
        }
        bob.handle_timeout(now);
        ann.handle_timeout(now);
        while let Some(transmit) = bob.poll_transmit(&mut buf) {
            ann.handle_datagram(now, 2, transmit.payload).expect("bob's datagrams are taken in");
            heard.push(transmit.payload.to_vec());
        }
        while let Some(transmit) = ann.poll_transmit(&mut buf) {
            bob.handle_datagram(now, 1, transmit.payload).expect("ann's datagrams are taken in");
        }
    }
    assert_eq!(SKILLS.read(ann.table()).len(), 3);
    (ann, heard)
}

/// Puts a payload into a frame of the unnamed population, as `docs/wire.md` describes it.
fn frame(payload: &[u8]) -> Vec<u8> {
    let low = keyed_hash(*b"population, low.", b"").to_be_bytes();
    let high = keyed_hash(*b"population, high", b"").to_be_bytes();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&low);
    key[8..].copy_from_slice(&high);
    let check = keyed_hash(key, payload).to_be_bytes();
    [&[1], check.as_slice(), payload].concat()
}

/// Everything about a node that a datagram could change, as text.
fn state(node: &Node<u8>) -> String {
    let mut stats = node.stats();
    (stats.datagrams_rejected, stats.rejections) = (0, Rejections::default());
    let (timeout, members) = (node.poll_timeout(), node.members().collect::<Vec<_>>());
    format!("{:?} {stats:?} {timeout:?} {members:?} {}", node.table(), node.has_transmit())
}

fn check_rejected(ann: &mut Node<u8>, before: &str, bytes: &[u8]) {
    let rejected = ann.handle_datagram(at(3_000), 9, bytes);
    assert!(rejected.is_err(), "{bytes:?} was taken in");
    assert_eq!(state(ann), before);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (mut ann, heard) = conversation();
    let before = state(&ann);
    for datagram in heard.iter().take(25) {
        for bit in 0..datagram.len() * 8 {
            let mut flipped = datagram.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let rejected = ann.handle_datagram(at(3_000), 9, &flipped);
            assert!(rejected.is_err(), "bit {bit} of {datagram:?}");
        }
        assert_eq!(state(&ann), before);
    }
}

#[test]
fn cut_and_stretched_datagrams_are_noticed() {
    let (mut ann, heard) = conversation();
    let before = state(&ann);
    for datagram in &heard {
        for len in 0..datagram.len() {
            check_rejected(&mut ann, &before, &datagram[..len]);
        }
        let stretched = [datagram.as_slice(), &[0]].concat();
        check_rejected(&mut ann, &before, &stretched);
    }
}

#[test]
fn another_population_and_another_protocol_are_told_apart() {
    let (mut ann, heard) = conversation();
    let before = state(&ann);
    let mut stranger = node(3, Config { cluster: "other".into(), ..Config::DEFAULT });
    stranger.join(at(0), 1);
    stranger.handle_timeout(at(0));
    let mut buf = [0; 1_200];
    let theirs = stranger.poll_transmit(&mut buf).expect("a joiner asks its seed").payload;
    assert_eq!(ann.handle_datagram(at(3_000), 3, theirs), Err(Rejected::Damaged));
    let mut newer = heard[0].clone();
    newer[0] = 200;
    let rejected = ann.handle_datagram(at(3_000), 3, &newer);
    assert_eq!(rejected, Err(Rejected::Protocol { theirs: 200 }));
    assert_eq!(state(&ann), before);
}

#[test]
fn repeated_and_reordered_datagrams_change_nothing_that_counts() {
    let (mut ann, heard) = conversation();
    let before = format!("{:?}", ann.table());
    for datagram in heard.iter().chain(heard.iter().rev()) {
        ann.handle_datagram(at(3_000), 2, datagram).expect("a repeated datagram is whole");
        assert_eq!(format!("{:?}", ann.table()), before);
    }
}

#[test]
fn a_value_that_could_never_travel_is_refused_when_written() {
    let mut ann = node(1, Config::DEFAULT);
    let before = state(&ann);
    let value = Bytes::copy_from(&[0; 600]);
    let refused = ann.update(at(0), |w| w.set(Space::SHARED, Key::raw("big"), value));
    assert_eq!(refused, Err(WriteError::CellTooLong { len: 604, len_max: 600 }));
    assert_eq!(state(&ann), before);
}

#[test]
fn time_that_goes_backwards_stands_still() {
    let (mut ann, _) = conversation();
    ann.handle_timeout(at(3_000));
    ann.join(at(0), 77);
    assert!(ann.poll_timeout() >= Some(at(3_000)), "a seed is asked from now on, not from then");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (mut ann, _) = conversation();
        let before = state(&ann);
        check_rejected(&mut ann, &before, &bytes);
        let tag = [0, 0, 0, 9];
        let framed = frame(&[&tag[..], &[200], &bytes].concat());
        check_rejected(&mut ann, &before, &framed);
    }
}
