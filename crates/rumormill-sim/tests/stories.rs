//! Many nodes, one fault a line, the outcome at the end.

use std::{collections::BTreeSet, time::Duration};

use rumormill_core::{
    Config, Event, Liveness,
    crdt::{Bytes, Column, Key, LwwRegister, OrSet, PnCounter, ReplicaId, RowId, Space},
};
use rumormill_sim::{Disk, Index, Link, Sim};

const SKILLS: Column<OrSet<String>> = Column::new(Space::SHARED, "skills");
const LEADER: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "leader");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn sim(story: &str) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test stories {story}");
    Sim::new(1, Config::DEFAULT).replay_with(command)
}

fn settle(sim: &mut Sim) {
    let took = sim.run_until_equal(MINUTE);
    sim.check(took.is_some(), "all tables are equal within a minute");
}

fn insert(sim: &mut Sim, who: Index, skill: &str) {
    sim.update(who, |w| SKILLS.insert(w, &skill.to_owned())).expect("a skill fits a cell");
}

fn remove(sim: &mut Sim, who: Index, skill: &str) -> bool {
    sim.update(who, |w| SKILLS.remove(w, &skill.to_owned())).expect("a kill fits a cell")
}

fn count(sim: &mut Sim, who: Index, by: i64) {
    sim.update(who, |w| CALLS.add(w, by)).expect("a count fits a cell");
}

fn skills(sim: &Sim, who: Index) -> BTreeSet<String> {
    SKILLS.read(sim.node(who).table())
}

fn calls(sim: &Sim, who: Index) -> i128 {
    CALLS.read(sim.node(who).table())
}

fn liveness(sim: &Sim, seen_by: Index, who: Index) -> Option<Liveness> {
    let replica = ReplicaId(u64::from(who));
    let mut members = sim.node(seen_by).members();
    members.find(|member| member.life.replica == replica).map(|member| member.liveness)
}

#[test]
fn an_edit_waits_out_a_partition() {
    let mut sim = sim("an_edit_waits_out_a_partition");
    let [a, b, c] = sim.start_all();
    settle(&mut sim);
    sim.cut(&[a]);
    count(&mut sim, a, 1);
    count(&mut sim, b, 10);
    sim.run(20 * SECOND);
    assert_eq!((calls(&sim, a), calls(&sim, c)), (1, 10));
    assert_eq!(liveness(&sim, b, a), Some(Liveness::Dead));
    assert_eq!(liveness(&sim, a, b), Some(Liveness::Dead));
    sim.heal();
    settle(&mut sim);
    sim.run(20 * SECOND);
    assert_eq!((calls(&sim, a), calls(&sim, c)), (11, 11));
    assert_eq!(liveness(&sim, b, a), Some(Liveness::Alive));
    assert_eq!(liveness(&sim, a, c), Some(Liveness::Alive));
}

#[test]
fn what_was_removed_elsewhere_stays_removed() {
    let mut sim = sim("what_was_removed_elsewhere_stays_removed");
    let [a, b, c] = sim.start_all();
    insert(&mut sim, a, "search");
    insert(&mut sim, a, "translate");
    settle(&mut sim);
    sim.cut(&[c]);
    assert!(remove(&mut sim, b, "search"));
    sim.run(10 * SECOND);
    // By now a has erased its insert and b has dropped its kill; c has heard of neither.
    let kill_cells = sim.node(b).table().rows_in(Space::SHARED).map(|row| row.len());
    assert_eq!(kill_cells.sum::<usize>(), 3, "one insert and two erase markers are left");
    sim.crash(b);
    sim.heal();
    settle(&mut sim);
    for node in [a, c] {
        assert_eq!(skills(&sim, node), ["translate".to_owned()].into());
    }
}

#[test]
fn an_insert_wins_over_a_concurrent_remove() {
    let mut sim = sim("an_insert_wins_over_a_concurrent_remove");
    let [a, b] = sim.start_all();
    insert(&mut sim, a, "search");
    settle(&mut sim);
    sim.cut(&[b]);
    assert!(remove(&mut sim, b, "search"));
    insert(&mut sim, a, "search");
    sim.heal();
    settle(&mut sim);
    assert_eq!(skills(&sim, b), ["search".to_owned()].into());
}

