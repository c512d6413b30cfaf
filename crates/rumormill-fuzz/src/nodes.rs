//! Nodes that have talked to each other.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, KeyRing, Node, SealKey,
    crdt::{Bytes, Column, Key, LwwRegister, OrSet, PnCounter, ReplicaId, Row, Space, keyed_hash},
};

const SKILLS: Column<OrSet<String>> = Column::new(Space::SHARED, "skills");
const LOAD: Column<LwwRegister<u32>> = Column::new(Space::SHARED, "load");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

/// When everything here happens, by everybody's wall clock.
pub(crate) const UNIX: Duration = Duration::from_secs(1_767_225_600);

/// A node that knows another and has written something of each kind.
#[must_use]
pub fn busy_node() -> Node<u8> {
    busy(Config::DEFAULT)
}

/// The same, in a population that seals.
#[must_use]
pub fn busy_sealed_node() -> Node<u8> {
    busy(sealed())
}

fn busy(config: Config) -> Node<u8> {
    static OTHERS: LazyLock<Vec<Arc<Row<Key, Bytes>>>> = LazyLock::new(|| {
        let mut other = node(2, Config::DEFAULT);
        (0..3).for_each(|step| write(&mut other, step * 10));
        other.table().rows().cloned().collect()
    });
    let mut node = node(1, config);
    node.restore(Instant::default(), OTHERS.iter().cloned());
    write(&mut node, 0);
    let mut buf = [0; DATAGRAM_LEN_MIN];
    while node.poll_transmit(&mut buf).is_some() {}
    node
}

/// All that node `from` says to node `to` while they get to know each other and write.
#[must_use]
pub fn conversation(from: u8, to: u8) -> Vec<Vec<u8>> {
    converse(from, to, &Config::DEFAULT)
}

/// The same, in a population that seals.
#[must_use]
pub fn sealed_conversation(from: u8, to: u8) -> Vec<Vec<u8>> {
    converse(from, to, &sealed())
}

fn converse(from: u8, to: u8, config: &Config) -> Vec<Vec<u8>> {
    let (mut ours, mut theirs) = (node(from, config.clone()), node(to, config.clone()));
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
    static KEY: LazyLock<[u8; 16]> = LazyLock::new(|| {
        let halves = [*b"population, low.", *b"population, high"];
        let halves = halves.map(|half| keyed_hash(half, b"").to_be_bytes());
        halves.concat().try_into().expect("two halves of eight bytes")
    });
    let check = keyed_hash(*KEY, payload).to_be_bytes();
    [&[1], check.as_slice(), payload].concat()
}

/// The node of a replica of that number, reached at it.
pub(crate) fn node(address: u8, config: Config) -> Node<u8> {
    let replica = ReplicaId(u64::from(address));
    let identity = Identity { replica, name: format!("node {address}"), address };
    Node::new(Instant::default(), UNIX, identity, config, u64::from(address))
}

fn sealed() -> Config {
    let key = SealKey::from_bytes([7; SealKey::LEN]);
    Config { keys: Some(KeyRing::new(key)), ..Config::DEFAULT }
}

/// Writes something of each kind.
pub(crate) fn write(node: &mut Node<u8>, step: u64) {
    let now = Instant::new(Duration::from_millis(step * 50));
    node.update(now, |writer| {
        SKILLS.insert(writer, &format!("skill {step}")).expect("it fits");
        SKILLS.remove(writer, &format!("skill {}", step.saturating_sub(20))).expect("it fits");
        LOAD.set(writer, &40).expect("it fits");
        CALLS.add(writer, 1).expect("it fits");
    });
}

/// Reads all that was written.
pub(crate) fn read(node: &Node<u8>) -> (usize, Option<u32>, i128) {
    let table = node.table();
    (SKILLS.read(table).len(), LOAD.read(table), CALLS.read(table))
}
