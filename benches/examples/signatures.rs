//! Prints what signatures cost: how many are made and verified for an update, what an update and a
//! datagram take, and the processor time of a newcomer that takes in 10,000 rows.

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, LazyLock},
    time::{Duration, Instant as Clock},
};

use rumormill_core::{
    Certificate, Config, DATAGRAM_LEN_MIN, Identity, Instant, Node, SecretKey, Signing, Spaces,
    Subject, Trust,
    crdt::{Bytes, Key, ReplicaId, Row, Space},
};

const UNIX: Duration = Duration::from_secs(1_767_225_600);
const ROWS: u32 = 10_000;

/// How the population is let in.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Unsigned,
    Listed,
    Certified,
}

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    for mode in [Mode::Unsigned, Mode::Listed, Mode::Certified] {
        print_updates(&mut out, mode)?;
    }
    for mode in [Mode::Unsigned, Mode::Listed, Mode::Certified] {
        let (mut holder, bytes) = holder(mode);
        print_join(&mut out, mode, &mut holder, bytes)?;
    }
    Ok(())
}

fn key(number: u32) -> SecretKey {
    let mut bytes = [7; SecretKey::LEN];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_bytes(&bytes)
}

fn trust(mode: Mode, number: u32, members: &[u32]) -> Trust {
    let fleet = key(u32::MAX);
    let mut signing = match mode {
        Mode::Unsigned => return Trust::Unsigned,
        Mode::Listed => {
            Signing::listed(key(number), members.iter().map(|number| key(*number).public()))
        }
        Mode::Certified => {
            let subject = Subject {
                key: key(number).public(),
                name: String::new(),
                not_after: UNIX.as_secs() * 2,
                spaces: Spaces::All,
                serial: u64::from(number),
            };
            let certificate = Certificate::issue(&fleet, "", subject);
            Signing::certified(key(number), certificate, fleet.public())
        }
    };
    // One holder sends them all.
    signing.verifications_per_second = u32::MAX;
    signing.into()
}

fn node(mode: Mode, number: u32, members: &[u32]) -> Node<u32> {
    let replica = match mode {
        Mode::Unsigned => ReplicaId(u64::from(number)),
        Mode::Listed | Mode::Certified => key(number).replica(),
    };
    let identity = Identity { replica, name: String::new(), address: number };
    let config = Config { trust: trust(mode, number, members), ..Config::DEFAULT };
    Node::new(Instant::default(), UNIX, identity, config, u64::from(number))
}

/// Three nodes, one of which writes 64 bytes at a time.
fn print_updates(out: &mut impl Write, mode: Mode) -> io::Result<()> {
    const UPDATES: u64 = 200;
    let members = [1, 2, 3];
    let mut nodes = members.map(|number| node(mode, number, &members));
    nodes[1].join(Instant::default(), 1);
    nodes[2].join(Instant::default(), 1);
    let until = |millis| Instant::new(Duration::from_millis(millis));
    run(&mut nodes, until(5_000));
    let before = nodes.each_ref().map(Node::stats);
    for update in 0..UPDATES {
        let now = until(5_000 + update * 100);
        let value = Bytes::copy_from(&[u8::try_from(update % 256).unwrap_or(0); 64]);
        let written =
            nodes[0].update(now, |writer| writer.set(Space::SHARED, Key::raw("k"), value));
        written.expect("it fits");
        run(&mut nodes, until(5_100 + update * 100));
    }
    let after = nodes.each_ref().map(Node::stats);
    let signed = after[0].heads_signed - before[0].heads_signed;
    let verified = [1, 2].map(|it| after[it].signatures_verified - before[it].signatures_verified);
    let sent: u64 = (0..3).map(|it| after[it].bytes_sent - before[it].bytes_sent).sum();
    writeln!(
        out,
        "{mode:?}: {UPDATES} updates of 64 bytes, one at a time: {signed} signed, {verified:?} verified by the others, {} bytes sent an update",
        sent / UPDATES
    )
}

