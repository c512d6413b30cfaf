//! What a bound on bytes per second costs, and what it does not.

use core::num::NonZeroU32;
use std::{collections::VecDeque, time::Duration};

use rumormill_core::{
    Config, Event, Liveness,
    crdt::{Bytes, Key, Space},
};
use rumormill_sim::{Index, Sim};

const NODES: u32 = 20;
const BYTES_PER_SECOND: u32 = 2_000;
const BURST: u64 = 2_400;
const TENTH: Duration = Duration::from_millis(100);

fn sim(story: &str, seed: u64, bytes_per_second: Option<NonZeroU32>) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test packing {story}");
    let config = Config { bytes_per_second, ..Config::DEFAULT };
    let mut sim = Sim::new(seed, config).replay_with(command).trace_lines(0);
    sim.start_acquainted(NODES as usize);
    sim
}

/// Lets every node write ten cells of 500 bytes.
fn write_200_times(sim: &mut Sim) {
    for nth in 0..200 {
        let (who, key) = (nth % NODES, (nth / NODES).to_string());
        let value = Bytes::copy_from(&[7; 500]);
        let wrote = sim.update(who, |writer| writer.set(Space(64), Key::raw(&key), value));
        assert!(wrote.is_ok());
    }
}

fn deaths(sim: &Sim) -> usize {
    let all = (0..NODES).flat_map(|who| sim.events(who));
    let is_death =
        |event: &&Event<Index>| matches!(event, Event::Member { liveness: Liveness::Dead, .. });
    all.filter(is_death).count()
}

#[test]
fn twenty_nodes_with_a_tight_budget_keep_it_and_agree_in_the_end() {
    let story = "twenty_nodes_with_a_tight_budget_keep_it_and_agree_in_the_end";
    for seed in 1..=5 {
        let mut sim = sim(story, seed, NonZeroU32::new(BYTES_PER_SECOND));
        sim.run(5 * TENTH);
        write_200_times(&mut sim);
        let most = run_and_watch(&mut sim, 10 * TENTH);
        sim.check(most > u64::from(BYTES_PER_SECOND), "the burst is used");
        run_and_watch(&mut sim, 3_600 * TENTH);
        sim.check(deaths(&sim) == 0, "nobody is taken for dead");
        sim.check(sim.tables_are_equal(), "all rows arrive");
        let held_back: Vec<_> = sim.nodes().map(|(_, node)| node.stats().held_back).collect();
        sim.check(held_back.iter().all(|held| *held > 600 * TENTH), "there was too much to say");
        run_and_watch(&mut sim, 100 * TENTH);
        let now: Vec<_> = sim.nodes().map(|(_, node)| node.stats().held_back).collect();
        sim.check(now == held_back, "what waits comes to an end");
    }
}

/// Lets time pass, and checks each tenth of a second what left in the second before. Returns the
/// most bytes that left a node in a second.
fn run_and_watch(sim: &mut Sim, span: Duration) -> u64 {
    let sent = |sim: &Sim| sim.nodes().map(|(_, node)| node.stats().bytes_sent).collect();
    let mut window: VecDeque<Vec<u64>> = [sent(sim)].into();
    let mut most = 0;
    let end = sim.now() + span;
    while sim.now() < end {
        sim.run(TENTH);
        window.push_back(sent(sim));
        if window.len() > 11 {
            window.pop_front();
        }
        let (first, last) = (&window[0], &window[window.len() - 1]);
        most = last
            .iter()
            .zip(first)
            .map(|(last, first)| last - first)
            .max()
            .max(Some(most))
            .unwrap_or(0);
        sim.check(most <= u64::from(BYTES_PER_SECOND) + BURST, "a budget is kept");
    }
    most
}

#[test]
fn a_budget_that_is_never_reached_changes_nothing() {
    let story = "a_budget_that_is_never_reached_changes_nothing";
    let [free, wide] = [None, NonZeroU32::new(u32::MAX)].map(|bytes_per_second| {
        let mut sim = sim(story, 1, bytes_per_second);
        write_200_times(&mut sim);
        sim.run(20 * TENTH);
        let stats = sim.nodes().map(|(_, node)| node.stats()).collect::<Vec<_>>();
        sim.check(stats.iter().all(|it| it.held_back.is_zero()), "nothing was held back");
        (sim.tables_are_equal(), stats)
    });
    assert!(free.0 && wide.0);
    assert_eq!(free.1, wide.1);
}
