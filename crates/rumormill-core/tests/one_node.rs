//! One node driven by hand: what it says, when it wakes, what it keeps within bounds.

use core::time::Duration;

use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Event, Identity, Instant, Liveness, Node, Rejected,
    crdt::{Bytes, Key, ReplicaId, RowId, Space},
};

const UNIX: Duration = Duration::from_secs(1_767_225_600);

fn node(address: u32) -> Node<u32> {
    let replica = ReplicaId(u64::from(address));
    let identity = Identity { replica, name: String::new(), address };
    Node::new(Instant::default(), UNIX, identity, Config::DEFAULT, u64::from(address))
}

fn at(millis: u64) -> Instant {
    Instant::new(Duration::from_millis(millis))
}

/// Lets a node do what is due until `until`, and returns what it sent: when, to whom, how long.
fn run(node: &mut Node<u32>, until: Instant) -> Vec<(Instant, u32, usize)> {
    let mut sent = Vec::new();
    let mut buf = [0; DATAGRAM_LEN_MIN];
    while let Some(now) = node.poll_timeout().filter(|now| *now <= until) {
        node.handle_timeout(now);
        while let Some(transmit) = node.poll_transmit(&mut buf) {
            sent.push((now, transmit.to, transmit.payload.len()));
        }
    }
    sent
}

/// Carries what `from` has to say to `to`, but nothing back.
fn carry(now: Instant, from: &mut Node<u32>, to: &mut Node<u32>) -> usize {
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let mut carried = 0;
    while let Some(transmit) = from.poll_transmit(&mut buf) {
        if transmit.to == to.identity().address {
            to.handle_datagram(now, from.identity().address, transmit.payload).expect("whole");
            carried += 1;
        }
    }
    carried
}

/// Lets nodes, numbered from 1, do what is due until `until`, and carries what arrives.
fn run_together(nodes: &mut [Node<u32>], until: Instant, arrives: impl Fn(u32, u32) -> bool) {
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let next = |nodes: &[Node<u32>]| nodes.iter().filter_map(Node::poll_timeout).min();
    while let Some(now) = next(nodes).filter(|now| *now <= until) {
        nodes.iter_mut().for_each(|node| node.handle_timeout(now));
        while let Some(from) = nodes.iter().position(Node::has_transmit) {
            let Some(it) = nodes[from].poll_transmit(&mut buf) else { continue };
            let (from, to) = (nodes[from].identity().address, it.to);
            if arrives(from, to) {
                let taken = nodes[to as usize - 1].handle_datagram(now, from, it.payload);
                taken.expect("whole");
            }
        }
    }
}

fn acquaint(now: Instant, ann: &mut Node<u32>, bob: &mut Node<u32>) {
    ann.join(now, bob.identity().address);
    ann.handle_timeout(now);
    while carry(now, ann, bob) + carry(now, bob, ann) > 0 {}
    assert_eq!(ann.table(), bob.table());
}

fn member(node: &Node<u32>, replica: u64) -> Option<Liveness> {
    let mut members = node.members();
    members.find(|it| it.life.replica.0 == replica).map(|it| it.liveness)
}

#[test]
fn a_lonely_node_is_quiet_and_asks_its_seed_at_growing_intervals() {
    let mut ann = node(1);
    assert_eq!(run(&mut ann, at(5_000)), []);
    ann.join(at(5_000), 7);
    let asked: Vec<_> = run(&mut ann, at(12_000)).iter().map(|(when, ..)| *when).collect();
    let waits: Vec<_> = asked.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(waits.is_sorted() && waits.len() >= 4, "{waits:?}");
}

#[test]
fn a_member_that_does_not_answer_is_suspect_and_then_dead() {
    let (mut ann, mut bob) = (node(1), node(2));
    acquaint(at(0), &mut ann, &mut bob);
    let mut told = Vec::new();
    for second in 1..=12 {
        run(&mut ann, at(second * 1_000));
        while let Some(event) = ann.poll_event() {
            if let Event::Member { liveness, .. } = event {
                told.push(liveness);
            }
        }
    }
    assert_eq!(told, [Liveness::Alive, Liveness::Suspect, Liveness::Dead]);
}

#[test]
fn who_slept_suspects_nobody_on_waking_whenever_it_fell_asleep() {
    for asleep_at in (1..200).map(|step| at(step * 10)) {
        let (mut ann, mut bob) = (node(1), node(2));
        acquaint(at(0), &mut ann, &mut bob);
        run(&mut ann, asleep_at);
        let before = member(&ann, 2);
        ann.handle_timeout(asleep_at + Duration::from_secs(60));
        assert_eq!(member(&ann, 2), before, "asleep at {asleep_at:?}");
        assert!(!ann.is_isolated(), "asleep at {asleep_at:?}");
    }
}