fn run(nodes: &mut [Node<u32>], until: Instant) {
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let next = |nodes: &[Node<u32>]| nodes.iter().filter_map(Node::poll_timeout).min();
    while let Some(now) = next(nodes).filter(|now| *now <= until) {
        nodes.iter_mut().for_each(|node| node.handle_timeout(now));
        while let Some(from) = nodes.iter().position(Node::has_transmit) {
            let Some(it) = nodes[from].poll_transmit(&mut buf) else { continue };
            let from = nodes[from].identity().address;
            let to = &mut nodes[it.to as usize - 1];
            to.handle_datagram(now, from, it.payload).expect("whole");
        }
    }
}

/// A node that holds the introductions of so many others, and how many bytes these take.
fn holder(mode: Mode) -> (Node<u32>, usize) {
    let members: Vec<u32> = (1..=ROWS + 1).collect();
    let mut holder = node(mode, 1, &members);
    let rows: Vec<Arc<Row<Key, Bytes>>> =
        (2..=ROWS).map(|number| introduction(mode, number)).collect();
    let bytes = rows.iter().filter_map(|row| row.delta_since(0, usize::MAX));
    let bytes = bytes.map(|delta| delta.encoded_len()).sum();
    holder.restore(Instant::default(), rows);
    assert_eq!(holder.table().len(), ROWS as usize);
    (holder, bytes)
}

fn introduction(mode: Mode, number: u32) -> Arc<Row<Key, Bytes>> {
    let mut node = node(mode, number, &[number]);
    // A head is signed when there is something to say.
    node.join(Instant::default(), 0);
    node.handle_timeout(Instant::default());
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let said = node.poll_transmit(&mut buf);
    assert!(said.is_some(), "it asks its seed");
    let row = node.table().rows().next().cloned();
    row.expect("it introduced itself")
}

/// How long this thread has run, by the kernel's account; by the clock where there is none.
fn processor_time() -> Duration {
    static BEGUN: LazyLock<Clock> = LazyLock::new(Clock::now);
    let account = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = account.and_then(|it| it.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

fn print_join(
    out: &mut impl Write,
    mode: Mode,
    holder: &mut Node<u32>,
    bytes: usize,
) -> io::Result<()> {
    let members: Vec<u32> = (1..=ROWS + 1).collect();
    let mut newcomer = node(mode, ROWS + 1, &members);
    let mut now = Instant::default();
    newcomer.join(now, 1);
    let (mut spent, mut buf) = (Duration::ZERO, [0; DATAGRAM_LEN_MIN]);
    while newcomer.table().len() <= ROWS as usize {
        now = now + Duration::from_millis(1);
        let begun = processor_time();
        newcomer.handle_timeout(now);
        let mut said = Vec::new();
        while let Some(it) = newcomer.poll_transmit(&mut buf) {
            said.push((it.to, it.payload.to_vec()));
        }
        spent += processor_time().saturating_sub(begun);
        // The holder answers for everybody who is asked.
        for (to, datagram) in said {
            holder.handle_datagram(now, ROWS + 1, &datagram).expect("whole");
            while let Some(it) = holder.poll_transmit(&mut buf) {
                if it.to == ROWS + 1 {
                    let begun = processor_time();
                    newcomer.handle_datagram(now, to, it.payload).expect("whole");
                    spent += processor_time().saturating_sub(begun);
                }
            }
        }
        assert!(now < Instant::new(Duration::from_secs(120)), "{} rows", newcomer.table().len());
    }
    let stats = newcomer.stats();
    writeln!(
        out,
        "{mode:?}: {ROWS} rows of {} bytes joined in {:.2} s of the newcomer's processor, {} signatures verified, {} rows refused",
        bytes / ROWS as usize,
        spent.as_secs_f64(),
        stats.signatures_verified,
        stats.deltas_refused
    )
}
