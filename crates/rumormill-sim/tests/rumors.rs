//! How news spreads, what it costs, and that it ends.

use std::time::Duration;

use rumormill_core::{
    Config, Mode,
    crdt::{Bytes, Key, Space},
};
use rumormill_sim::{Index, Link, Sim, Spread, SpreadReport};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn spread(nodes: usize, loss: f64, mode: Mode) -> Spread {
    let interval = Config::DEFAULT.rumor_every;
    Spread { nodes, fanout: 3, loss, mode, interval, update_bytes: 64 }
}

fn last(report: &SpreadReport) -> Duration {
    *report.times.last().expect("the writer has it")
}

fn write(sim: &mut Sim, who: Index, byte: u8) {
    let value = Bytes::copy_from(&[byte; 64]);
    let written = sim.update(who, |writer| writer.set(Space::SHARED, Key::raw("news"), value));
    written.expect("it fits");
}

fn sent(sim: &Sim) -> [u64; 3] {
    let stats = || sim.nodes().map(|(_, node)| node.stats());
    [
        stats().map(|it| it.bytes_sent).sum(),
        stats().map(|it| it.datagrams_sent).sum(),
        stats().map(|it| it.deltas_sent).sum(),
    ]
}

#[test]
fn cells_travel_to_hardly_anybody_twice() {
    for (loss, payloads_max, within) in [(0.0, 1.1, 400 * MILLI), (0.3, 1.6, 1_500 * MILLI)] {
        for seed in 1..=3 {
            let report = spread(150, loss, Mode::PushThenPull).run(seed);
            assert_eq!(report.reached, 150);
            assert!(last(&report) <= within, "seed {seed}, loss {loss}: {:?}", last(&report));
            let payloads = report.payloads_per_node;
            assert!(payloads <= payloads_max, "seed {seed}, loss {loss}: {payloads}");
        }
    }
}

#[test]
fn the_classic_variants_wait_for_their_periods() {
    let ours = spread(60, 0.0, Mode::PushThenPull).run(1);
    for mode in [Mode::Push, Mode::Pull, Mode::PushPull] {
        let report = spread(60, 0.0, mode).run(1);
        assert_eq!(report.reached, 60, "{mode:?}");
        assert!(last(&report) > last(&ours) && report.payloads_per_node > 1.6, "{mode:?}");
    }
}

#[test]
fn news_is_told_at_once_but_not_at_any_rate() {
    let config = Config { rumor_every: 10 * SECOND, ..Config::DEFAULT };
    let mut sim = Sim::new(1, config);
    sim.start_acquainted(12);
    sim.run(30 * SECOND);
    let own = |sim: &Sim| sim.node(0).table().version(row_of(sim, 0));
    let heard_by = |sim: &Sim| {
        let news = own(sim);
        sim.nodes().filter(|(_, node)| node.table().version(row_of(sim, 0)) == news).count()
    };
    write(&mut sim, 0, 1);
    sim.run(50 * MILLI);
    assert!(heard_by(&sim) > 6, "{} heard, long before a period is over", heard_by(&sim));
    // Whoever never stops writing is not to be heard more often than its periods allow.
    let [_, before, _] = sent(&sim);
    for byte in 0..200 {
        write(&mut sim, 0, byte);
        sim.run(10 * MILLI);
    }
    let [_, after, _] = sent(&sim);
    assert!(after - before < 900, "{} datagrams for 200 writes", after - before);
    sim.run_until_equal(30 * SECOND).expect("the last write reaches all");
}

fn row_of(sim: &Sim, who: Index) -> rumormill_core::crdt::RowId {
    rumormill_core::crdt::RowId { space: Space::SHARED, life: sim.node(who).life() }
}

#[test]
fn whatever_happened_the_population_falls_silent() {
    let mut sim = Sim::new(1, Config::DEFAULT);
    sim.start_acquainted(40);
    sim.run(30 * SECOND);
    let floor = traffic(&mut sim);
    (0..40).for_each(|who| write(&mut sim, who, 1));
    sim.run(SECOND);
    sim.set_link(Link { loss: 0.3, ..Link::LAN });
    sim.run(20 * SECOND);
    sim.cut(&(0..20).collect::<Vec<_>>());
    (0..40).for_each(|who| write(&mut sim, who, 2));
    sim.run(60 * SECOND);
    sim.heal();
    sim.set_link(Link::LAN);
    sim.crash(7);
    let newcomer = sim.start();
    sim.join(newcomer, 3);
    sim.run(90 * SECOND);
    let silence = traffic(&mut sim);
    let [bytes, datagrams, deltas] = silence;
    assert_eq!(deltas, 0, "nothing is told that everybody knows");
    // Members thought dead are looked after, which is one datagram now and then.
    assert!(
        bytes * 100 < floor[0] * 125 && datagrams * 100 < floor[1] * 125,
        "{silence:?} {floor:?}"
    );
}

/// What is sent in 20 seconds.
fn traffic(sim: &mut Sim) -> [u64; 3] {
    let before = sent(sim);
    sim.run(20 * SECOND);
    let after = sent(sim);
    [0, 1, 2].map(|it| after[it] - before[it])
}