#[test]
fn who_hears_nobody_says_nothing_of_others() {
    let mut ann = node(1);
    let mut bob = node(2);
    let others: Vec<_> = (2..12).map(node).collect();
    let rows: Vec<_> = others.iter().flat_map(|it| it.table().rows().cloned()).collect();
    ann.restore(at(0), rows.clone());
    bob.restore(at(0), rows);
    run(&mut ann, at(12_000));
    assert!(ann.is_isolated());
    let mut buf = [0; DATAGRAM_LEN_MIN];
    while let Some(now) = ann.poll_timeout().filter(|now| *now < at(300_000)) {
        ann.handle_timeout(now);
        while let Some(it) = ann.poll_transmit(&mut buf) {
            bob.handle_datagram(now, 1, it.payload).expect("whole");
        }
    }
    assert!(ann.members().any(|it| it.liveness == Liveness::Dead), "it thinks what it thinks");
    assert!((3..12).all(|it| member(&bob, it) == Some(Liveness::Alive)), "nobody was told");
    assert_eq!(bob.stats().refutations, 0);
}

#[test]
fn a_suspect_that_hears_of_it_refutes() {
    let (mut ann, mut bob) = (node(1), node(2));
    acquaint(at(0), &mut ann, &mut bob);
    run(&mut ann, at(3_000));
    assert_eq!(member(&ann, 2), Some(Liveness::Suspect));
    // The next ping tells it.
    while ann.poll_timeout().is_some_and(|next| next <= at(6_000)) {
        let now = ann.poll_timeout().expect("a node always has a next deadline");
        ann.handle_timeout(now);
        while carry(now, &mut ann, &mut bob) + carry(now, &mut bob, &mut ann) > 0 {}
    }
    assert_eq!(member(&ann, 2), Some(Liveness::Alive));
    assert_eq!(bob.stats().refutations, 1);
}

#[test]
fn who_missed_a_refutation_is_told_again() {
    // Ann hears eve all the time, or she would be isolated and say nothing of bob.
    let mut all = [1, 2, 3].map(node);
    all[1].join(at(0), 1);
    all[2].join(at(0), 1);
    run_together(&mut all, at(3_000), |_, _| true);
    run_together(&mut all, at(20_000), |from, to| from != 2 && to != 2);
    assert_eq!(member(&all[0], 2), Some(Liveness::Dead));
    // Bob hears that he is dead and refutes, but his answers are lost.
    run_together(&mut all, at(40_000), |from, _| from != 2);
    assert_eq!(all[1].stats().refutations, 1);
    assert_eq!(member(&all[0], 2), Some(Liveness::Dead));
    run_together(&mut all, at(60_000), |_, _| true);
    assert_eq!(member(&all[0], 2), Some(Liveness::Alive));
}

#[test]
fn no_datagram_exceeds_the_buffer_and_a_slow_caller_gets_the_latest() {
    let (mut ann, mut bob) = (node(1), node(2));
    acquaint(at(0), &mut ann, &mut bob);
    for version in 0..500u64 {
        let key = Key::raw(&format!("cell {}", version % 50));
        let value = Bytes::copy_from(&[version.to_be_bytes(); 40].concat());
        ann.update(at(version), |w| w.set(Space::SHARED, key, value)).expect("it fits");
        ann.handle_timeout(at(version));
    }
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let mut datagrams = 0;
    while let Some(transmit) = ann.poll_transmit(&mut buf) {
        assert!(transmit.payload.len() <= DATAGRAM_LEN_MIN);
        bob.handle_datagram(at(500), 1, transmit.payload).expect("whole");
        datagrams += 1;
    }
    assert!(datagrams <= 4, "{datagrams} datagrams although one row waited");
    while carry(at(500), &mut bob, &mut ann) + carry(at(500), &mut ann, &mut bob) > 0 {}
    let id = RowId { space: Space::SHARED, life: ann.life() };
    assert_eq!(bob.table().version(id), 500);
}

#[test]
fn a_row_that_never_stops_growing_is_heard_of_while_it_grows() {
    let quiet = Config { reconcile_every: Duration::from_secs(100_000), ..Config::DEFAULT };
    let with_rumors_only = |address: u32| {
        let replica = ReplicaId(u64::from(address));
        let identity = Identity { replica, name: String::new(), address };
        Node::new(at(0), UNIX, identity, quiet.clone(), u64::from(address))
    };
    let (mut ann, mut bob) = (with_rumors_only(1), with_rumors_only(2));
    acquaint(at(0), &mut ann, &mut bob);
    let id = RowId { space: Space::SHARED, life: ann.life() };
    for step in 1..=1_000 {
        let now = at(step * 20);
        if step % 10 == 0 {
            let (key, value) = (Key::raw(&format!("key {step}")), Bytes::copy_from(&[7; 100]));
            ann.update(now, |w| w.set(Space::SHARED, key, value)).expect("it fits");
        }
        ann.handle_timeout(now);
        bob.handle_timeout(now);
        while carry(now, &mut ann, &mut bob) + carry(now, &mut bob, &mut ann) > 0 {}
    }
    let lag = ann.table().version(id) - bob.table().version(id);
    assert!(lag <= 2, "bob is {lag} writes behind after {}", ann.table().version(id));
}

