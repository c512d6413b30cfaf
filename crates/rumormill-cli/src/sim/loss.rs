//! `rumormill sim loss`: what loss does to a population in which nothing else happens.

use std::{process::ExitCode, time::Duration};

use rumormill_sim::{Loss, LossReport};
use serde_json::{Value, json};

use super::runs::{Runs, median_of, most_of};
use crate::figures::{parse_loss, round};

const EXAMPLES: &str = "\
Examples:
  rumormill sim loss --nodes 300 --loss 0.3
  rumormill sim loss --nodes 300 --loss 0.1 --seconds 600 --seeds 10 --json

All nodes know each other, and all of them run. false_deaths counts how often one of them took
another for dead, from the beginning; with several seeds, it is the most of any. Traffic is counted
after 15 seconds, beside that of the same population without loss; it is the median over all seeds,
and so is the ratio. Times are virtual. The same arguments and seed print the same bytes.

Exit code 0 if with every seed nobody took another for dead, and at most 3 times the bytes were
sent that are sent without loss.";

/// The most times the bytes may be sent that are sent without loss.
const RATIO_MAX: f64 = 3.0;

/// What loss does to a population in which nothing else happens.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// Share of datagrams that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.3, value_parser = parse_loss)]
    loss: f64,
    /// How long traffic is counted, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    #[command(flatten)]
    runs: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let span = Duration::from_secs(u64::from(args.seconds));
    let loss = Loss { nodes: args.nodes as usize, loss: args.loss, span };
    let summary = Summary::of(&args.runs.each(|seed| loss.run(seed)));
    let held = summary.false_deaths == 0 && summary.ratio_max <= RATIO_MAX;
    args.runs.finish(summary.to_json(args), &summary.to_text(args), held)
}

/// What all runs together came to.
struct Summary {
    false_deaths: u64,
    bytes_per_s_per_node: f64,
    lossless_bytes_per_s_per_node: f64,
    ratio: f64,
    ratio_max: f64,
}

impl Summary {
    fn of(reports: &[LossReport]) -> Self {
        Self {
            false_deaths: most_of(reports, |report| report.false_deaths),
            bytes_per_s_per_node: median_of(reports, |report| report.bytes_per_s_per_node),
            lossless_bytes_per_s_per_node: median_of(reports, |report| {
                report.lossless_bytes_per_s_per_node
            }),
            ratio: median_of(reports, LossReport::ratio_to_lossless),
            ratio_max: reports.iter().map(LossReport::ratio_to_lossless).fold(0.0, f64::max),
        }
    }

    fn to_json(&self, args: &Args) -> Value {
        json!({
            "nodes": args.nodes,
            "false_deaths": self.false_deaths,
            "bytes_per_s_per_node": round(self.bytes_per_s_per_node),
            "bytes_ratio_to_lossless": round(self.ratio),
            "bytes_ratio_to_lossless_max": round(self.ratio_max),
            "lossless_bytes_per_s_per_node": round(self.lossless_bytes_per_s_per_node),
            "loss": args.loss,
            "seconds": args.seconds,
        })
    }

    fn to_text(&self, args: &Args) -> String {
        format!(
            "{} nodes, loss {}, counted for {} s\n\
             false deaths                  {}\n\
             bytes per second and node     {:.1}\n\
             the same without loss         {:.1}\n\
             ratio                         {:.2} (worst seed {:.2})",
            args.nodes,
            args.loss,
            args.seconds,
            self.false_deaths,
            self.bytes_per_s_per_node,
            self.lossless_bytes_per_s_per_node,
            self.ratio,
            self.ratio_max,
        )
    }
}
