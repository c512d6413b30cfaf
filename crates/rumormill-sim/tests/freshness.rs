//! How fresh a table is, and whether that is true.

use std::{sync::Arc, time::Duration};

use rumormill_core::{
    Config,
    crdt::{Bytes, Column, Key, LwwRegister, Row, Space},
};
use rumormill_sim::{Link, Sim};

const SECOND: Duration = Duration::from_secs(1);
const NEWS: Column<LwwRegister<u64>> = Column::new(Space::SHARED, "news");

fn sim(story: &str, seed: u64) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test freshness {story}");
    Sim::new(seed, Config::DEFAULT).replay_with(command)
}

#[test]
fn who_is_in_touch_is_fresh_and_who_is_cut_off_ages() {
    let mut sim = sim("who_is_in_touch_is_fresh_and_who_is_cut_off_ages", 1);
    sim.start_acquainted(30);
    sim.run(60 * SECOND);
    let mut ages: Vec<Duration> = Vec::new();
    for round in 0..20 {
        sim.update(round % 30, |w| NEWS.set(w, &1)).expect("it fits");
        sim.run(SECOND);
        ages.extend(sim.nodes().map(|(_, node)| node.freshness().age().expect("it agreed")));
    }
    ages.sort_unstable();
    let (median, worst) = (ages[ages.len() / 2], ages[ages.len() - 1]);
    eprintln!("in touch: half are fresher than {median:?}, all than {worst:?}");
    sim.check(median < 4 * SECOND && worst < 15 * SECOND, "who is in touch is fresh");
    sim.cut(&[7]);
    sim.run(SECOND);
    let before = sim.node(7).freshness();
    sim.run(60 * SECOND);
    let after = sim.node(7).freshness();
    assert_eq!(after.through(), before.through(), "nobody was compared with");
    assert!(after.age() >= Some(60 * SECOND), "{:?}", after.age());
    sim.update(3, |w| NEWS.set(w, &2)).expect("it fits");
    sim.heal();
    sim.run(30 * SECOND);
    let back = sim.node(7).freshness();
    assert!(back.age() < Some(15 * SECOND) && back.peers() > 3, "{back:?}");
}

/// A row that was written long ago by somebody who is not there.
fn old_row() -> Arc<Row<Key, Bytes>> {
    let mut elsewhere = Sim::new(99, Config::DEFAULT);
    for _ in 0..60 {
        elsewhere.start();
    }
    elsewhere.update(59, |w| NEWS.set(w, &7)).expect("it fits");
    let node = elsewhere.node(59);
    let mut rows = node.table().rows();
    rows.find(|row| row.id().space == Space::SHARED).map(Arc::clone).expect("it was written")
}

/// Half of the others hold an old row that node 0 lacks: with how many distinct peers does it agree
/// before it has the row?
#[test]
fn agreements_are_as_rare_as_the_bound_says_while_something_is_missing() {
    const RUNS: u64 = 300;
    let row = old_row();
    let mut agreed_with = [0u32; 64];
    for seed in 0..RUNS {
        let mut sim = sim("agreements_are_as_rare", seed).trace_lines(0);
        sim.set_link(Link::LAN);
        sim.start_acquainted(21);
        sim.run(8 * SECOND + Duration::from_millis(seed * 7));
        let through = sim.node(0).freshness().through().unwrap_or_default();
        let mut agreed = 0;
        for holder in 11..21 {
            sim.restore(holder, [Arc::clone(&row)]);
        }
        sim.run_until(60 * SECOND, |sim, _| {
            let node = sim.node(0);
            let has_it = node.table().row(row.id()).is_some();
            if !has_it {
                agreed = agreed.max(node.freshness().peers_through(through + SECOND));
            }
            has_it
        });
        agreed_with[..=agreed.min(63)].iter_mut().for_each(|runs| *runs += 1);
    }
    eprintln!("of {RUNS} runs so many agreed with 0, 1, 2, ... others: {:?}", &agreed_with[..6]);
    for (others, runs) in (0i32..).zip(agreed_with).take(8) {
        let bound = 0.5f64.powi(others);
        let noise = 4.0 * (bound / 300.0).sqrt();
        let measured = f64::from(runs) / 300.0;
        assert!(measured <= bound + noise, "{others}: {measured} of at most {bound}");
    }
    assert!(agreed_with[1] > 0, "there is something to bound");
}
