//! What was measured, as it is written down.

use rumormill_core::Mode;
use serde::{Deserialize, Serialize};

pub(crate) const COMMAND: &str = "cargo run --release -p rumormill-benches --example populations";

/// All figures.
#[derive(Debug, Deserialize)]
pub(crate) struct Measured {
    pub(crate) spreads: Vec<SpreadFigure>,
    pub(crate) costs: Vec<CostFigure>,
}

/// How long an update took to reach everybody.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct SpreadFigure {
    pub(crate) mode: Mode,
    pub(crate) loss: f64,
    pub(crate) nodes: usize,
    /// Runs, each with a seed of its own.
    pub(crate) seeds: u64,
    /// The median of all runs, in virtual microseconds; nothing if a run did not reach everybody.
    pub(crate) all_us: Option<u64>,
    /// The slowest run.
    pub(crate) all_us_max: Option<u64>,
    /// What the formula says.
    pub(crate) theory_us: u64,
}

/// What a node cost in a population, and by itself.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct CostFigure {
    pub(crate) nodes: usize,
    /// Nanoseconds of the processor for each node and second of virtual time, those of the
    /// simulator included; nothing for populations that were not run.
    pub(crate) cpu_ns: Option<u64>,
    /// How much the simulator's process grew, for each node, where equal rows are kept once.
    pub(crate) simulated_bytes: Option<u64>,
    /// How much a process grows by a node that knows as many members and has rows of its own.
    pub(crate) alone_bytes: u64,
}

impl Measured {
    pub(crate) fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// A figure a line, with the command that measures them.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        Ok(format!(
            "{{\n\"command\": {},\n\"spreads\": [\n{}\n],\n\"costs\": [\n{}\n]\n}}\n",
            serde_json::to_string(COMMAND)?,
            lines(&self.spreads)?,
            lines(&self.costs)?,
        ))
    }
}

fn lines(figures: &[impl Serialize]) -> serde_json::Result<String> {
    let lines: Result<Vec<_>, _> = figures.iter().map(serde_json::to_string).collect();
    Ok(lines?.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_read_again() {
        let spread = SpreadFigure {
            mode: Mode::PushPull,
            loss: 0.3,
            nodes: 10,
            seeds: 3,
            all_us: None,
            all_us_max: None,
            theory_us: 7,
        };
        let cost = CostFigure { nodes: 10, cpu_ns: Some(1), simulated_bytes: None, alone_bytes: 9 };
        let measured = Measured { spreads: vec![spread], costs: vec![cost] };
        let read = Measured::from_json(&measured.to_json().unwrap()).unwrap();
        assert_eq!((read.spreads, read.costs), (vec![spread], vec![cost]));
    }
}
