//! What the fuzz targets do, so that their corpora replay without a fuzzer.

use std::{sync::LazyLock, time::Duration};

use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node,
    crdt::{Column, LwwRegister, OrSet, PnCounter, ReplicaId, Space, keyed_hash},
};

const SKILLS: Column<OrSet<String>> = Column::new(Space::SHARED, "skills");
const LOAD: Column<LwwRegister<u32>> = Column::new(Space::SHARED, "load");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

/// When everything here happens, by everybody's wall clock.
pub const UNIX: Duration = Duration::from_secs(1_767_225_600);

/// The most datagrams with which a node may answer one.
const ANSWERS_MAX: usize = 64;

/// Hands a node one datagram, once as it is and once as the payload of a whole frame, so that a
/// fuzzer need not guess checksums. Whatever it is: no panic, the rows of our life stay as they
/// are, what is rejected changes nothing, and answers are bounded.
///
/// # Panics
///
/// If one of these does not hold.
pub fn datagram(bytes: &[u8]) {
    hand_over(bytes);
    hand_over(&frame(bytes));
}

fn hand_over(bytes: &[u8]) {
    let mut node = busy_node();
    let rows: Vec<_> = node.table().rows().cloned().collect();
    let now = Instant::new(Duration::from_secs(1));
    let taken = node.handle_datagram(now, 9, bytes);
    if taken.is_err() {
        assert!(node.table().rows().eq(&rows), "a rejected datagram changes nothing");
        assert!(!node.has_transmit(), "a rejected datagram draws no answer");
    }
    // A datagram may tell of a later life of ours, which makes us begin another one.
    for row in rows.iter().filter(|row| row.id().life == node.life()) {
        assert_eq!(node.table().row(row.id()), Some(row), "only we write our rows");
    }
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let mut answers = 0;
    while node.poll_transmit(&mut buf).is_some() {
        answers += 1;
        assert!(answers <= ANSWERS_MAX, "one datagram draws a bounded number of answers");
    }
    while node.poll_event().is_some() {}
    let _ = (SKILLS.read(node.table()), LOAD.read(node.table()), CALLS.read(node.table()));
    for _ in 0..20 {
        let next = node.poll_timeout().expect("a node always has a next deadline");
        node.handle_timeout(next);
        while node.poll_transmit(&mut buf).is_some() {}
    }
}

/// A node that knows another and has written something of each kind.
#[must_use]
pub fn busy_node() -> Node<u8> {
    static OTHER: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| conversation(2, 1));
    let mut node = node(1);
    write(&mut node, 0);
    for datagram in OTHER.iter() {
        node.handle_datagram(Instant::default(), 2, datagram).expect("it is whole");
    }
    let mut buf = [0; DATAGRAM_LEN_MIN];
    while node.poll_transmit(&mut buf).is_some() {}
    node
}

/// All that node `from` says to node `to` while they get to know each other and write.
///
/// # Panics
///
/// If a node rejects what the other says.
#[must_use]
pub fn conversation(from: u8, to: u8) -> Vec<Vec<u8>> {
    let (mut ours, mut theirs) = (node(from), node(to));
    ours.join(Instant::default(), to);
    let mut said = Vec::new();
    let mut buf = [0; DATAGRAM_LEN_MIN];
    for step in 0..40 {
        let now = Instant::new(Duration::from_millis(step * 50));
        if step % 10 == 1 {
            write(&mut ours, step);
            write(&mut theirs, step);
        }
        ours.handle_timeout(now);
        theirs.handle_timeout(now);
        while let Some(transmit) = ours.poll_transmit(&mut buf) {
            theirs.handle_datagram(now, from, transmit.payload).expect("it is whole");
            said.push(transmit.payload.to_vec());
        }
        while let Some(transmit) = theirs.poll_transmit(&mut buf) {
            ours.handle_datagram(now, to, transmit.payload).expect("it is whole");
        }
    }
    said
}

/// Puts a payload into a frame of the unnamed population, as `docs/wire.md` describes it.
#[must_use]
pub fn frame(payload: &[u8]) -> Vec<u8> {
    let cluster = b"";
    let low = keyed_hash(*b"population, low.", cluster).to_be_bytes();
    let high = keyed_hash(*b"population, high", cluster).to_be_bytes();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&low);
    key[8..].copy_from_slice(&high);
    let check = keyed_hash(key, payload).to_be_bytes();
    [&[1], check.as_slice(), payload].concat()
}

fn node(address: u8) -> Node<u8> {
    let replica = ReplicaId(u64::from(address));
    let identity = Identity { replica, name: format!("node {address}"), address };
    Node::new(Instant::default(), UNIX, identity, Config::DEFAULT, u64::from(address))
}

fn write(node: &mut Node<u8>, step: u64) {
    let now = Instant::new(Duration::from_millis(step * 50));
    node.update(now, |writer| {
        SKILLS.insert(writer, &format!("skill {step}")).expect("it fits");
        SKILLS.remove(writer, &format!("skill {}", step.saturating_sub(20))).expect("it fits");
        LOAD.set(writer, &40).expect("it fits");
        CALLS.add(writer, 1).expect("it fits");
    });
}