#[test]
fn a_crash_is_noticed_and_a_restart_loses_nothing() {
    for disk in [Disk::Kept, Disk::Stale, Disk::Lost] {
        let mut sim = sim("a_crash_is_noticed_and_a_restart_loses_nothing");
        let [a, b, c] = sim.start_all();
        count(&mut sim, b, 5);
        insert(&mut sim, b, "search");
        sim.run(SECOND);
        sim.save(b);
        count(&mut sim, b, 7);
        assert!(remove(&mut sim, b, "search"));
        settle(&mut sim);
        sim.crash_without_saving(b);
        sim.run(15 * SECOND);
        assert_eq!(liveness(&sim, a, b), Some(Liveness::Dead));
        sim.restart(b, disk, a);
        count(&mut sim, b, 100);
        settle(&mut sim);
        sim.run(SECOND);
        for node in [a, b, c] {
            assert_eq!(calls(&sim, node), 112, "{disk:?}");
            assert!(skills(&sim, node).is_empty(), "{disk:?}");
        }
        assert_eq!(liveness(&sim, c, b), Some(Liveness::Alive));
    }
}

#[test]
fn a_row_larger_than_a_datagram_arrives_whole_or_not_at_all() {
    let mut sim = sim("a_row_larger_than_a_datagram_arrives_whole_or_not_at_all");
    let [a, b] = sim.start_all();
    settle(&mut sim);
    sim.set_link(Link { loss: 0.3, duplicate: 0.1, reorder: 0.1, ..Link::LAN });
    let cells = 200;
    sim.update(a, |w| {
        for cell in 0..cells {
            let value = Bytes::copy_from(&[7; 200]);
            w.set(Space::SHARED, Key::raw(&format!("cell {cell}")), value).expect("it fits");
        }
    });
    let id = RowId { space: Space::SHARED, life: sim.node(a).life() };
    let seen = sim.run_until(MINUTE, |sim, _| {
        let held = sim.node(b).table().row(id).map_or(0, |row| row.len());
        sim.check(held == 0 || held == cells, "readers see whole rows only");
        held == cells
    });
    sim.check(seen.is_some(), "the row arrives");
    sim.set_link(Link::LAN);
    settle(&mut sim);
}

#[test]
fn a_row_that_keeps_changing_still_arrives() {
    let mut sim = sim("a_row_that_keeps_changing_still_arrives");
    let [a, b] = sim.start_all();
    let write = |sim: &mut Sim, cell: usize| {
        let value = Bytes::copy_from(&[7; 200]);
        let set = |w: &mut rumormill_core::crdt::Writer<'_>| {
            w.set(Space::SHARED, Key::raw(&format!("cell {cell}")), value)
        };
        sim.update(a, set).expect("it fits");
    };
    (0..100).for_each(|cell| write(&mut sim, cell));
    let id = RowId { space: Space::SHARED, life: sim.node(a).life() };
    for change in 0..100 {
        write(&mut sim, change);
        sim.run(Duration::from_millis(20));
    }
    sim.check(sim.node(b).table().version(id) > 100, "b has seen a whole row meanwhile");
}

#[test]
fn two_nodes_with_one_identity_are_told_and_others_go_on() {
    let mut sim = sim("two_nodes_with_one_identity_are_told_and_others_go_on");
    let [a, b, c] = sim.start_all();
    settle(&mut sim);
    let twin = sim.start_twin_of(b);
    sim.join(twin, a);
    count(&mut sim, a, 1);
    sim.run(MINUTE);
    let conflicts = |who| {
        let told = |event: &&Event<Index>| matches!(event, Event::IdentityConflict { .. });
        sim.events(who).iter().filter(told).count()
    };
    assert!(conflicts(b) + conflicts(twin) > 0);
    assert_eq!((calls(&sim, a), calls(&sim, c)), (1, 1));
    let renewals = |who| {
        let renewed = |event: &&Event<Index>| matches!(event, Event::LifeRenewed { .. });
        sim.events(who).iter().filter(renewed).count()
    };
    assert!(renewals(b) <= 3 && renewals(twin) <= 3, "they do not outbid each other for ever");
}