#[test]
fn good_bye_is_told_even_to_a_program_that_never_looked() {
    let mut ann = node(1);
    ann.join(at(0), 9);
    run(&mut ann, at(20 * 60_000));
    ann.leave(at(20 * 60_000));
    run(&mut ann, at(21 * 60_000));
    let events: Vec<_> = core::iter::from_fn(|| ann.poll_event()).collect();
    assert!(events.contains(&Event::Left));
    assert!(events.len() <= 4, "one word on each thing: {events:?}");
}

#[test]
fn our_own_echo_is_no_conflict_and_no_seed() {
    let mut ann = node(1);
    ann.join(at(0), 99);
    ann.handle_timeout(at(0));
    let mut buf = [0; DATAGRAM_LEN_MIN];
    let echo = ann.poll_transmit(&mut buf).expect("it asks its seed").payload.to_vec();
    assert_eq!(ann.handle_datagram(at(1), 99, &echo), Err(Rejected::OurName));
    assert_eq!(ann.poll_event(), Some(Event::TableChanged));
    assert_eq!(ann.poll_event(), None);
    assert_eq!(run(&mut ann, at(60_000)), []);
}

#[test]
fn no_clock_and_no_period_is_too_odd() {
    let identity = |address| Identity { replica: ReplicaId(1), name: String::new(), address };
    let zero = Config {
        rumor_every: Duration::ZERO,
        probe_every: Duration::ZERO,
        forget_after: Duration::ZERO,
        ..Config::DEFAULT
    };
    let never = Config {
        reconcile_every: Duration::MAX,
        seed_backoff: Duration::MAX,
        probe_every: Duration::MAX,
        ..Config::DEFAULT
    };
    for (config, unix) in [(zero, Duration::ZERO), (never, Duration::MAX)] {
        let mut ann = Node::new(at(0), unix, identity(1u32), config, 1);
        ann.join(at(0), 2);
        ann.handle_timeout(at(100_000));
        assert!(ann.poll_timeout().is_some_and(|next| next > at(100_000)));
    }
}

#[test]
#[should_panic(expected = "a datagram buffer holds at least 1,200 bytes")]
fn a_buffer_too_short_for_any_promise_is_a_bug_of_the_caller() {
    node(1).poll_transmit(&mut [0; 1_199]);
}

#[test]
fn events_say_how_things_are_not_how_often_they_changed() {
    let mut ann = node(1);
    for _ in 0..1_000 {
        let set = |w: &mut rumormill_core::crdt::Writer<'_>| {
            w.set(Space::SHARED, Key::raw("key"), Bytes::default())
        };
        ann.update(at(0), set).expect("it fits");
    }
    assert_eq!(ann.poll_event(), Some(Event::TableChanged));
    assert_eq!(ann.poll_event(), None);
}

#[test]
fn restored_rows_of_an_earlier_life_count_and_the_new_life_is_later() {
    let mut before = node(1);
    before
        .update(at(0), |w| w.set(Space::SHARED, Key::raw("key"), Bytes::default()))
        .expect("fits");
    let rows: Vec<_> = before.table().rows().cloned().collect();
    let mut after = node(1);
    after.restore(at(0), rows);
    assert!(after.life() > before.life());
    let frozen = RowId { space: Space::SHARED, life: before.life() };
    assert_eq!(after.table().version(frozen), 1);
}

#[test]
fn rows_from_the_future_are_kept_and_said_to_be() {
    let identity = Identity { replica: ReplicaId(1), name: String::new(), address: 1 };
    let day = Duration::from_secs(86_400);
    let mut before = Node::new(at(0), UNIX + day, identity, Config::DEFAULT, 1);
    before.update(at(0), |w| w.set(Space::SHARED, Key::raw("k"), Bytes::default())).expect("short");
    let rows: Vec<_> = before.table().rows().cloned().collect();
    let mut after = node(1);
    after.restore(at(0), rows);
    let told = core::iter::from_fn(|| after.poll_event());
    let ahead = |event: &Event<u32>| {
        let is_ours = |replica: &ReplicaId| *replica == ReplicaId(1);
        matches!(event, Event::ClockAhead { replica, by } if is_ours(replica) && *by >= day)
    };
    assert_eq!(told.filter(ahead).count(), 1);
    assert_eq!(after.table().rows_in(Space::SHARED).count(), 1);
}
