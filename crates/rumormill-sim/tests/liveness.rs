//! Who is taken for dead, who is not, and how soon.

use std::time::Duration;

use rumormill_core::{Config, Event, Liveness, crdt::ReplicaId};
use rumormill_sim::{Disk, Index, Link, Sim};

const SECOND: Duration = Duration::from_secs(1);

fn sim(story: &str) -> Sim {
    let command = format!("cargo test -p rumormill-sim --test liveness {story}");
    Sim::new(1, Config::DEFAULT).replay_with(command)
}

/// Whom the nodes, but for `except`, found to be so, each time one did.
fn found(sim: &Sim, liveness: Liveness, except: &[Index]) -> Vec<ReplicaId> {
    let seen_by = sim.nodes().map(|(index, _)| index).filter(|index| !except.contains(index));
    let events = seen_by.flat_map(|index| sim.events(index));
    let found = events.filter_map(|event| {
        let Event::Member { replica, liveness: it } = event else { return None };
        (*it == liveness).then_some(*replica)
    });
    found.collect()
}

#[test]
fn a_broken_link_kills_nobody() {
    let mut sim = sim("a_broken_link_kills_nobody");
    sim.start_acquainted(5);
    sim.break_link(0, 1);
    sim.run(120 * SECOND);
    assert_eq!(found(&sim, Liveness::Suspect, &[]), []);
    let asked = [0, 1].map(|who| sim.node(who).stats().pings_for_us);
    assert!(asked.iter().all(|asked| *asked > 10), "others were asked: {asked:?}");
    sim.heal();
    sim.run(5 * SECOND);
    let asked = sim.node(0).stats().pings_for_us;
    sim.run(30 * SECOND);
    assert_eq!(sim.node(0).stats().pings_for_us, asked);
}

#[test]
fn who_was_asleep_accuses_nobody_when_it_wakes() {
    let mut sim = sim("who_was_asleep_accuses_nobody_when_it_wakes");
    sim.start_acquainted(20);
    for sleeper in 0..20u32 {
        sim.run(SECOND + sleeper * Duration::from_millis(70));
        sim.pause(sleeper);
        sim.run(2 * SECOND);
        sim.resume(sleeper);
        sim.run(3 * SECOND);
        let accused: Vec<u64> = found(&sim, Liveness::Suspect, &[]).iter().map(|it| it.0).collect();
        assert!(accused.iter().all(|it| *it <= sleeper.into()), "{sleeper}: {accused:?}");
    }
    let members = sim.nodes().flat_map(|(_, node)| node.members());
    assert!(members.map(|it| it.liveness).all(|it| it == Liveness::Alive));
}

#[test]
fn who_sleeps_while_somebody_is_suspected_does_not_give_it_up_on_waking() {
    let mut sim = sim("who_sleeps_while_somebody_is_suspected_does_not_give_it_up_on_waking");
    let [a, b] = sim.start_all();
    sim.run(5 * SECOND);
    sim.pause(b);
    sim.run(4 * SECOND);
    assert_eq!(found(&sim, Liveness::Suspect, &[b]), [ReplicaId(b.into())]);
    sim.pause(a);
    sim.run(60 * SECOND);
    sim.resume(b);
    sim.run(SECOND);
    sim.resume(a);
    sim.run(10 * SECOND);
    assert_eq!(found(&sim, Liveness::Dead, &[b]), []);
    let alive = |sim: &Sim| sim.node(a).members().all(|it| it.liveness == Liveness::Alive);
    assert!(alive(&sim));
}

