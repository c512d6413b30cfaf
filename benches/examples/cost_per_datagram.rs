//! Prints how long a node takes to handle a datagram, by the kind of what it says and the number
//! of members: median and 99th percentile, what it answers included.

use std::{
    hint::black_box,
    io::{self, Write},
    net::SocketAddr,
    time::{Duration, Instant as Clock},
};

use rumormill_benches::population::{Population, address};
use rumormill_core::{DATAGRAM_LEN_MIN, Instant, Node};

/// How many datagrams of each kind are timed.
const DATAGRAMS: usize = 20_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "microseconds to handle a datagram and answer it:")?;
    writeln!(out, "{:>8}  {:<28} {:>7} {:>7}", "members", "what it says", "median", "p99")?;
    for members in [100, 1_000, 10_000] {
        let population = Population::new(members);
        let mut ann = population.node();
        let mut kinds = [
            ("ping", Vec::new()),
            ("ack that nobody waits for", Vec::new()),
            ("claim that is news", Vec::new()),
            ("claim that is known", Vec::new()),
        ];
        for turn in 0..DATAGRAMS as u64 {
            let who = turn % members;
            let incarnation = turn / members + 1;
            let now = Instant::new(Duration::from_micros(turn * 400));
            let said = [
                population.ping(who, turn),
                population.ack(who, turn),
                population.claim(who, (who + 1) % members, incarnation),
                population.claim(who, (who + 1) % members, incarnation),
            ];
            for ((_, spent), datagram) in kinds.iter_mut().zip(said) {
                spent.push(handle(&mut ann, now, address(who), &datagram));
            }
            ann.handle_timeout(now);
            drain(&mut ann);
        }
        for (kind, mut spent) in kinds {
            spent.sort_unstable();
            let micros = |at: usize| spent[at].as_secs_f64() * 1e6;
            let (median, p99) = (micros(spent.len() / 2), micros(spent.len() * 99 / 100));
            writeln!(out, "{members:>8}  {kind:<28} {median:>7.2} {p99:>7.2}")?;
        }
    }
    Ok(())
}

fn handle(
    node: &mut Node<SocketAddr>,
    now: Instant,
    from: SocketAddr,
    datagram: &[u8],
) -> Duration {
    let begun = Clock::now();
    node.handle_datagram(now, from, datagram).expect("it is whole");
    drain(node);
    begun.elapsed()
}

fn drain(node: &mut Node<SocketAddr>) {
    let mut buf = [0; DATAGRAM_LEN_MIN];
    while let Some(transmit) = node.poll_transmit(&mut buf) {
        black_box(transmit);
    }
    while node.poll_event().is_some() {}
}
