//! Datagrams, with and without a seal.

use std::{cell::RefCell, sync::LazyLock, time::Duration};

use rumormill_core::{DATAGRAM_LEN_MIN, Instant, Node, forging::recode};

use crate::nodes::{busy_node, busy_sealed_node, conversation, frame, read, sealed_conversation};

/// The most datagrams with which a node may answer one.
const ANSWERS_MAX: usize = 64;

/// So many deadlines are kept afterwards: what was taken in may show later.
const DEADLINES: usize = 4;

/// The bytes of the frame.
const FRAME_LEN: usize = 9;

/// Hands a node one datagram: the first byte says whether as it is or as the payload of a whole frame, so
/// that a fuzzer need not guess checksums. What is rejected changes nothing, so that one node serves until
/// something is taken in.
pub(super) fn open(bytes: &[u8]) {
    thread_local!(static NODE: RefCell<Node<u8>> = RefCell::new(busy_node()));
    let Some((is_whole, rest)) = bytes.split_first() else { return };
    if let Ok(again) = recode(rest) {
        assert_eq!(again, rest, "what is read is written by the same bytes");
    }
    let framed = is_whole.is_multiple_of(2).then(|| frame(rest));
    NODE.with_borrow_mut(|node| {
        if hand_over(node, framed.as_deref().unwrap_or(rest)) {
            *node = busy_node();
        }
    });
}

pub(super) fn open_seeds() -> Vec<Vec<u8>> {
    let said = [conversation(2, 1), conversation(1, 2)].concat();
    let whole = said.iter().map(|datagram| [&[1], &datagram[..]].concat());
    let payloads = said.iter().map(|datagram| [&[0], &datagram[FRAME_LEN..]].concat());
    whole.chain(payloads).chain([messages_about_liveness()]).collect()
}

/// A suspicion, a question to ping somebody and the answer that there was none, by somebody who
/// spells out its life; see `docs/wire.md`.
fn messages_about_liveness() -> Vec<u8> {
    let life = [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9];
    let tag = [1, 2, 3, 4];
    [&[0; 5][..], &life, &[3], &tag, &[1, 1], &tag, &[20], &tag, &[32], &[21, 32]].concat()
}

/// Hands a node of a sealed population whatever it is: nobody without a key is taken in. As nothing
/// changes, one node serves for all.
pub(super) fn sealed(bytes: &[u8]) {
    thread_local!(static NODE: RefCell<Node<u8>> = RefCell::new(busy_sealed_node()));
    NODE.with_borrow_mut(|node| {
        let (rows, members) = (node.table().bookmark(), node.member_count());
        let taken = node.handle_datagram(Instant::new(Duration::from_secs(1)), 9, bytes);
        if taken.is_err() {
            assert!(!node.has_transmit(), "a rejected datagram draws no answer");
            assert_eq!((node.table().bookmark(), node.member_count()), (rows, members));
        } else {
            let is_said = sealed_seeds_shared().iter().any(|said| said == bytes);
            assert!(is_said, "nothing is taken in that nobody with a key said");
            *node = busy_sealed_node();
        }
    });
}

pub(super) fn sealed_seeds() -> Vec<Vec<u8>> {
    sealed_seeds_shared().to_vec()
}

fn sealed_seeds_shared() -> &'static [Vec<u8>] {
    static SAID: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| sealed_conversation(2, 1));
    &SAID
}

/// Hands it over, and says whether it was taken in.
fn hand_over(node: &mut Node<u8>, bytes: &[u8]) -> bool {
    let rows: Vec<_> = node.table().rows().cloned().collect();
    let now = Instant::new(Duration::from_secs(1));
    let taken = node.handle_datagram(now, 9, bytes);
    if taken.is_err() {
        assert!(node.table().rows().eq(&rows), "a rejected datagram changes nothing");
        assert!(!node.has_transmit(), "a rejected datagram draws no answer");
        return false;
    }
    // A datagram may tell of a later life of ours, which makes us begin another one.
    for row in rows.iter().filter(|row| row.id().life == node.life()) {
        assert_eq!(node.table().row(row.id()), Some(row), "only we write our rows");
    }
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let (mut answers, mut answered, asked) = (0, 0, bytes.len());
    while let Some(transmit) = node.poll_transmit(&mut buf) {
        answers += 1;
        // Nobody has seen whether the stranger's address is real.
        answered += if transmit.to == 9 { transmit.payload.len() } else { 0 };
        assert!(answers <= ANSWERS_MAX, "one datagram draws a bounded number of answers");
    }
    assert!(answered <= asked, "{answered} bytes to an address that {asked} came from");
    while node.poll_event().is_some() {}
    let _ = read(node);
    for _ in 0..DEADLINES {
        let next = node.poll_timeout().expect("a node always has a next deadline");
        node.handle_timeout(next);
        while node.poll_transmit(&mut buf).is_some() {}
    }
    true
}
