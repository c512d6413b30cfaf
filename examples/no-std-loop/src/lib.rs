//! Two nodes driven by hand, with `core` and `alloc` alone: `cargo test -p no-std-loop`.
//!
//! `cargo build -p no-std-loop --features prove-no-std` shows that no dependency needs `std`.
#![no_std]

use core::time::Duration;

use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node,
    crdt::{Column, PnCounter, ReplicaId, Space},
};

const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

/// What the wall clock reads when the nodes start.
const UNIX: Duration = Duration::from_secs(1_767_225_600);

/// Runs two nodes until they agree, or for a simulated minute, and returns what each counts.
#[must_use]
pub fn run() -> [i128; 2] {
    let mut nodes = [node(0, 30), node(1, 12)];
    nodes[1].join(Instant::default(), 0);
    let counts = |nodes: &[Node<usize>; 2]| [0, 1].map(|n: usize| CALLS.read(nodes[n].table()));
    for tick in 0..6_000 {
        let now = Instant::new(Duration::from_millis(10) * tick);
        nodes.iter_mut().for_each(|node| node.handle_timeout(now));
        deliver(now, &mut nodes);
        if counts(&nodes) == [42, 42] {
            break;
        }
    }
    counts(&nodes)
}

fn node(address: usize, calls: i64) -> Node<usize> {
    let (now, name) = (Instant::default(), ["ann", "bob"][address]);
    let replica = ReplicaId::from_name(name);
    let identity = Identity { replica, name: name.into(), address };
    let mut node = Node::new(now, UNIX, identity, Config::DEFAULT, replica.0);
    node.update(now, |writer| CALLS.add(writer, calls)).expect("an empty counter has room");
    node
}

fn deliver(now: Instant, nodes: &mut [Node<usize>; 2]) {
    let mut buffer = [0; DATAGRAM_LEN_MIN];
    for from in [0, 1] {
        while let Some(datagram) = nodes[from].poll_transmit(&mut buffer) {
            nodes[datagram.to].handle_datagram(now, from, datagram.payload).unwrap_or_default();
        }
    }
}

#[cfg(all(feature = "prove-no-std", not(test)))]
mod proof;

#[cfg(test)]
mod tests;
