//! Many nodes, one fault a line, the outcome at the end.

use std::{collections::BTreeSet, time::Duration};

use rumormill_core::{
    Config, Event, Liveness,
    crdt::{Bytes, Column, Key, LwwRegister, OrSet, PnCounter, ReplicaId, Retention, RowId, Space},
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
fn rows_from_a_disk_are_no_rumor() {
    let hour = 60 * MINUTE;
    let never = Config { reconcile_every: hour, probe_every: hour, ..Config::DEFAULT };
    let mut sim = Sim::new(1, never);
    sim.start_acquainted(2);
    let stranger = sim.start();
    count(&mut sim, stranger, 1);
    let rows: Vec<_> = sim.node(stranger).table().rows_in(Space::STATS).cloned().collect();
    sim.run(MINUTE);
    let deltas_sent = |sim: &Sim| sim.nodes().map(|(_, node)| node.stats().deltas_sent).sum();
    let before: u64 = deltas_sent(&sim);
    sim.restore(0, rows);
    sim.run(MINUTE);
    assert_eq!([0, 1].map(|who| calls(&sim, who)), [1, 0]);
    assert_eq!(deltas_sent(&sim), before);
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

/// Whatever a life wrote that any live node or disk held counts on, once, and what was removed
/// stays removed: through a kill without a disk, blind starts, a stale disk, three restarts in a
/// row, late copies of old rows, and a killer and an owner that both restart.
#[test]
fn no_sequence_of_restarts_loses_or_resurrects() {
    let mut sim = sim("no_sequence_of_restarts_loses_or_resurrects");
    let [owner, killer, c, late] = sim.start_all();
    insert(&mut sim, owner, "search");
    insert(&mut sim, owner, "translate");
    count(&mut sim, owner, 1);
    sim.run(SECOND);
    sim.save(owner);
    settle(&mut sim);
    // `late` keeps copies in which the element is alive, and comes back at the end.
    sim.cut(&[late]);
    assert!(remove(&mut sim, killer, "search"));
    count(&mut sim, killer, 10);
    sim.run(5 * SECOND);

    // The killer is killed without a disk, starts blind, and writes before it hears of anybody.
    sim.crash(killer);
    sim.restart(killer, Disk::Lost, c);
    count(&mut sim, killer, 100);
    sim.run(5 * SECOND);
    // The owner restarts from a disk older than the removal.
    sim.crash_without_saving(owner);
    sim.restart(owner, Disk::Stale, c);
    count(&mut sim, owner, 1_000);
    sim.run(5 * SECOND);
    // Both restart three times in a row, now with a disk and now without.
    for disk in [Disk::Kept, Disk::Lost, Disk::Kept] {
        sim.crash(owner);
        sim.crash(killer);
        sim.run(SECOND);
        sim.restart(owner, disk, c);
        sim.restart(killer, disk, c);
        count(&mut sim, owner, 10_000);
        count(&mut sim, killer, 100_000);
        sim.run(5 * SECOND);
    }
    sim.heal();
    settle(&mut sim);
    sim.run(10 * SECOND);
    settle(&mut sim);
    for node in [owner, killer, c, late] {
        assert_eq!(calls(&sim, node), 331_111);
        assert_eq!(skills(&sim, node), ["translate".to_owned()].into());
    }
}

/// A population in which what ended lives wrote is kept for eight minutes.
fn sim_that_drops(story: &str) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test stories {story}");
    let config = Config { retention: Retention::uniform(Some(8 * MINUTE)), ..Config::DEFAULT };
    Sim::new(1, config).replay_with(command)
}

fn sent(sim: &Sim) -> u64 {
    sim.nodes().map(|(_, node)| node.stats().deltas_sent).sum()
}

#[test]
fn what_an_ended_life_wrote_goes_everywhere_and_what_a_running_one_wrote_stays() {
    let mut sim = sim_that_drops("what_an_ended_life_wrote_goes_everywhere");
    let [a, b, c] = sim.start_all();
    count(&mut sim, a, 1);
    count(&mut sim, b, 10);
    insert(&mut sim, a, "search");
    settle(&mut sim);
    sim.crash(b);
    sim.run(5 * MINUTE);
    assert_eq!(calls(&sim, c), 11, "it is kept for now");
    assert_eq!(liveness(&sim, c, b), Some(Liveness::Dead));
    sim.run(5 * MINUTE);
    assert_eq!((calls(&sim, a), calls(&sim, c)), (1, 1));
    assert_eq!(liveness(&sim, c, b), None, "a member without a row is forgotten");
    settle(&mut sim);
    let before = sent(&sim);
    sim.run(60 * MINUTE);
    // Four rows are stamped anew each fourth of ten minutes, and the only other one is told.
    let signs = 60 * 2 / 5 * 4;
    let told = sent(&sim) - before;
    assert!((signs..2 * signs).contains(&told), "{told} deltas for {signs} signs of life");
    assert_eq!((calls(&sim, c), skills(&sim, c)), (1, ["search".to_owned()].into()));
}

#[test]
fn who_slept_through_the_retention_says_so_and_brings_nothing_back() {
    let mut sim = sim_that_drops("who_slept_through_the_retention_says_so");
    let [a, b, c] = sim.start_all();
    insert(&mut sim, a, "search");
    settle(&mut sim);
    sim.cut(&[a]);
    insert(&mut sim, a, "shell");
    sim.run(SECOND);
    sim.pause(a);
    assert!(remove(&mut sim, b, "search"));
    sim.run(MINUTE);
    sim.crash(b);
    sim.run(20 * MINUTE);
    assert_eq!(sim.node(c).table().rows_in(Space::SHARED).count(), 0, "all of it expired");
    sim.heal();
    sim.resume(a);
    sim.run(MINUTE);
    settle(&mut sim);
    assert!(skills(&sim, a).is_empty() && skills(&sim, c).is_empty());
    let unspread = |event: &Event<Index>| {
        if let Event::AwayTooLong { unspread } = event { Some(unspread.clone()) } else { None }
    };
    let rows = sim.events(a).iter().find_map(unspread).expect("it says so");
    let spaces: Vec<_> = rows.iter().map(|row| row.id().space).collect();
    assert_eq!(spaces, [Space::SHARED], "the row with what nobody ever heard");
    assert_eq!(liveness(&sim, c, a), Some(Liveness::Alive));
    insert(&mut sim, a, "mail");
    settle(&mut sim);
    assert_eq!(skills(&sim, c), ["mail".to_owned()].into());
}

#[test]
fn a_disk_older_than_the_retention_counts_for_nothing() {
    let mut sim = sim_that_drops("a_disk_older_than_the_retention_counts_for_nothing");
    let [a, b, c] = sim.start_all();
    insert(&mut sim, a, "search");
    count(&mut sim, a, 5);
    settle(&mut sim);
    sim.crash(a);
    assert!(remove(&mut sim, b, "search"));
    sim.run(MINUTE);
    sim.crash(b);
    sim.run(20 * MINUTE);
    sim.restart(a, Disk::Kept, c);
    settle(&mut sim);
    sim.run(MINUTE);
    assert!(skills(&sim, a).is_empty() && skills(&sim, c).is_empty());
    assert_eq!(calls(&sim, c), 0);
    let told = sim.events(a).iter().any(|event| matches!(event, Event::AwayTooLong { .. }));
    assert!(told);
}

#[test]
fn the_evicted_is_heard_no_more_and_its_harm_is_undone() {
    let mut sim = sim("the_evicted_is_heard_no_more_and_its_harm_is_undone");
    let [a, b, eve] = sim.start_all();
    insert(&mut sim, a, "search");
    settle(&mut sim);
    assert!(remove(&mut sim, eve, "search"));
    count(&mut sim, eve, 1_000_000);
    sim.cut(&[eve]);
    sim.run(SECOND);
    sim.heal();
    // Nobody has obeyed yet: the kill is eve's alone.
    sim.evict(a, eve);
    sim.evict(b, eve);
    sim.run(MINUTE);
    for node in [a, b] {
        assert_eq!(calls(&sim, node), 0);
        assert_eq!(skills(&sim, node), ["search".to_owned()].into());
        assert_eq!(liveness(&sim, node, eve), None);
    }
    assert_eq!(sim.node(a).table().fingerprint(), sim.node(b).table().fingerprint());
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

#[test]
fn long_rows_that_are_most_of_a_table_and_all_grew_are_brought_up_to_date() {
    const ROWS: u8 = 10;
    let mut sim = Sim::new(1, Config::DEFAULT);
    sim.start_acquainted(2);
    let write = |sim: &mut Sim, cell: u64, value: &[u8]| {
        for row in 0..ROWS {
            let (key, value) = (Key::raw(&cell.to_string()), Bytes::copy_from(value));
            let written = sim.update(0, |w| w.set(Space(10 + row), key, value));
            written.expect("short cells fit");
        }
    };
    (0..100).for_each(|cell| write(&mut sim, cell, b"as it was, 24 bytes long"));
    sim.run_until_equal(Duration::from_secs(30)).expect("the second gets it all");
    sim.pause(1);
    write(&mut sim, 3, b"another one");
    sim.run(Duration::from_secs(5));
    sim.resume(1);
    let before = sim.bytes_sent();
    sim.run_until_equal(Duration::from_secs(10)).expect("ten cells are brought up to date");
    // Each first piece of a row, once.
    let bytes = sim.bytes_sent() - before;
    assert!(bytes < 20_000, "{bytes} bytes");
}
