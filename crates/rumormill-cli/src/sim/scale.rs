//! `rumormill sim scale`: a large population with losses and churn.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use rumormill_sim::{Scale, ScaleReport};
use serde_json::{Value, json};

use super::churn::parse_per_minute_pct;
use crate::{
    figures::{millis, millis_or, parse_loss, round, to_f64},
    progress::Progress,
    thread_time::thread_time,
};

const EXAMPLES: &str = "\
Examples:
  rumormill sim scale --nodes 1000 --seconds 30
  rumormill sim scale --nodes 10000 --seconds 60 --loss 0.1 --per-minute-pct 2 --json

All nodes know each other from the first moment. From the fifth second on, until 20 seconds are left, nodes
crash at even intervals, and random nodes write. Every other node that crashed is replaced by a newcomer, which
joins by a random node; the others begin a new life 10 seconds later, in turn with and without their disk,
unless nodes have stopped to come and go by then. In the end, converged says whether everybody who runs holds the
same rows, takes nobody for dead who runs, and nobody who does not for anything but dead; all rows and all pairs
are looked at. false_death_events counts what was told in the meantime. Equal rows of all nodes are kept in memory
once, unless --keep-rows-apart; the run is the same, and so is hash, which is over every datagram. wall_s, cpu_s and
peak_rss_mib are those of the whole process, the beginning included; all else depends on the arguments and the seed alone.
2,000 nodes take 0.6 GiB, 10,000 take 13.5; memory grows with the square of their number.

Exit code 0 if the population converged.";

/// A large population with losses and churn.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// How long it runs, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(30..=86_400))]
    seconds: u32,
    /// Share of datagrams that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.1, value_parser = parse_loss)]
    loss: f64,
    /// Nodes of a hundred that crash in a minute.
    #[arg(long, default_value_t = 1.0, value_parser = parse_per_minute_pct)]
    per_minute_pct: f64,
    /// Random nodes that write in a second.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=10_000))]
    writes_per_s: u32,
    /// Keep a copy of each row for each node.
    #[arg(long)]
    keep_rows_apart: bool,
    /// Seed of the run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let begun = Instant::now();
    let progress = Progress::new();
    let report = args.scale().run(args.seed, |now| {
        progress.show(&format!("{:.1} of {} s", now.as_secs_f64(), args.seconds));
    });
    drop(progress);
    let took = Took { wall: begun.elapsed(), cpu: thread_time(), rss_mib: peak_rss_mib() };
    let printed = if args.json {
        writeln!(io::stdout(), "{}", to_json(args, &report, &took))
    } else {
        writeln!(io::stdout(), "{}", to_text(args, &report, &took))
    };
    let held = report.has_converged();
    if printed.is_ok() && held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Args {
    fn scale(&self) -> Scale {
        Scale {
            nodes: self.nodes as usize,
            span: Duration::from_secs(u64::from(self.seconds)),
            loss: self.loss,
            share_per_minute: self.per_minute_pct / 100.0,
            writes_per_s: f64::from(self.writes_per_s),
            shares_rows: !self.keep_rows_apart,
        }
    }
}

/// What the run cost.
struct Took {
    wall: Duration,
    cpu: Duration,
    /// Nothing where the system does not say.
    rss_mib: Option<u64>,
}

impl Took {
    /// Of the peak of memory, what each node spent on each: nodes times nodes is what grows.
    fn bytes_per_pair(&self, args: &Args) -> Option<f64> {
        let pairs = f64::from(args.nodes) * f64::from(args.nodes);
        self.rss_mib.map(|mib| to_f64(mib << 20) / pairs)
    }
}

/// The most memory that this process had resident, in MiB; nothing where the system does not say.
fn peak_rss_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib.div_ceil(1_024))
}

fn to_json(args: &Args, report: &ScaleReport, took: &Took) -> Value {
    json!({
        "nodes": args.nodes,
        "virtual_s": args.seconds,
        "wall_s": round(took.wall.as_secs_f64()),
        "cpu_s": round(took.cpu.as_secs_f64()),
        "peak_rss_mib": took.rss_mib,
        "bytes_per_pair": took.bytes_per_pair(args).map(round),
        "converged": report.has_converged(),
        "equal_after_ms": report.equal_after.map(millis),
        "tables_equal": report.tables_equal,
        "false_deaths": report.false_deaths,
        "false_death_events": report.false_death_events,
        "unnoticed": report.unnoticed,
        "running": report.running,
        "crashed": report.crashed,
        "restarted": report.restarted,
        "joined": report.joined,
        "writes": report.writes,
        "rows_per_node": round(report.rows_per_node),
        "datagrams": report.datagrams,
        "lost": report.lost,
        "bytes_per_s_per_node": round(report.bytes_per_s_per_node),
        "loss": args.loss,
        "per_minute_pct": args.per_minute_pct,
        "writes_per_s": args.writes_per_s,
        "seed": args.seed,
        "hash": format!("{:016x}", report.hash),
    })
}

fn to_text(args: &Args, report: &ScaleReport, took: &Took) -> String {
    let or_unknown = |figure: Option<String>| figure.unwrap_or("unknown".to_owned());
    format!(
        "{} nodes, loss {}; {} s of which {:.0} s were spent, {:.0} s computing\n\
         crashed {}, restarted {}, joined {}; {} writes; {} run\n\
         peak memory                {}\n\
         all tables equal after     {}, and equal in the end: {}\n\
         taken for dead, but runs   {} (for a while: {} times)\n\
         taken for alive, but gone  {}\n\
         rows per node              {:.1}\n\
         datagrams                  {}, of which {} got lost\n\
         bytes per second and node  {:.1}\n\
         hash                       {:016x}\n\
         converged                  {}",
        args.nodes,
        args.loss,
        args.seconds,
        took.wall.as_secs_f64(),
        took.cpu.as_secs_f64(),
        report.crashed,
        report.restarted,
        report.joined,
        report.writes,
        report.running,
        or_unknown(
            took.rss_mib
                .zip(took.bytes_per_pair(args))
                .map(|(mib, pair)| format!("{mib} MiB, {pair:.0} bytes a pair of nodes"))
        ),
        millis_or("never", report.equal_after),
        if report.tables_equal { "yes" } else { "no" },
        report.false_deaths,
        report.false_death_events,
        report.unnoticed,
        report.rows_per_node,
        report.datagrams,
        report.lost,
        report.bytes_per_s_per_node,
        report.hash,
        if report.has_converged() { "yes" } else { "no" },
    )
}
