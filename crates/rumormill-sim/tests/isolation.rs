//! Who is cut off says so, and is back soon after the network is.

use std::time::Duration;

use rumormill_core::{
    Config, Event, Liveness,
    crdt::{Column, LwwRegister, Space},
};
use rumormill_sim::{Disk, Index, Sim};

const SECOND: Duration = Duration::from_secs(1);
const NEWS: Column<LwwRegister<u64>> = Column::new(Space::SHARED, "news");

fn sim(story: &str, seed: u64) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test isolation {story}");
    Sim::new(seed, Config::DEFAULT).replay_with(command)
}

/// What a node says of whether it is isolated, in the order in which it said it.
fn said(sim: &Sim, who: Index) -> Vec<&Event<Index>> {
    let events = sim.events(who).iter();
    events.filter(|event| matches!(event, Event::Isolated | Event::Rejoined)).collect()
}

/// Says whether a node shows everybody else alive.
fn shows_all_alive(sim: &Sim, who: Index) -> bool {
    sim.node(who).members().all(|member| member.liveness == Liveness::Alive)
}

fn all_show_all_alive(sim: &Sim) -> bool {
    sim.nodes().all(|(who, _)| shows_all_alive(sim, who))
}

/// The time until something holds that is looked at twenty times a second.
fn time_until(sim: &mut Sim, limit: Duration, holds: impl Fn(&Sim) -> bool) -> Option<Duration> {
    let begun = sim.now();
    while !holds(sim) {
        if sim.now() - begun > limit {
            return None;
        }
        sim.run(Duration::from_millis(50));
    }
    Some(sim.now() - begun)
}

fn refutations(sim: &Sim) -> u64 {
    sim.nodes().map(|(_, node)| node.stats().refutations).sum()
}

fn one_is_cut_off(nodes: usize, span: Duration, seed: u64) {
    let mut sim = sim("one_is_cut_off", seed);
    sim.start_acquainted(nodes);
    sim.run(10 * SECOND + 77 * Duration::from_millis(seed));
    sim.cut(&[3]);
    let told = time_until(&mut sim, 15 * SECOND, |sim| sim.node(3).is_isolated());
    sim.check(told.is_some(), "says so within 15 s");
    assert_eq!(said(&sim, 3), [&Event::Isolated]);
    sim.run(span);
    sim.update(1, |w| NEWS.set(w, &1)).expect("it fits");
    sim.update(3, |w| NEWS.set(w, &2)).expect("it fits");
    assert!(said(&sim, 1).is_empty(), "the others hear each other");
    let before = refutations(&sim);
    sim.heal();
    let back = time_until(&mut sim, 5 * SECOND, all_show_all_alive);
    sim.check(back.is_some(), "all know all within 5 s");
    assert_eq!(said(&sim, 3), [&Event::Isolated, &Event::Rejoined]);
    let equal = sim.run_until_equal(5 * SECOND);
    sim.check(equal.is_some(), "tables are equal soon");
    let bytes = |sim: &Sim| sim.nodes().map(|(_, node)| node.stats().bytes_sent).sum::<u64>();
    let bytes_before = bytes(&sim);
    sim.run(10 * SECOND);
    let rate = (bytes(&sim) - bytes_before) / 10 / nodes as u64;
    let refuted = refutations(&sim) - before;
    eprintln!(
        "{nodes} nodes, one cut off for {span:?}, seed {seed}: said so after {told:?}, back after \
         {back:?}, equal {equal:?} later; {refuted} refutations; then {rate} B/s/node"
    );
    sim.check(refuted < 10, "what it made of the silence is no news to anybody");
    sim.check(shows_all_alive(&sim, 3) && all_show_all_alive(&sim), "and it stays so");
}

#[test]
fn one_is_cut_off_for_a_minute() {
    for seed in 1..=5 {
        one_is_cut_off(30, 60 * SECOND, seed);
        one_is_cut_off(100, 60 * SECOND, seed);
    }
}

