//! Two nodes in threads that block: `cargo run -p rumormill --example blocking_loop`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicUsize, Ordering},
    thread, time,
    time::{Duration, SystemTime},
};

use rumormill::core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node,
    crdt::{Column, PnCounter, ReplicaId, Space},
};

const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

static AGREED: AtomicUsize = AtomicUsize::new(0);

fn main() -> io::Result<()> {
    let (ann, bob) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    let seed = ann.local_addr()?;
    thread::scope(|scope| {
        let other = scope.spawn(|| run("ann", &ann, None, 30));
        run("bob", &bob, Some(seed), 12)?;
        other.join().expect("ann's thread does not panic")
    })
}

fn run(name: &str, socket: &UdpSocket, seed: Option<SocketAddr>, by: i64) -> io::Result<()> {
    let (replica, address) = (ReplicaId::from_name(name), socket.local_addr()?);
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let start = time::Instant::now();
    let now = || Instant::new(start.elapsed());
    let identity = Identity { replica, name: name.to_owned(), address };
    let mut node = Node::new(now(), unix, identity, Config::DEFAULT, unix.subsec_nanos().into());
    node.update(now(), |writer| CALLS.add(writer, by)).expect("an empty counter has room");
    seed.into_iter().for_each(|seed| node.join(now(), seed));

    let (mut heard, mut said, mut agrees) = (vec![0; 65_536], [0; DATAGRAM_LEN_MIN], false);
    while AGREED.load(Ordering::Relaxed) < 2 {
        while let Some(datagram) = node.poll_transmit(&mut said) {
            let _ = socket.send_to(datagram.payload, datagram.to);
        }
        if !agrees && CALLS.read(node.table()) == 42 {
            println!("{name} counts 42 calls");
            agrees = true;
            AGREED.fetch_add(1, Ordering::Relaxed);
        }
        let wait = node.poll_timeout().map_or(Duration::MAX, |due| due.since(now()));
        // A read timeout of zero would mean to wait for ever.
        socket.set_read_timeout(Some(wait.max(Duration::from_micros(1))))?;
        match socket.recv_from(&mut heard) {
            Ok((len, from)) => drop(node.handle_datagram(now(), from, &heard[..len])),
            Err(_) => node.handle_timeout(now()),
        }
    }
    Ok(())
}
