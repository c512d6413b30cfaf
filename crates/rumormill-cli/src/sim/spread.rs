//! `rumormill sim spread`: one update in a population in which everybody knows everybody.

use std::{process::ExitCode, time::Duration};

use rumormill_sim::{Spread, SpreadReport};
use serde_json::{Value, json};

use super::{
    mode::ModeName,
    runs::{Runs, mean_of},
};
use crate::figures::{median, millis, millis_or, parse_loss, round};

const EXAMPLES: &str = "\
Examples:
  rumormill sim spread --nodes 1000
  rumormill sim spread --nodes 1000 --fanout 3 --loss 0.3 --json
  rumormill sim spread --nodes 300 --mode push-pull --seeds 10

Times are virtual. The same arguments and seed print the same bytes.
Exit code 0 if the update reached every node with every seed.";

/// The longest value that fits a cell beside its key.
const UPDATE_BYTES_MAX: u64 = 690;

/// How fast, and at what cost, one update reaches everybody.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// Peers that each rumor period sends to or asks.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    fanout: u32,
    /// Share of datagrams that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_loss)]
    loss: f64,
    /// How rumors travel.
    #[arg(long, value_enum, default_value_t = ModeName::PushThenPull)]
    mode: ModeName,
    /// Rumor period in milliseconds.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    interval_ms: u32,
    /// Length of the value that is written, in bytes.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(..=UPDATE_BYTES_MAX))]
    update_bytes: u64,
    #[command(flatten)]
    runs: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let spread = args.spread();
    let reports = args.runs.each(|seed| spread.run(seed));
    let summary = Summary::of(&spread, &reports);
    let text = summary.to_text(args, &reports);
    args.runs.finish(summary.to_json(args), &text, summary.reached == spread.nodes)
}

impl Args {
    fn spread(&self) -> Spread {
        Spread {
            nodes: self.nodes as usize,
            fanout: self.fanout as usize,
            loss: self.loss,
            mode: self.mode.mode(),
            interval: Duration::from_millis(u64::from(self.interval_ms)),
            update_bytes: usize::try_from(self.update_bytes).unwrap_or(usize::MAX),
        }
    }
}

/// What all runs together came to.
struct Summary {
    reached: usize,
    p50: Duration,
    p90: Duration,
    all: Option<Duration>,
    all_max: Option<Duration>,
    payloads_per_node: f64,
    bytes_per_node: f64,
    theory: Duration,
}

impl Summary {
    fn of(spread: &Spread, reports: &[SpreadReport]) -> Self {
        let nodes = spread.nodes;
        let share = |percent: usize| {
            let rank = (nodes * percent).div_ceil(100).max(1) - 1;
            median(reports.iter().map(|report| at_rank(report, rank))).unwrap_or_default()
        };
        let complete = reports.iter().all(|report| report.reached == nodes);
        let lasts = || reports.iter().map(|report| at_rank(report, nodes - 1));
        Self {
            reached: reports.iter().map(|report| report.reached).min().unwrap_or(0),
            p50: share(50),
            p90: share(90),
            all: median(lasts()).filter(|_| complete),
            all_max: lasts().max().filter(|_| complete),
            payloads_per_node: mean_of(reports, |report| report.payloads_per_node),
            bytes_per_node: mean_of(reports, |report| report.bytes_per_node),
            theory: spread.theory(),
        }
    }

    fn to_json(&self, args: &Args) -> Value {
        json!({
            "nodes": args.nodes,
            "reached": self.reached,
            "p50_ms": millis(self.p50),
            "p90_ms": millis(self.p90),
            "all_ms": self.all.map(millis),
            "all_ms_max": self.all_max.map(millis),
            "payloads_per_node": round(self.payloads_per_node),
            "bytes_per_node": round(self.bytes_per_node),
            "theory_ms": millis(self.theory),
            "fanout": args.fanout,
            "loss": args.loss,
            "mode": args.mode.text(),
        })
    }

    fn to_text(&self, args: &Args, reports: &[SpreadReport]) -> String {
        let or_never = |span| millis_or("not all in 60 s", span);
        let curve = reports.first().map(|report| curve(report, args)).unwrap_or_default();
        format!(
            "{curve}\n\
             reached            {} of {} nodes\n\
             half after         {:.0} ms\n\
             90 % after         {:.0} ms\n\
             all after          {} (slowest seed {})\n\
             in theory          {:.0} ms\n\
             payloads per node  {:.2}\n\
             bytes per node     {:.0}, probes and comparisons included",
            self.reached,
            args.nodes,
            millis(self.p50),
            millis(self.p90),
            or_never(self.all),
            or_never(self.all_max),
            millis(self.theory),
            self.payloads_per_node,
            self.bytes_per_node,
        )
    }
}

/// Draws how many nodes had heard by the end of each period.
fn curve(report: &SpreadReport, args: &Args) -> String {
    const WIDTH: usize = 50;
    let interval = Duration::from_millis(u64::from(args.interval_ms));
    let nodes = args.nodes as usize;
    let mut lines = Vec::new();
    let mut end = Duration::ZERO;
    loop {
        let heard = report.times.partition_point(|time| *time <= end);
        let bar = "#".repeat(heard * WIDTH / nodes);
        lines.push(format!("{:>7.0} ms |{bar:<WIDTH$}| {heard}", millis(end)));
        if heard == report.times.len() || lines.len() > 40 {
            return lines.join("\n");
        }
        end += interval;
    }
}

/// When the node of that rank had heard; the longest time there is, if it never did.
fn at_rank(report: &SpreadReport, rank: usize) -> Duration {
    report.times.get(rank).copied().unwrap_or(Duration::from_secs(60))
}