#[test]
fn a_crash_is_known_to_100_in_seconds() {
    for (loss, within) in [(0.0, 7), (0.3, 10)] {
        let mut sim = sim("a_crash_is_known_to_100_in_seconds");
        sim.set_link(Link { loss, ..Link::LAN });
        sim.start_acquainted(100);
        sim.run(30 * SECOND);
        let before = found(&sim, Liveness::Dead, &[]).len();
        assert_eq!(before, 0, "nobody is dead yet");
        sim.crash(7);
        sim.run(within * SECOND);
        let dead = found(&sim, Liveness::Dead, &[]);
        assert!(dead.iter().all(|it| *it == ReplicaId(7)), "{dead:?}");
        assert_eq!(dead.len(), 99, "all know, at a loss of {loss}");
    }
}

#[test]
fn heavy_loss_kills_nobody() {
    let mut sim = sim("heavy_loss_kills_nobody");
    sim.set_link(Link { loss: 0.3, ..Link::LAN });
    sim.start_acquainted(60);
    sim.run(60 * SECOND);
    assert_eq!(found(&sim, Liveness::Dead, &[]), []);
    let measured = sim.nodes().map(|(_, node)| node.stats().arrives_per_mille);
    let mean = measured.sum::<u32>() / 60;
    assert!(mean.abs_diff(700) < 50, "7 of 10 datagrams arrive, measured {mean} of 1,000");
    let before = found(&sim, Liveness::Suspect, &[]).len();
    sim.run(60 * SECOND);
    let later = found(&sim, Liveness::Suspect, &[]).len() - before;
    assert!(later <= 60, "once the loss is known hardly anybody is suspected: {later}");
}

#[test]
fn nothing_is_sent_for_a_population_in_which_all_answer() {
    let mut sim = sim("nothing_is_sent_for_a_population_in_which_all_answer");
    sim.start_acquainted(20);
    sim.run(100 * SECOND);
    for (_, node) in sim.nodes() {
        let stats = node.stats();
        assert!((95..=105).contains(&stats.pings_sent), "a ping a period: {stats:?}");
        assert_eq!((stats.pings_for_us, stats.suspicions, stats.local_health), (0, 0, 0));
    }
}

#[test]
fn who_is_held_up_again_and_again_judges_more_slowly() {
    let mut sim = sim("who_is_held_up_again_and_again_judges_more_slowly");
    sim.start_acquainted(10);
    sim.run(5 * SECOND);
    let mut worst = 0;
    for _ in 0..20 {
        sim.pause(3);
        sim.run(Duration::from_millis(800));
        sim.resume(3);
        sim.run(Duration::from_millis(400));
        worst = worst.max(sim.node(3).stats().local_health);
    }
    assert!(worst >= 3, "{worst}");
    let accused = found(&sim, Liveness::Suspect, &[]);
    assert!(accused.iter().all(|it| *it == ReplicaId(3)), "{accused:?}");
    sim.run(60 * SECOND);
    assert_eq!(sim.node(3).stats().local_health, 0, "it is well again");
}

#[test]
fn who_is_cut_off_blames_itself_first() {
    let mut sim = sim("who_is_cut_off_blames_itself_first");
    sim.start_acquainted(50);
    sim.run(5 * SECOND);
    sim.cut(&[9]);
    sim.run(20 * SECOND);
    assert!(sim.node(9).stats().local_health >= 5);
    assert!(sim.node(9).stats().suspicions < 10, "it has probed less and less often");
    let dead = found(&sim, Liveness::Dead, &[9]);
    assert_eq!(dead, vec![ReplicaId(9); 49]);
}

#[test]
fn who_comes_back_with_its_disk_is_told_who_died_meanwhile() {
    let mut sim = sim("who_comes_back_with_its_disk_is_told_who_died_meanwhile");
    sim.start_acquainted(60);
    sim.run(5 * SECOND);
    sim.crash(0);
    (1..=5).for_each(|who| sim.crash(who));
    sim.run(60 * SECOND);
    sim.restart(0, Disk::Kept, 59);
    // Long before it would have probed them all, one a second.
    sim.run(5 * SECOND);
    for dead in 1..=5 {
        assert_eq!(sim.node(0).liveness(sim.replica(dead)), Some(Liveness::Dead), "{dead}");
    }
}
