//! `rumormill sim idle`: a population in which little happens.

use std::{process::ExitCode, time::Duration};

use rumormill_sim::{Idle, IdleReport};
use serde_json::{Value, json};

use super::runs::{Runs, median_of, median_of_all};
use crate::figures::{millis, parse_loss, round, to_f64};

const EXAMPLES: &str = "\
Examples:
  rumormill sim idle --nodes 300
  rumormill sim idle --nodes 300 --seconds 120 --update-rate 10 --loss 0.1 --json

Every node holds one value of 40 bytes and knows all others. Updates overwrite the values of random
nodes, at even intervals. Counting begins after 15 seconds of the same. in_sync_pct is the share of
comparisons of tables that found nothing to repair, null if there were none. With several seeds,
traffic and times are medians and the rest is counted over all. Times are virtual. The same
arguments and seed print the same bytes.

Exit code 0 if with every seed all tables were equal within a minute after the last update.";

/// What a population costs in which little happens.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// How long traffic is counted, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Share of datagrams that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_loss)]
    loss: f64,
    /// Updates per second, of all nodes together.
    #[arg(long, default_value_t = 0.0, value_parser = parse_rate)]
    update_rate: f64,
    #[command(flatten)]
    runs: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let idle = args.idle();
    let summary = Summary::of(&args.runs.each(|seed| idle.run(seed)));
    let held = summary.equal_after.is_some();
    args.runs.finish(summary.to_json(args), &summary.to_text(args), held)
}

impl Args {
    fn idle(&self) -> Idle {
        Idle {
            nodes: self.nodes as usize,
            span: Duration::from_secs(u64::from(self.seconds)),
            loss: self.loss,
            updates_per_s: self.update_rate,
        }
    }
}

/// What all runs together came to.
struct Summary {
    bytes_per_s_per_node: f64,
    datagrams_per_s_per_node: f64,
    comparisons: u64,
    comparisons_equal: u64,
    updates: u64,
    equal_after: Option<Duration>,
}

impl Summary {
    fn of(reports: &[IdleReport]) -> Self {
        Self {
            bytes_per_s_per_node: median_of(reports, |report| report.bytes_per_s_per_node),
            datagrams_per_s_per_node: median_of(reports, |report| report.datagrams_per_s_per_node),
            comparisons: reports.iter().map(|report| report.comparisons).sum(),
            comparisons_equal: reports.iter().map(|report| report.comparisons_equal).sum(),
            updates: reports.iter().map(|report| report.updates).sum(),
            equal_after: median_of_all(reports, |report| report.equal_after),
        }
    }

    fn in_sync_pct(&self) -> Option<f64> {
        let comparisons = Some(self.comparisons).filter(|comparisons| *comparisons > 0)?;
        Some(100.0 * to_f64(self.comparisons_equal) / to_f64(comparisons))
    }

    fn to_json(&self, args: &Args) -> Value {
        json!({
            "nodes": args.nodes,
            "bytes_per_s_per_node": round(self.bytes_per_s_per_node),
            "datagrams_per_s_per_node": round(self.datagrams_per_s_per_node),
            "in_sync_pct": self.in_sync_pct().map(round),
            "comparisons": self.comparisons,
            "updates": self.updates,
            "equal_after_ms": self.equal_after.map(millis),
            "seconds": args.seconds,
            "update_rate": args.update_rate,
            "loss": args.loss,
        })
    }

    fn to_text(&self, args: &Args) -> String {
        let in_sync = self.in_sync_pct().map_or("not counted".to_owned(), |pct| {
            format!("{pct:.2} % of {} comparisons found nothing to repair", self.comparisons)
        });
        let equal_after = self.equal_after.map_or("not in 60 s".to_owned(), |span| {
            format!("{:.0} ms after the last update", millis(span))
        });
        format!(
            "{} nodes, {} updates in {} s, loss {}\n\
             bytes per second and node      {:.1}\n\
             datagrams per second and node  {:.2}\n\
             in sync                        {in_sync}\n\
             all tables equal               {equal_after}",
            args.nodes,
            self.updates,
            args.seconds,
            args.loss,
            self.bytes_per_s_per_node,
            self.datagrams_per_s_per_node,
        )
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "a number such as 2.5 is expected".to_owned())?;
    if (0.0..=RATE_MAX).contains(&rate) {
        Ok(rate)
    } else {
        Err(format!("the number of updates per second is at least 0 and at most {RATE_MAX}"))
    }
}

/// More than any population of this size takes.
const RATE_MAX: f64 = 100_000.0;
