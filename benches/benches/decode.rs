//! How fast datagrams are read: what members say, and what costs most of what strangers can say.

use std::{
    hint::black_box,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant as Clock},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rumormill_benches::ProcessorTime;
use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node,
    crdt::{Bytes, Key, Life, Limits, Replica, ReplicaId, Row, Space, Writer, codec},
    forging::{Frames, decode},
};
use rumormill_fuzz::Mutations;

const UNIX: Duration = Duration::from_secs(1_767_225_600);

/// What these messages begin with: see `docs/wire.md`.
const PING: u8 = 0;
const WHO: u8 = 2;
const DELTA: u8 = 16;
const ROW: u8 = 17;
const SO_MANY_ARE_DEAD: u8 = 23;

/// That somebody is dead, and a question to ping it.
const CLAIM: [u8; 7] = [3, 1, 2, 3, 4, 1, 2];
const PING_FOR: [u8; 6] = [20, 1, 2, 3, 4, 1];

/// What no message begins with.
const NONE: u8 = 0xff;

/// The bytes before the first message, of those who know each other.
const SENDER_LEN: usize = 4;

/// Shorter datagrams than this take less than a microsecond whatever they say.
const LONG: usize = 300;

/// So many spoiled datagrams are tried, each three times.
const SPOILED: usize = 50_000;

fn decoding(criterion: &mut Criterion<ProcessorTime>) {
    let said = said();
    let mut group = criterion.benchmark_group("core/decode");
    for (what, payloads) in [("rows", &said.rows), ("sketches", &said.sketches)] {
        let bytes: usize = payloads.iter().map(Vec::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(what, |bencher| bencher.iter(|| read_all(black_box(payloads))));
    }
    let valid = [&said.rows[..], &said.sketches].concat();
    let shortest = over_and_over(&[WHO]);
    let short = [&[WHO][..], &[PING, 1], &[SO_MANY_ARE_DEAD, 1], &CLAIM, &PING_FOR];
    let rejected = |payload: &Vec<u8>| [&payload[..], &[NONE]].concat();
    let costly = [&valid[..], &short.map(over_and_over), &[short_cells()]].concat();
    for (what, payload) in [
        ("valid_worst", worst(valid.iter().cloned())),
        ("spoiled_worst", worst(Mutations::new(&valid, 1).take(SPOILED))),
        ("shortest_message_repeated", shortest),
        ("short_message_repeated_worst", worst(short.map(over_and_over).into_iter())),
        ("cells_of_a_few_bytes", short_cells()),
        ("rejected_for_the_last_byte_worst", worst(costly.iter().map(rejected))),
    ] {
        group.throughput(Throughput::Bytes(payload.len() as u64));
        group.bench_function(what, |bencher| bencher.iter(|| decode(black_box(&payload))));
    }
    group.finish();
}

fn read_all(payloads: &[Vec<u8>]) {
    for payload in payloads {
        decode(payload).expect("a member said it");
    }
}

/// The one that takes longest by its length.
fn worst(payloads: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let long = payloads.filter(|payload| payload.len() >= LONG);
    let cost = |payload: &[u8]| {
        let time = |_| {
            let begun = Clock::now();
            let _ = black_box(decode(black_box(payload)));
            begun.elapsed()
        };
        let least = (0..3).map(time).min().unwrap_or_default();
        least.as_nanos() * 1_000_000 / payload.len() as u128
    };
    long.max_by_key(|payload| cost(payload)).expect("some are long")
}

/// The payloads of datagrams that two nodes exchanged, the long ones.
struct Said {
    /// Those that bring rows.
    rows: Vec<Vec<u8>>,
    /// Those that find out what differs.
    sketches: Vec<Vec<u8>>,
}

/// A newcomer gets to know a node with many rows; then both are told of other rows, and find out which.
fn said() -> Said {
    let mut nodes = [node(0), node(1)];
    let mut now = Instant::default();
    nodes[0].restore(now, rows(1..1_001));
    nodes[1].join(now, 0);
    let long = |said: Vec<Vec<u8>>| -> Vec<_> {
        said.into_iter().filter(|it| it.len() >= 1_000).collect()
    };
    let joining = long(talk(&mut nodes, &mut now, 10));
    nodes[0].restore(now, rows(1_001..1_101));
    nodes[1].restore(now, rows(1_101..1_201));
    let comparing = long(talk(&mut nodes, &mut now, 10));
    assert!(nodes[0].table() == nodes[1].table(), "all of it was found");
    let is_sketch = |payload: &Vec<u8>| payload[SENDER_LEN] != ROW;
    Said { rows: joining, sketches: comparing.into_iter().filter(is_sketch).collect() }
}

/// Lets two nodes talk for so many seconds; the payloads of all that they said.
fn talk(nodes: &mut [Node<u8>; 2], now: &mut Instant, seconds: u64) -> Vec<Vec<u8>> {
    let (mut said, mut buf) = (Vec::new(), [0; DATAGRAM_LEN_MIN]);
    let end = *now + Duration::from_secs(seconds);
    while *now < end {
        *now = *now + Duration::from_millis(10);
        nodes.iter_mut().for_each(|node| node.handle_timeout(*now));
        while let Some(from) = nodes.iter().position(Node::has_transmit) {
            let Some(it) = nodes[from].poll_transmit(&mut buf) else { continue };
            said.push(it.payload[Frames::BEFORE_LEN..].to_vec());
            let address = nodes[from].identity().address;
            nodes[1 - from].handle_datagram(*now, address, it.payload).expect("it is whole");
        }
    }
    said
}

/// Rows of these replicas, of four cells each.
fn rows(replicas: Range<u64>) -> Vec<Arc<Row<Key, Bytes>>> {
    let row = |number| {
        let mut owner =
            Replica::new(Life { replica: ReplicaId(number), epoch: 1 }, Limits::DEFAULT);
        for cell in 0..4_u64 {
            let (key, value) = (Key::raw(&format!("{cell:016x}")), number.to_be_bytes());
            let write =
                |writer: &mut Writer<'_>| writer.set(Space::SHARED, key, Bytes::copy_from(&value));
            owner.edit(UNIX, write).expect("it fits");
        }
        owner.table().rows().next().cloned().expect("it was written")
    };
    replicas.map(row).collect()
}

/// A datagram full of one message.
fn over_and_over(message: &[u8]) -> Vec<u8> {
    [&[1; 4][..], &message.repeat(1_159 / message.len())].concat()
}

/// A delta of as many cells as a datagram holds.
fn short_cells() -> Vec<u8> {
    let mut owner = Replica::new(Life { replica: ReplicaId(1), epoch: 1 }, Limits::DEFAULT);
    for cell in 0..150_u64 {
        let key = Key::raw(&format!("{cell:x}"));
        let write = |writer: &mut Writer<'_>| writer.set(Space::SHARED, key, Bytes::default());
        owner.edit(UNIX, write).expect("it fits");
    }
    let row = owner.table().rows().next().expect("it was written");
    let delta = row.delta_since(0, usize::MAX).expect("all of it is news");
    [&[1; 4][..], &[DELTA], &codec::encode_to_vec(&delta).expect("a known length")].concat()
}

fn node(address: u8) -> Node<u8> {
    let replica = ReplicaId(1_000_000 + u64::from(address));
    let identity = Identity { replica, name: String::new(), address };
    Node::new(Instant::default(), UNIX, identity, Config::DEFAULT, u64::from(address))
}

criterion_group!(
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = decoding
);
criterion_main!(benches);
