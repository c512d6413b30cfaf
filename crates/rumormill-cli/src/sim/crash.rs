//! `rumormill sim crash`: how long it takes until everybody knows of a crash.

use std::{process::ExitCode, time::Duration};

use rumormill_sim::{Crash, CrashReport};
use serde_json::{Value, json};

use super::runs::{Runs, greatest_of_all, median_of_all, most_of};
use crate::figures::{millis, millis_or, parse_loss};

const EXAMPLES: &str = "\
Examples:
  rumormill sim crash
  rumormill sim crash --nodes 300 --loss 0.3 --seeds 10 --json

All nodes know each other, and one of them stops at once. false_deaths counts how often some node
took another for dead that ran, from the beginning until 10 seconds after the news had reached
everybody; with several seeds, it is the most of any. Times are medians over all seeds, null if a
run did not get there within two minutes. theory_first_probe_ms is when somebody is expected to
probe the node, if probes are drawn at random. Times are virtual. The same arguments and seed print
the same bytes.

Exit code 0 if with every seed all knew of the crash, and nobody took another for dead that ran.";

/// How long it takes until everybody knows of a crash.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population, the node that crashes included.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// Share of datagrams that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_loss)]
    loss: f64,
    #[command(flatten)]
    runs: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let crash = Crash { nodes: args.nodes as usize, loss: args.loss };
    let summary = Summary::of(&crash, &args.runs.each(|seed| crash.run(seed)));
    let held = summary.known_by_all.is_some() && summary.false_deaths == 0;
    args.runs.finish(summary.to_json(args), &summary.to_text(args), held)
}

/// What all runs together came to.
struct Summary {
    first_suspect: Option<Duration>,
    known_by_all: Option<Duration>,
    known_by_all_max: Option<Duration>,
    false_deaths: u64,
    theory_first_probe: Duration,
}

impl Summary {
    fn of(crash: &Crash, reports: &[CrashReport]) -> Self {
        Self {
            first_suspect: median_of_all(reports, |report| report.first_suspect),
            known_by_all: median_of_all(reports, |report| report.known_by_all),
            known_by_all_max: greatest_of_all(reports, |report| report.known_by_all),
            false_deaths: most_of(reports, |report| report.false_deaths),
            theory_first_probe: crash.theory_first_probe(),
        }
    }

    fn to_json(&self, args: &Args) -> Value {
        json!({
            "nodes": args.nodes,
            "first_suspect_ms": self.first_suspect.map(millis),
            "known_by_all_ms": self.known_by_all.map(millis),
            "known_by_all_ms_max": self.known_by_all_max.map(millis),
            "false_deaths": self.false_deaths,
            "theory_first_probe_ms": millis(self.theory_first_probe),
            "loss": args.loss,
        })
    }

    fn to_text(&self, args: &Args) -> String {
        let after = |span| millis_or("not in time", span);
        format!(
            "one of {} nodes crashes, loss {}\n\
             first probed after, in theory  {:.0} ms\n\
             first suspected after          {}\n\
             known by all after             {} (slowest seed {})\n\
             false deaths                   {}",
            args.nodes,
            args.loss,
            millis(self.theory_first_probe),
            after(self.first_suspect),
            after(self.known_by_all),
            after(self.known_by_all_max),
            self.false_deaths,
        )
    }
}
