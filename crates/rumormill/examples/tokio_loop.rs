//! Two nodes in tokio tasks, without the driver: `cargo run -p rumormill --example tokio_loop`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use rumormill::core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node,
    crdt::{Column, PnCounter, ReplicaId, Space},
};
use tokio::{net::UdpSocket, time};

const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

static AGREED: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let ann = UdpSocket::bind("127.0.0.1:0").await?;
    let bob = UdpSocket::bind("127.0.0.1:0").await?;
    let seed = ann.local_addr()?;
    tokio::try_join!(run("ann", ann, None, 30), run("bob", bob, Some(seed), 12)).map(drop)
}

async fn run(name: &str, socket: UdpSocket, seed: Option<SocketAddr>, by: i64) -> io::Result<()> {
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
            // A socket that is full drops the datagram; gossip repeats itself.
            let _ = socket.try_send_to(datagram.payload, datagram.to);
        }
        if !agrees && CALLS.read(node.table()) == 42 {
            println!("{name} counts 42 calls");
            agrees = true;
            AGREED.fetch_add(1, Ordering::Relaxed);
        }
        let due = node.poll_timeout().map_or(Duration::MAX, Instant::since_origin);
        tokio::select! {
            biased;
            Ok((len, from)) = socket.recv_from(&mut heard) => {
                node.handle_datagram(now(), from, &heard[..len]).unwrap_or_default();
            }
            () = time::sleep_until(start + due) => node.handle_timeout(now()),
        }
    }
    Ok(())
}
