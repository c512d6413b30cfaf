//! What stays in a zone, and that nothing stays in it for good.

use std::time::Duration;

use rumormill_core::{
    Config,
    crdt::{Column, LwwRegister, Space},
};
use rumormill_sim::{Index, Sim, Zones};

const SECOND: Duration = Duration::from_secs(1);
const NEWS: Column<LwwRegister<u64>> = Column::new(Space::SHARED, "news");

fn sim(story: &str, seed: u64) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test zones {story}");
    Sim::new(seed, Config::DEFAULT).replay_with(command)
}

/// The time until all show what `writer` writes.
fn spread(sim: &mut Sim, writer: Index, value: u64) -> Option<Duration> {
    sim.update(writer, |w| NEWS.set(w, &value)).expect("it fits");
    let begun = sim.now();
    while sim.nodes().any(|(_, node)| NEWS.read(node.table()) != Some(value)) {
        if sim.now() - begun > 30 * SECOND {
            return None;
        }
        sim.run(Duration::from_millis(20));
    }
    Some(sim.now() - begun)
}

#[test]
fn rumors_do_not_die_in_a_corner() {
    let mut slowest = Duration::ZERO;
    for seed in 1..=10 {
        let mut sim = sim("rumors_do_not_die_in_a_corner", seed);
        for number in 0..40 {
            sim.start_in(if number < 2 { "corner" } else { "hall" });
        }
        sim.acquaint();
        sim.run(5 * SECOND);
        for (value, writer) in [(1, 0), (2, 20), (3, 1), (4, 39), (5, 5)] {
            let took = spread(&mut sim, writer, seed * 10 + value);
            sim.check(took.is_some(), "every update reaches all");
            slowest = slowest.max(took.unwrap_or_default());
            sim.run(SECOND);
        }
    }
    eprintln!("a corner of 2 among 40, 50 updates: the slowest took {slowest:?}");
    assert!(slowest < 8 * SECOND, "what rumors miss is repaired in seconds: {slowest:?}");
}

#[test]
fn less_crosses_between_zones_than_with_uniform_choice() {
    let run = |bias_per_mille| {
        let zones = Zones { nodes: 120, zones: 4, bias_per_mille, update_bytes: 64 };
        (zones.theory(), zones.run(1))
    };
    let [(expected, near), (expected_even, even)] = [run(750), run(0)];
    for (expected, it) in [(expected, &near), (expected_even, &even)] {
        let share = it.cross_zone_share_of_update;
        eprintln!(
            "{share:.3} of an update crosses, {expected:.3} expected, all {:?}",
            it.times[119]
        );
    }
    assert_eq!((near.times.len(), even.times.len()), (120, 120));
    assert!((even.cross_zone_share_of_update - expected_even).abs() < 0.05, "{even:?}");
    assert!((near.cross_zone_share_of_update - expected).abs() < 0.08, "{near:?}");
    assert!((even.cross_zone_share - expected_even).abs() < 0.05, "{even:?}");
}

#[test]
fn who_knows_a_zone_shows_it() {
    let mut sim = sim("who_knows_a_zone_shows_it", 1);
    let [a, b, c] = [sim.start_in("east"), sim.start_in("west"), sim.start()];
    sim.join(b, a);
    sim.join(c, a);
    sim.run(5 * SECOND);
    let zones: Vec<_> = sim.node(a).members().map(|it| it.zone.to_owned()).collect();
    assert_eq!(zones, ["west", ""]);
    let sent = sim.node(a).stats();
    assert_eq!(sent.bytes_to_other_zones, sent.bytes_sent, "nobody else is in the east");
    assert_eq!(sim.node(c).stats().bytes_to_other_zones, 0, "who is nowhere crosses nothing");
}
