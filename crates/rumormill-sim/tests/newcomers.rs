//! What newcomers get to know, how soon, and at what cost.

use std::time::Duration;

use rumormill_core::{
    Config, Liveness,
    crdt::{Bytes, Key, Space},
};
use rumormill_sim::{Index, Link, Sim};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn know_each_other(sim: &Sim) -> bool {
    let count = sim.nodes().count();
    sim.nodes().all(|(_, node)| node.members().count() + 1 == count)
}

/// Runs until everybody knows everybody, and says when that was.
fn acquainted_after(sim: &mut Sim, limit: Duration) -> Option<Duration> {
    let begun = sim.now();
    while sim.now() - begun < limit {
        if know_each_other(sim) {
            return Some(sim.now() - begun);
        }
        sim.run(20 * MILLI);
    }
    None
}

#[test]
fn all_may_be_new_at_once() {
    for (loss, within) in [(0.0, 4 * SECOND), (0.1, 10 * SECOND)] {
        for seed in 1..=3 {
            let mut sim = Sim::new(seed, Config::DEFAULT);
            sim.set_link(Link { loss, ..Link::LAN });
            let started: Vec<Index> = (0..120).map(|_| sim.start()).collect();
            started.iter().skip(1).for_each(|who| sim.join(*who, 0));
            let took = acquainted_after(&mut sim, within);
            let what = format!("seed {seed}, loss {loss}: they know each other in {within:?}");
            sim.check(took.is_some(), &what);
            let bytes: u64 = sim.nodes().map(|(_, node)| node.stats().bytes_sent).sum();
            // A row of somebody is 50 bytes.
            let bytes_per_row = bytes / 120 / 120;
            let bytes_max = if loss > 0.0 { 130 } else { 85 };
            assert!(bytes_per_row < bytes_max, "seed {seed}, loss {loss}: {bytes_per_row} bytes");
        }
    }
}

#[test]
fn a_newcomer_is_brought_up_to_date_by_many() {
    let mut sim = Sim::new(1, Config::DEFAULT);
    sim.start_acquainted(400);
    for who in 0..400u16 {
        let value = Bytes::copy_from(&who.to_be_bytes());
        let written = sim.update(who.into(), |it| it.set(Space::SHARED, Key::raw("x"), value));
        written.expect("it fits");
    }
    sim.run(15 * SECOND);
    let deltas =
        |sim: &Sim| -> Vec<u64> { sim.nodes().map(|(_, node)| node.stats().deltas_sent).collect() };
    let before = deltas(&sim);
    let newcomer = sim.start();
    sim.join(newcomer, 0);
    sim.run(500 * MILLI);
    assert!(sim.node(newcomer).table().len() >= 801);
    let given: Vec<u64> = deltas(&sim).iter().zip(&before).map(|(after, it)| after - it).collect();
    assert!(given[0] < 250, "the seed alone gave {} rows of 800", given[0]);
    let in_all: u64 = given.iter().sum();
    // And its own row went to the 400 others.
    assert!((1_190..1_300).contains(&in_all), "{in_all} rows were sent for 1,200");
    assert!(sim.node(newcomer).stats().deltas_known < 5, "hardly a row came twice");
}

#[test]
fn a_newcomer_is_told_who_is_dead() {
    let mut sim = Sim::new(1, Config::DEFAULT);
    sim.start_acquainted(60);
    (50..60).for_each(|who| sim.crash(who));
    sim.run(40 * SECOND);
    let newcomer = sim.start();
    sim.join(newcomer, 3);
    sim.run(SECOND);
    let dead = |sim: &Sim| {
        let members = sim.node(newcomer).members();
        members.filter(|member| member.liveness == Liveness::Dead).count()
    };
    assert_eq!(dead(&sim), 10);
    sim.run(60 * SECOND);
    assert_eq!(dead(&sim), 10, "nobody rises");
}

#[test]
fn who_was_asleep_while_all_others_heard_of_deaths_hears_of_them_later() {
    let mut sim = Sim::new(1, Config::DEFAULT);
    sim.start_acquainted(300);
    sim.run(5 * SECOND);
    (250..300).for_each(|who| sim.crash(who));
    sim.run(SECOND);
    sim.pause(0);
    sim.run(20 * SECOND);
    sim.resume(0);
    sim.run(30 * SECOND);
    let shown = sim.node(0).members().filter(|member| member.liveness != Liveness::Dead).count();
    // By its own probes, one a second, it would have found some five of fifty by then.
    assert_eq!(shown, 249);
}

#[test]
fn who_holds_more_than_all_others_is_no_newcomer_for_ever() {
    let mut sim = Sim::new(1, Config::DEFAULT);
    sim.start_acquainted(5);
    let veteran = sim.start();
    for name in 0..50u8 {
        let value = Bytes::copy_from(&[name]);
        let written = sim.update(veteran, |it| it.set(Space(10 + name), Key::raw("x"), value));
        written.expect("it fits");
    }
    sim.join(veteran, 0);
    sim.run_until_equal(10 * SECOND).expect("others get what it holds");
    sim.run(20 * SECOND);
    let before = sim.node(veteran).stats().digest_bytes_sent;
    sim.run(20 * SECOND);
    let after = sim.node(veteran).stats().digest_bytes_sent;
    assert!(after - before < 20 * 60, "{} bytes of digests in 20 s", after - before);
}
