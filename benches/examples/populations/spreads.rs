//! How long an update takes to reach everybody, in the simulator.

use std::time::Duration;

use rumormill_core::Mode;
use rumormill_sim::{Spread, SpreadReport};

use crate::figures::SpreadFigure;

pub(crate) const MODES: [Mode; 4] = [Mode::PushThenPull, Mode::Push, Mode::Pull, Mode::PushPull];
pub(crate) const LOSSES: [f64; 2] = [0.0, 0.3];

/// Populations, and of how many runs the median counts.
pub(crate) const POPULATIONS: [(usize, u64); 5] =
    [(10, 21), (30, 21), (100, 21), (300, 7), (1_000, 5)];

pub(crate) fn measure() -> Vec<SpreadFigure> {
    let mut figures = Vec::new();
    for mode in MODES {
        for loss in LOSSES {
            figures.extend(POPULATIONS.map(|(nodes, seeds)| of(mode, loss, nodes, seeds)));
        }
    }
    figures
}

/// One update in such a population.
pub(crate) fn spread(mode: Mode, loss: f64, nodes: usize) -> Spread {
    let interval = Duration::from_millis(200);
    Spread { nodes, fanout: 3, loss, mode, interval, update_bytes: 64 }
}

fn of(mode: Mode, loss: f64, nodes: usize, seeds: u64) -> SpreadFigure {
    eprintln!("{mode:?}, loss {loss}, {nodes} nodes");
    let spread = spread(mode, loss, nodes);
    let mut lasts: Vec<_> = (1..=seeds).map(|seed| last(&spread.run(seed), nodes)).collect();
    // Nothing comes first, and takes the place of all figures.
    lasts.sort_unstable();
    let complete = lasts[0].is_some();
    let of = |place: usize| lasts[place].filter(|_| complete).map(to_us);
    SpreadFigure {
        mode,
        loss,
        nodes,
        seeds,
        all_us: of(lasts.len() / 2),
        all_us_max: of(lasts.len() - 1),
        theory_us: to_us(spread.theory()),
    }
}

/// When the last node had it, if all did.
fn last(report: &SpreadReport, nodes: usize) -> Option<Duration> {
    report.times.last().copied().filter(|_| report.reached == nodes)
}

pub(crate) fn to_us(span: Duration) -> u64 {
    span.as_micros().try_into().expect("no run lasts for long")
}
