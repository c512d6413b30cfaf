//! `rumormill sim idle`: a population in which little happens.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use rumormill_sim::{Idle, IdleReport};
use serde_json::json;

use crate::{
    figures::{millis, parse_loss, round, to_f64},
    progress::Progress,
};

const EXAMPLES: &str = "\
Examples:
  rumormill sim idle --nodes 300
  rumormill sim idle --nodes 300 --seconds 120 --update-rate 10 --loss 0.1 --json

Every node holds one value of 40 bytes and knows all others. Updates overwrite the values of random
nodes, at even intervals. Counting begins after 15 seconds of the same. in_sync_pct is the share of
comparisons of tables that found nothing to repair, null if there were none. Times are virtual. The
same arguments and seed print the same bytes.

Exit code 0 if all tables were equal within a minute after the last update.";

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
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let progress = Progress::new();
    progress.show(&format!("{} nodes, {} virtual seconds", args.nodes, args.seconds));
    let report = args.idle().run(args.seed);
    drop(progress);
    let text = if args.json { to_json(args, &report) } else { to_text(args, &report) };
    let printed = writeln!(io::stdout(), "{text}");
    if printed.is_ok() && report.equal_after.is_some() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
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

fn to_json(args: &Args, report: &IdleReport) -> String {
    json!({
        "nodes": args.nodes,
        "bytes_per_s_per_node": round(report.bytes_per_s_per_node),
        "datagrams_per_s_per_node": round(report.datagrams_per_s_per_node),
        "in_sync_pct": in_sync_pct(report).map(round),
        "comparisons": report.comparisons,
        "updates": report.updates,
        "equal_after_ms": report.equal_after.map(millis),
        "seconds": args.seconds,
        "update_rate": args.update_rate,
        "loss": args.loss,
        "seed": args.seed,
    })
    .to_string()
}

fn to_text(args: &Args, report: &IdleReport) -> String {
    let in_sync = in_sync_pct(report).map_or("not counted".to_owned(), |pct| {
        format!("{pct:.2} % of {} comparisons found nothing to repair", report.comparisons)
    });
    let equal_after = report.equal_after.map_or("not in 60 s".to_owned(), |span| {
        format!("{:.0} ms after the last update", millis(span))
    });
    format!(
        "{} nodes, {} updates in {} s, loss {}\n\
         bytes per second and node      {:.1}\n\
         datagrams per second and node  {:.2}\n\
         in sync                        {in_sync}\n\
         all tables equal               {equal_after}",
        args.nodes,
        report.updates,
        args.seconds,
        args.loss,
        report.bytes_per_s_per_node,
        report.datagrams_per_s_per_node,
    )
}

fn in_sync_pct(report: &IdleReport) -> Option<f64> {
    let comparisons = Some(report.comparisons).filter(|comparisons| *comparisons > 0)?;
    Some(100.0 * to_f64(report.comparisons_equal) / to_f64(comparisons))
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
