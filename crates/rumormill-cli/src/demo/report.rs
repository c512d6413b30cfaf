//! What came of the demo.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde_json::{Value, json};

use super::{claim::Unmet, cluster::Traffic};

/// What came of the demo.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) nodes: usize,
    pub(crate) phases: Vec<Phase>,
    /// All tables were equal in the end, row by row.
    pub(crate) converged: bool,
    pub(crate) calls_expected: i128,
    /// The least and the greatest number of calls that a node counts in the end.
    pub(crate) calls_counted: (i128, i128),
    /// How many nodes showed a removed skill at any time after it was gone everywhere.
    pub(crate) resurrected: usize,
    pub(crate) took: Duration,
    pub(crate) traffic: Traffic,
}

/// One phase: what happened, and whether what should come true did.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) story: String,
    pub(crate) took: Duration,
    pub(crate) outcome: Result<(), Unmet>,
}

impl Report {
    /// Says whether every claim held.
    pub(crate) fn held(&self) -> bool {
        self.converged
            && self.counter_exact()
            && self.resurrected == 0
            && self.phases.iter().all(|phase| phase.outcome.is_ok())
    }

    pub(crate) fn print(&self, json: bool) {
        let text = if json { format!("{}\n", self.to_json()) } else { self.to_text() };
        // Whoever closed the pipe wants no more of it.
        let _ = io::stdout().write_all(text.as_bytes());
    }

    fn counter_exact(&self) -> bool {
        self.calls_counted == (self.calls_expected, self.calls_expected)
    }

    fn to_json(&self) -> Value {
        let phase = |phase: &Phase| {
            let mut object = json!({
                "name": phase.name,
                "ms": millis(phase.took),
                "held": phase.outcome.is_ok(),
            });
            if let Err(unmet) = &phase.outcome {
                object["unmet"] = json!(unmet);
            }
            object
        };
        let count = |count: i128| json!(i64::try_from(count).ok());
        json!({
            "nodes": self.nodes,
            "converged": self.converged,
            "counter_expected": count(self.calls_expected),
            "counter_min": count(self.calls_counted.0),
            "counter_max": count(self.calls_counted.1),
            "counter_exact": self.counter_exact(),
            "resurrected": self.resurrected,
            "wall_ms": millis(self.took),
            "datagrams": self.traffic.datagrams,
            "bytes": self.traffic.bytes,
            "phases": self.phases.iter().map(phase).collect::<Vec<_>>(),
        })
    }

    fn to_text(&self) -> String {
        let Traffic { datagrams, bytes } = self.traffic;
        let (least, most) = self.calls_counted;
        let counted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let tables = if self.converged { "all equal, row by row" } else { "NOT equal" };
        let verdict = if self.held() { "Every claim held." } else { "NOT every claim held." };
        let mut text = format!(
            "\n\
             tables       {tables}, on {nodes} nodes\n\
             calls        {counted} counted by every node, {expected} made\n\
             resurrected  {resurrected} nodes ever showed a removed skill again\n\
             traffic      {datagrams} datagrams, {kib} KiB, in {seconds:.1} s\n\
             \n\
             {verdict}\n",
            nodes = self.nodes,
            expected = self.calls_expected,
            resurrected = self.resurrected,
            kib = bytes / 1_024,
            seconds = self.took.as_secs_f64(),
        );
        for phase in &self.phases {
            if let Err(unmet) = &phase.outcome {
                text += &format!("  {} ({}): {unmet}.\n", phase.name, phase.story);
            }
        }
        text
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
