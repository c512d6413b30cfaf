//! A large population, made small enough for a test; and rows that its nodes share.

use core::time::Duration;
use std::sync::Arc;

use rumormill_core::{
    Config,
    crdt::{Bytes, Key, Space},
};
use rumormill_sim::{Scale, Sim};

const SCALE: Scale = Scale {
    nodes: 200,
    span: Scale::SPAN_MIN,
    loss: 0.1,
    share_per_minute: 0.6,
    writes_per_s: 10.0,
    shares_rows: true,
};

#[test]
fn two_hundred_nodes_converge_whether_they_share_rows_or_not() {
    let shared = SCALE.run(1, |_| {});
    assert!(shared.has_converged(), "{shared:#?}");
    assert_eq!(shared.false_death_events, 0, "{shared:#?}");
    assert_eq!((shared.crashed, shared.joined, shared.running), (10, 5, 195));
    assert!(shared.lost > 9_000 && shared.writes > 40, "{shared:#?}");
    let apart = Scale { shares_rows: false, ..SCALE }.run(1, |_| {});
    assert_eq!(shared, apart, "down to the hash of every datagram");
}

#[test]
fn nodes_that_come_back_are_known_to_live() {
    let longer = Scale { nodes: 40, span: Duration::from_secs(60), writes_per_s: 1.0, ..SCALE };
    let report = longer.run(2, |_| {});
    assert!(report.has_converged() && report.restarted > 2, "{report:#?}");
}

/// How many rows the first two nodes hold in one place.
fn shared(sim: &Sim) -> usize {
    let [ours, theirs] = [0, 1].map(|who| sim.node(who).table().rows());
    ours.zip(theirs).filter(|(ours, theirs)| Arc::ptr_eq(ours, theirs)).count()
}

#[test]
fn rows_that_arrive_are_held_once() {
    let mut sim = Sim::new(1, Config::DEFAULT);
    sim.share_rows(true);
    let [a, _, c] = sim.start_all();
    sim.run(Duration::from_secs(5));
    assert_eq!(shared(&sim), 3);
    for who in [a, c, a] {
        let value = Bytes::copy_from(b"a value of more than twenty-two bytes");
        let written = sim.update(who, |w| w.set(Space::SHARED, Key::raw("news"), value));
        written.expect("it fits a cell");
        sim.run(Duration::from_secs(5));
    }
    assert_eq!(shared(&sim), 5);
    sim.share_rows(false);
    sim.update(c, |w| w.erase(Space::SHARED, &Key::raw("news")));
    sim.run(Duration::from_secs(5));
    assert_eq!(shared(&sim), 4, "what arrives from here on is a copy");
}
