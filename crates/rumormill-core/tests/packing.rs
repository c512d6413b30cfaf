//! What fits a datagram, and what may leave when bytes are counted.

use core::{num::NonZeroU32, time::Duration};

use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node,
    crdt::{Bytes, Key, ReplicaId, RowId, Space, WriteError},
};

const UNIX: Duration = Duration::from_secs(1_767_225_600);

fn node(address: u32, bytes_per_second: Option<NonZeroU32>) -> Node<u32> {
    let replica = ReplicaId(u64::from(address));
    let identity = Identity { replica, name: String::new(), address };
    let config = Config { bytes_per_second, ..Config::DEFAULT };
    Node::new(Instant::default(), UNIX, identity, config, u64::from(address))
}

fn at(millis: u64) -> Instant {
    Instant::new(Duration::from_millis(millis))
}

/// Lets both do what is due until `until` without any delay in between, and returns what the first
/// sent: when, and how many bytes.
fn run(ann: &mut Node<u32>, bob: &mut Node<u32>, until: Instant) -> Vec<(Instant, usize)> {
    let mut sent = Vec::new();
    let mut buf = [0; DATAGRAM_LEN_MIN];
    loop {
        let due = [&*ann, &*bob].into_iter().filter_map(Node::poll_timeout).min();
        let Some(now) = due.filter(|now| *now <= until) else { return sent };
        ann.handle_timeout(now);
        bob.handle_timeout(now);
        while ann.has_transmit() || bob.has_transmit() {
            while let Some(it) = ann.poll_transmit(&mut buf) {
                sent.push((now, it.payload.len()));
                bob.handle_datagram(now, 1, it.payload).expect("whole");
            }
            while let Some(it) = bob.poll_transmit(&mut buf) {
                ann.handle_datagram(now, 2, it.payload).expect("whole");
            }
        }
        assert!([&*ann, &*bob].iter().all(|it| it.poll_timeout().is_some_and(|due| due >= now)));
    }
}

/// Lets a node write so many cells, as long as cells may be.
fn write_longest(node: &mut Node<u32>, now: Instant, cells: u32) {
    let len_max = Config::DEFAULT.limits.cell_len_max;
    for nth in 0..cells {
        let key = Key::raw(&format!("{nth:03}"));
        let mut write = |len| {
            let value = Bytes::copy_from(&vec![7; len]);
            node.update(now, |writer| writer.set(Space::SHARED, key.clone(), value))
        };
        let refused = write(len_max + 1);
        assert!(matches!(refused, Err(WriteError::CellTooLong { .. })), "{refused:?}");
        let longest = (0..len_max).rev().find(|len| write(*len).is_ok());
        assert!(longest >= Some(len_max - 20), "{longest:?}");
    }
}

#[test]
fn the_longest_cells_pass_the_smallest_buffer_in_pieces() {
    let (mut ann, mut bob) = (node(1, None), node(2, None));
    bob.join(at(0), 1);
    run(&mut ann, &mut bob, at(100));
    write_longest(&mut ann, at(100), 40);
    let sent = run(&mut ann, &mut bob, at(5_000));
    assert!(sent.iter().filter(|(_, len)| *len > 600).count() >= 40);
    let id = RowId { space: Space::SHARED, life: ann.life() };
    assert!(ann.table().version(id) >= 40 && ann.table() == bob.table());
}

#[test]
fn a_budget_is_kept_at_every_moment_and_all_arrives() {
    const RATE: u32 = 3_000;
    let (mut ann, mut bob) = (node(1, NonZeroU32::new(RATE)), node(2, None));
    bob.join(at(0), 1);
    run(&mut ann, &mut bob, at(1_000));
    write_longest(&mut ann, at(1_000), 40);
    let sent = run(&mut ann, &mut bob, at(40_000));
    for (nth, (from, _)) in sent.iter().enumerate() {
        let window =
            sent[nth..].iter().take_while(|(when, _)| *when <= *from + at(1_000).since(at(0)));
        let bytes: usize = window.map(|(_, len)| len).sum();
        assert!(bytes <= 3_000 + 2_400, "{bytes} bytes in a second");
    }
    assert_eq!(ann.table(), bob.table());
    let held_back = ann.stats().held_back;
    assert!(
        (Duration::from_secs(5)..Duration::from_secs(25)).contains(&held_back),
        "{held_back:?}"
    );
    assert_eq!(bob.stats().held_back, Duration::ZERO);
}
