//! What the scenarios report, where it is known what they have to.

use std::time::Duration;

use rumormill_sim::{Crash, Loss};

const SECOND: Duration = Duration::from_secs(1);

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