#[test]
fn a_clock_a_year_ahead_is_refused_and_reported() {
    let mut sim = sim("a_clock_a_year_ahead_is_refused_and_reported");
    let [a, b, c] = sim.start_all();
    settle(&mut sim);
    sim.set_clock_ahead(c, 365 * 24 * 60 * MINUTE);
    sim.update(c, |w| LEADER.set(w, &3)).expect("it fits");
    sim.run(5 * SECOND);
    sim.update(a, |w| LEADER.set(w, &1)).expect("it fits");
    sim.run(5 * SECOND);
    assert_eq!(LEADER.read(sim.node(b).table()), Some(1));
    let reported = |event: &Event<Index>| matches!(event, Event::ClockAhead { replica, .. } if replica.0 == u64::from(c));
    assert_eq!(sim.events(a).iter().filter(|event| reported(event)).count(), 1, "told once");
}

#[test]
fn a_leaver_is_left_not_dead_and_may_come_back() {
    let mut sim = sim("a_leaver_is_left_not_dead_and_may_come_back");
    let [a, b, c] = sim.start_all();
    settle(&mut sim);
    sim.leave(b);
    sim.run(3 * SECOND);
    assert!(sim.events(b).contains(&Event::Left));
    sim.crash(b);
    sim.run(20 * SECOND);
    for node in [a, c] {
        assert_eq!(liveness(&sim, node, b), Some(Liveness::Left));
    }
    sim.restart(b, Disk::Lost, a);
    sim.run(3 * SECOND);
    assert_eq!(liveness(&sim, c, b), Some(Liveness::Alive));
}

#[test]
fn a_silent_seed_is_reported_and_tried_until_it_answers() {
    let mut sim = sim("a_silent_seed_is_reported_and_tried_until_it_answers");
    let [a, b] = [sim.start(), sim.start()];
    sim.crash(a);
    sim.join(b, a);
    sim.run(10 * SECOND);
    let reported = |event: &Event<Index>| matches!(event, Event::SeedUnreachable { .. });
    assert!(sim.events(b).iter().any(reported));
    sim.restart(a, Disk::Lost, a);
    sim.run(MINUTE);
    assert_eq!(liveness(&sim, a, b), Some(Liveness::Alive));
}

#[test]
fn erase_markers_are_forgotten_by_age_and_nobody_sees_a_difference() {
    let config = Config { forget_after: 20 * SECOND, ..Config::DEFAULT };
    let mut sim = Sim::new(1, config);
    let [a, b, c] = sim.start_all();
    insert(&mut sim, a, "search");
    insert(&mut sim, a, "translate");
    settle(&mut sim);
    sim.cut(&[c]);
    assert!(remove(&mut sim, a, "search"));
    sim.run(MINUTE);
    let id = RowId { space: Space::SHARED, life: sim.node(a).life() };
    let row = sim.node(b).table().row(id).expect("b holds a's row");
    assert_eq!((row.tombstones(), row.head().floor > 0), (0, true));
    sim.heal();
    settle(&mut sim);
    assert_eq!(skills(&sim, c), ["translate".to_owned()].into());
}

#[test]
fn a_quiet_population_falls_silent() {
    let mut sim = sim("a_quiet_population_falls_silent");
    let _: [Index; 8] = sim.start_all();
    settle(&mut sim);
    sim.run(10 * SECOND);
    let sent = |sim: &Sim| sim.nodes().map(|(_, node)| node.stats().bytes_sent).sum::<u64>();
    let deltas = |sim: &Sim| sim.nodes().map(|(_, node)| node.stats().deltas_sent).sum::<u64>();
    let (bytes_before, deltas_before) = (sent(&sim), deltas(&sim));
    sim.run(MINUTE);
    assert_eq!(deltas(&sim), deltas_before, "no row travels when nothing changes");
    let per_node_and_second = (sent(&sim) - bytes_before) / 8 / 60;
    assert!(per_node_and_second <= 120, "{per_node_and_second} bytes");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut sim = Sim::new(seed, Config::DEFAULT).trace_lines(usize::MAX);
        let [a, b, c] = sim.start_all();
        sim.set_link(Link { loss: 0.2, duplicate: 0.1, reorder: 0.1, ..Link::LAN });
        count(&mut sim, a, 1);
        sim.run(5 * SECOND);
        sim.crash(b);
        insert(&mut sim, c, "search");
        sim.run(10 * SECOND);
        sim.restart(b, Disk::Kept, c);
        sim.run(10 * SECOND);
        sim.trace()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
