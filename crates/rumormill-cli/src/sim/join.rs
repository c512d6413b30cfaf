//! `rumormill sim join`: a newcomer in a population, or a population that has just started.

use std::{process::ExitCode, time::Duration};

use rumormill_sim::{ColdStartReport, Join, JoinReport};
use serde_json::{Value, json};

use super::runs::{Runs, median_of_all};
use crate::figures::{millis, millis_or, parse_loss, round, to_f64};

const EXAMPLES: &str = "\
Examples:
  rumormill sim join --nodes 1000
  rumormill sim join --nodes 300 --loss 0.3 --seeds 10 --json
  rumormill sim join --nodes 300 --cold

Every node but the newcomer has written one value of 40 bytes, and all of them know each other. The
newcomer knows one of them; it is useful once it knows 8, or all if there are fewer. Its bytes are
those it sent and received until it knew all. With --cold all nodes start at once, each with a
value, and join the first. Figures are medians over all seeds, and null if a run did not get there.
Times are virtual. The same arguments and seed print the same bytes.

Exit code 0 if with every seed all knew each other and had every value within 60 seconds, or 120
with --cold.";

/// How long it takes a newcomer, or everybody at once, to become a member.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population, newcomer included.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// Share of datagrams that get lost from the join on, from 0 to below 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_loss)]
    loss: f64,
    /// Start all nodes at once.
    #[arg(long)]
    cold: bool,
    #[command(flatten)]
    runs: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let join = Join { nodes: args.nodes as usize, loss: args.loss };
    let summary = if args.cold {
        Summary::of_cold(&args.runs.each(|seed| join.run_cold(seed)))
    } else {
        Summary::of_joiner(&args.runs.each(|seed| join.run(seed)))
    };
    args.runs.finish(summary.to_json(args), &summary.to_text(args), summary.is_complete(args.cold))
}

/// What all runs together came to.
#[derive(Default)]
struct Summary {
    joiner_knows_all: Option<Duration>,
    all_know_joiner: Option<Duration>,
    joiner_is_useful: Option<Duration>,
    joiner_has_table: Option<Duration>,
    joiner_bytes: Option<u64>,
    all_know_all: Option<Duration>,
    bytes_per_node: Option<f64>,
}

impl Summary {
    fn of_joiner(reports: &[JoinReport]) -> Self {
        Self {
            joiner_knows_all: median_of_all(reports, |report| report.joiner_knows_all),
            all_know_joiner: median_of_all(reports, |report| report.all_know_joiner),
            joiner_is_useful: median_of_all(reports, |report| report.joiner_is_useful),
            joiner_has_table: median_of_all(reports, |report| report.joiner_has_table),
            joiner_bytes: median_of_all(reports, |report| report.joiner_bytes),
            ..Self::default()
        }
    }

    fn of_cold(reports: &[ColdStartReport]) -> Self {
        Self {
            all_know_all: median_of_all(reports, |report| report.all_know_all),
            bytes_per_node: median_of_all(reports, |report| report.bytes_per_node),
            ..Self::default()
        }
    }

    const fn is_complete(&self, cold: bool) -> bool {
        if cold {
            self.all_know_all.is_some()
        } else {
            self.joiner_knows_all.is_some()
                && self.all_know_joiner.is_some()
                && self.joiner_has_table.is_some()
        }
    }

    fn to_json(&self, args: &Args) -> Value {
        json!({
            "nodes": args.nodes,
            "joiner_knows_all_ms": self.joiner_knows_all.map(millis),
            "all_know_joiner_ms": self.all_know_joiner.map(millis),
            "joiner_first_useful_ms": self.joiner_is_useful.map(millis),
            "joiner_has_table_ms": self.joiner_has_table.map(millis),
            "joiner_bytes": self.joiner_bytes,
            "all_know_all_ms": self.all_know_all.map(millis),
            "bytes_per_node": self.bytes_per_node.map(round),
            "cold": args.cold,
            "loss": args.loss,
        })
    }

    fn to_text(&self, args: &Args) -> String {
        let after = |span| millis_or("not in time", span);
        let count = |bytes: Option<f64>| {
            bytes.map_or("not known".to_owned(), |bytes| format!("{bytes:.0}"))
        };
        if args.cold {
            return format!(
                "{} nodes start at once, and join one of them\n\
                 all know all after   {}\n\
                 bytes sent per node  {}",
                args.nodes,
                after(self.all_know_all),
                count(self.bytes_per_node),
            );
        }
        format!(
            "one node joins {} others by one of them\n\
             it is useful after        {}\n\
             it knows all after        {}\n\
             it has the table after    {}\n\
             all know it after         {}\n\
             bytes until it knows all  {}, sent and received",
            args.nodes - 1,
            after(self.joiner_is_useful),
            after(self.joiner_knows_all),
            after(self.joiner_has_table),
            after(self.all_know_joiner),
            count(self.joiner_bytes.map(to_f64)),
        )
    }
}
