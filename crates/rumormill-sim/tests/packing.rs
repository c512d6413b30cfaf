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

fn sim(story: &str, bytes_per_second: Option<NonZeroU32>) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test packing {story}");
    let config = Config { bytes_per_second, ..Config::DEFAULT };
    let mut sim = Sim::new(1, config).replay_with(command).trace_lines(0);
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
    let mut sim = sim(story, NonZeroU32::new(BYTES_PER_SECOND));
    sim.run(5 * TENTH);
    write_200_times(&mut sim);
    let mut sent = vec![VecDeque::new(); NODES as usize];
    let mut most = 0;
    let mut equal_after = None;
    for tenth in 0..3_000u32 {
        sim.run(TENTH);
        for (who, node) in sim.nodes() {
            let window = &mut sent[who as usize];
            window.push_back(node.stats().bytes_sent);
            if window.len() > 11 {
                window.pop_front();
            }
            let bytes = window[window.len() - 1] - window[0];
            most = most.max(bytes);
            sim.check(bytes <= u64::from(BYTES_PER_SECOND) + BURST, "a budget is kept");
        }
        if tenth % 200 == 199 {
            let sum = |f: fn(&rumormill_core::Stats) -> u64| sim.nodes().map(|(_, n)| f(&n.stats())).sum::<u64>();
            let held: usize = sim.nodes().map(|(_, n)| n.table().rows().map(|r| r.len()).sum::<usize>()).sum();
            println!("{tenth} cells {held} bytes {} dg {} deltas {} applied {} known {} refused {} digest {} shed {}", sum(|s| s.bytes_sent), sum(|s| s.datagrams_sent), sum(|s| s.deltas_sent), sum(|s| s.deltas_applied), sum(|s| s.deltas_known), sum(|s| s.deltas_refused), sum(|s| s.digest_bytes_sent), sum(|s| s.shed));
        }
        if sim.tables_are_equal() {
            equal_after = equal_after.or(Some(tenth * TENTH));
        }
    }
    let held_back: Vec<_> = sim.nodes().map(|(_, node)| node.stats().held_back).collect();
    println!("equal after {equal_after:?}, at most {most} B in a second, held {held_back:?}");
    sim.check(deaths(&sim) == 0, "nobody is taken for dead");
    sim.check(sim.tables_are_equal(), "all rows arrive");
    sim.check(held_back.iter().all(|held| *held > TENTH), "there was more to say than fits");
    sim.check(most > u64::from(BYTES_PER_SECOND) / 2, "the budget is used");
}

#[test]
fn a_budget_that_is_never_reached_changes_nothing() {
    let story = "a_budget_that_is_never_reached_changes_nothing";
    let [free, wide] = [None, NonZeroU32::new(u32::MAX)].map(|bytes_per_second| {
        let mut sim = sim(story, bytes_per_second);
        write_200_times(&mut sim);
        sim.run(20 * TENTH);
        let stats = sim.nodes().map(|(_, node)| node.stats()).collect::<Vec<_>>();
        sim.check(stats.iter().all(|it| it.held_back.is_zero()), "nothing was held back");
        (sim.tables_are_equal(), stats)
    });
    assert!(free.0 && wide.0);
    assert_eq!(free.1, wide.1);
}
