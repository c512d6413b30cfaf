//! Two nodes in one thread that polls: `cargo run -p rumormill --example mio_loop`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{io, net::SocketAddr, time, time::SystemTime};

use mio::{Events, Interest, Poll, Token, net::UdpSocket};
use rumormill::core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node,
    crdt::{Column, PnCounter, ReplicaId, Space},
};

const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

fn main() -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(2));
    let start = time::Instant::now();
    let now = || Instant::new(start.elapsed());
    let (mut ann, mut bob) = (open("ann", 30)?, open("bob", 12)?);
    bob.1.join(now(), ann.0.local_addr()?);
    for (n, (socket, _)) in [&mut ann, &mut bob].into_iter().enumerate() {
        poll.registry().register(socket, Token(n), Interest::READABLE)?;
    }
    let mut peers = [ann, bob];
    while peers.iter().any(|(_, node)| CALLS.read(node.table()) != 42) {
        for (socket, node) in &mut peers {
            drive(socket, node, now());
        }
        let due = peers.iter().filter_map(|(_, node)| node.poll_timeout()).min();
        poll.poll(&mut events, due.map(|due| due.since(now())))?;
    }
    for (_, node) in &peers {
        println!("{} counts {} calls", node.identity().name, CALLS.read(node.table()));
    }
    Ok(())
}

fn open(name: &str, by: i64) -> io::Result<(UdpSocket, Node<SocketAddr>)> {
    let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let (replica, address) = (ReplicaId::from_name(name), socket.local_addr()?);
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (chance, now) = (u64::from(unix.subsec_nanos()), Instant::default());
    let identity = Identity { replica, name: name.to_owned(), address };
    let mut node = Node::new(now, unix, identity, Config::DEFAULT, chance);
    node.update(now, |writer| CALLS.add(writer, by)).expect("an empty counter has room");
    Ok((socket, node))
}

fn drive(socket: &UdpSocket, node: &mut Node<SocketAddr>, now: Instant) {
    let (mut heard, mut said) = (vec![0; 65_536], [0; DATAGRAM_LEN_MIN]);
    // Until the socket is empty: mio tells of new datagrams only after that.
    while let Ok((len, from)) = socket.recv_from(&mut heard) {
        node.handle_datagram(now, from, &heard[..len]).unwrap_or_default();
    }
    node.handle_timeout(now);
    while let Some(datagram) = node.poll_transmit(&mut said) {
        let _ = socket.send_to(datagram.payload, datagram.to);
    }
}
