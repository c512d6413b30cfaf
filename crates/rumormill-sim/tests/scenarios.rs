//! What the scenarios report, where it is known what they have to.

use std::time::Duration;

use rumormill_core::Mode;
use rumormill_sim::{Churn, ChurnReport, Crash, Demers, Epidemic, Loss, Rounds, TheoryCell};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_crash_is_suspected_and_then_known_by_all() {
    for nodes in [2, 20] {
        let crash = Crash { nodes, loss: 0.0 };
        let report = crash.run(1);
        let (suspect, known) = (report.first_suspect.unwrap(), report.known_by_all.unwrap());
        assert!(Duration::ZERO < suspect && suspect + SECOND < known, "{report:?}");
        assert_eq!(report.false_deaths, 0);
        assert_eq!(report, crash.run(1));
    }
}

#[test]
fn somebody_probes_the_dead_sooner_the_more_there_are() {
    let first_probe = |nodes| Crash { nodes, loss: 0.0 }.theory_first_probe().as_millis();
    assert_eq!([2, 3, 100_000].map(first_probe), [1_000, 1_333, 1_581]);
}

#[test]
fn nothing_lost_is_the_measure_of_loss() {
    let loss = |loss| Loss { nodes: 10, loss, span: 20 * SECOND }.run(1);
    assert_eq!(loss(0.0).ratio_to_lossless(), 1.0);
    assert_eq!(loss(0.0).false_deaths, 0);
    assert!(loss(0.2).ratio_to_lossless() > 1.0);
    assert_eq!(
        loss(0.2).lossless_bytes_per_s_per_node,
        loss(0.0).bytes_per_s_per_node,
        "the same population"
    );
}

#[test]
fn as_many_come_as_go() {
    let churn = Churn { nodes: 12, share_per_minute: 1.0, span: MINUTE, loss: 0.0 };
    let report = churn.run(1);
    assert_eq!((report.crashed + report.left, report.running), (12, 12), "{report:?}");
    assert!(report.crashed > 0 && report.left > 0, "{report:?}");
    assert_eq!(report.rows_per_node, 24.0, "rows of nodes that went are kept");
    assert!(report.equal_after < Some(10 * SECOND), "{report:?}");
    assert_eq!((report.false_deaths, report.false_death_events), (0, 0));
    assert_eq!(report, churn.run(1));
}

#[test]
fn nobody_is_replaced_where_nobody_goes() {
    let churn = Churn { nodes: 12, share_per_minute: 0.0, span: MINUTE, loss: 0.0 };
    let report = churn.run(1);
    assert_eq!((report.crashed, report.left, report.rows_per_node), (0, 0, 12.0));
    assert_eq!(report.equal_after, Some(Duration::ZERO));
    assert_eq!((report.false_deaths, report.resurrected), (0, 0));
    assert!(report.is_back_to_floor(), "{report:?}");
}

#[test]
fn more_traffic_than_a_fresh_population_has_is_not_the_floor() {
    let traffic = |bytes_per_s_per_node| ChurnReport {
        is_at_rest: true,
        bytes_per_s_per_node,
        floor_bytes_per_s_per_node: 100.0,
        ..ChurnReport::default()
    };
    assert!(traffic(125.0).is_back_to_floor());
    assert!(!traffic(126.0).is_back_to_floor());
    assert!(!ChurnReport { is_at_rest: false, ..traffic(100.0) }.is_back_to_floor());
}

/// Means of 400 runs of another simulator; partners of either direction succeed alike in it.
#[test]
fn rounds_take_as_long_as_elsewhere() {
    let direct = |share: f64| 1.0 - share;
    let there_and_back = |share: f64| 1.0 - share.sqrt();
    let cells = [
        (Mode::Push, 1, direct(1.0), 18.0),
        (Mode::Push, 1, direct(0.7), 24.4),
        (Mode::Push, 2, direct(0.5), 18.3),
        (Mode::Push, 4, direct(0.9), 7.3),
        (Mode::Pull, 1, there_and_back(1.0), 13.7),
        (Mode::Pull, 1, there_and_back(0.5), 29.9),
        (Mode::Pull, 3, there_and_back(0.7), 9.3),
        (Mode::PushPull, 1, 0.0, 9.1),
        (Mode::PushPull, 4, 0.0, 4.9),
    ];
    for (mode, fanout, loss, expected) in cells {
        let rounds = Rounds { mode, nodes: 1_000, fanout, loss };
        let mean = rounds.run(1, 200);
        assert!((mean - expected).abs() <= 0.03 * expected, "{rounds:?}: {mean}");
    }
}

#[test]
fn a_mean_holds_from_the_formula_on_for_three_rounds_or_four() {
    let holds = |mode, loss, above: f64| {
        let rounds = Rounds { mode, nodes: 1_000, fanout: 1, loss };
        TheoryCell { rounds, runs: 1, mean: rounds.formula() + above }.holds()
    };
    let cases = [-0.1, 0.1, 2.9, 3.1, 3.9, 4.1];
    let three = [false, true, true, false, false, false];
    assert_eq!(cases.map(|above| holds(Mode::Push, 0.1, above)), three);
    assert_eq!(cases.map(|above| holds(Mode::Pull, 0.0, above)), three);
    let four = [false, true, true, true, true, false];
    assert_eq!(cases.map(|above| holds(Mode::Pull, 0.1, above)), four);
}

#[test]
fn epidemics_of_the_paper_miss_some_and_ours_nobody() {
    let demers = Demers { nodes: 100, runs: 200, spreads: 1 };
    let report = demers.run(1);
    assert_eq!(report.ours.residue, 0.0);
    assert!(report.ours.traffic >= 0.99 && report.ours.t_ave < report.ours.t_last, "{report:?}");
    let table = |epidemic| {
        report.cells.iter().filter(move |cell| cell.epidemic == epidemic).map(|cell| cell.measured)
    };
    for push in [Epidemic::PushFeedbackCounter, Epidemic::PushBlindCoin] {
        let rows: Vec<_> = table(push).collect();
        assert_eq!(rows.len(), 5);
        assert!(rows.is_sorted_by(|a, b| a.residue > b.residue && a.traffic < b.traffic));
        // Whom nobody of `traffic` times `nodes` random choices hit.
        let missed = |traffic: f64| (1.0 - 1.0 / 99.0_f64).powf(100.0 * traffic);
        let off = rows.iter().map(|row| (row.residue - missed(row.traffic)).abs());
        assert!(off.fold(0.0, f64::max) < 0.02, "{rows:?}");
    }
    // Pulling misses fewer for the same traffic.
    let (push, pull) = (Epidemic::PushFeedbackCounter, Epidemic::PullFeedbackCounter);
    for (push, pull) in table(push).zip(table(pull)).skip(1) {
        assert!(pull.residue < push.residue / 2.0, "{push:?} {pull:?}");
    }
}