#[test]
fn one_is_cut_off_for_ten_minutes() {
    one_is_cut_off(30, 600 * SECOND, 1);
    one_is_cut_off(100, 600 * SECOND, 1);
}

#[test]
fn of_two_both_say_so_and_are_back() {
    let mut sim = sim("of_two_both_say_so_and_are_back", 1);
    let [a, b] = sim.start_all();
    sim.run(5 * SECOND);
    sim.cut(&[b]);
    sim.run(15 * SECOND);
    assert!([a, b].iter().all(|who| sim.node(*who).is_isolated()));
    sim.run(120 * SECOND);
    let dead = |who| sim.node(who).members().any(|it| it.liveness == Liveness::Dead);
    assert!(dead(a) && dead(b), "silence is all there is to judge by");
    sim.heal();
    let back = time_until(&mut sim, 5 * SECOND, all_show_all_alive);
    sim.check(back.is_some(), "both are back within 5 s");
}

#[test]
fn who_was_forgotten_finds_the_others() {
    for seed in 1..=10 {
        let mut sim = sim("who_was_forgotten_finds_the_others", seed);
        sim.start_acquainted(40);
        sim.run(5 * SECOND);
        sim.cut(&[39]);
        sim.run(30 * SECOND);
        (0..39).for_each(|who| sim.crash(who));
        (0..39).for_each(|who| sim.restart(who, Disk::Lost, 0));
        sim.run((20 * SECOND).mul_f64(1.0 + seed as f64 / 9.7));
        assert_eq!(sim.node(0).members().count(), 38, "nobody knows of it");
        sim.heal();
        let back = time_until(&mut sim, 15 * SECOND, |sim| {
            (0..40).all(|who| sim.node(who).members().count() == 39 && shows_all_alive(sim, who))
        });
        eprintln!("forgotten, seed {seed}: back after {back:?}");
        sim.check(back.is_some_and(|it| it < 8 * SECOND), "all know all within 8 s");
    }
}

#[test]
fn a_half_that_is_cut_off_comes_back() {
    for (nodes, seed) in [(30, 1), (30, 2), (100, 1), (100, 2), (100, 3)] {
        let mut sim = sim("a_half_that_is_cut_off_comes_back", seed);
        sim.start_acquainted(nodes as usize);
        sim.run(10 * SECOND);
        let half: Vec<Index> = (0..nodes / 2).collect();
        sim.cut(&half);
        sim.run(60 * SECOND);
        let dead = sim.node(0).members().filter(|it| it.liveness == Liveness::Dead).count();
        sim.heal();
        let back = time_until(&mut sim, 30 * SECOND, all_show_all_alive);
        println!(
            "{nodes} nodes cut in half for 60 s, {dead} dead to the other half, seed {seed}: back after {back:?}"
        );
        sim.check(back.is_some_and(|it| it < 8 * SECOND), "all know all within 8 s");
        assert!((0..nodes).all(|who| said(&sim, who).is_empty()), "each half hears itself");
    }
}

#[test]
fn who_never_knew_anybody_is_not_isolated() {
    let mut sim = sim("who_never_knew_anybody_is_not_isolated", 1);
    let [a, b] = [sim.start(), sim.start()];
    sim.cut(&[b]);
    sim.join(b, a);
    sim.run(60 * SECOND);
    assert!(!sim.node(a).is_isolated() && !sim.node(b).is_isolated());
    let asks = |event: &Event<Index>| matches!(event, Event::SeedUnreachable { .. });
    assert!(sim.events(b).iter().any(asks), "it keeps asking");
}

#[test]
fn who_slept_was_not_isolated() {
    let mut sim = sim("who_slept_was_not_isolated", 1);
    sim.start_acquainted(20);
    sim.run(5 * SECOND);
    sim.pause(7);
    sim.run(60 * SECOND);
    sim.resume(7);
    sim.run(20 * SECOND);
    assert_eq!(said(&sim, 7), Vec::<&Event<Index>>::new());
}
