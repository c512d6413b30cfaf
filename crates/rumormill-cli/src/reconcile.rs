//! `rumormill reconcile`: two nodes find out what differs, and repair it.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, error::ErrorKind};
use rumormill_sim::{Reconcile, ReconcileReport, Repair};
use serde_json::json;

use crate::{
    figures::{median, parse_loss, percentile, round, to_f64},
    progress::Progress,
    thread_time::thread_time,
};

const EXAMPLES: &str = "\
Examples:
  rumormill reconcile --rows 100000 --differ 100
  rumormill reconcile --rows 1000000 --differ 0 --json
  rumormill reconcile --rows 10000 --differ 100 --unknown-pct 10 --loss 0.1 --cold

Two nodes hold the same rows. Before each run some are put ahead on either side, by 1, 2, 3, ...
versions with chance 1/2, 1/4, 1/8, ...; then both go on as they always do, until their tables are
equal. Bytes are those of all messages that find out what differs, of both nodes; the rows
themselves and the frames of datagrams do not count. Every datagram takes 1 ms, so that a round trip
is 2 ms; round trips count from the first message of a run to the last one that helped to find
out what differs, and again to equality. --differ 0 measures one comparison of equal tables.

The lower bound is for rows that both sides know, with such gaps. A version vector names every row
with its version.

Three runs go before those that are measured, so that both nodes have an idea of how much differs;
with --cold a minute without differences goes before each run.

Times are virtual, but for cpu_us_p50: the processor's time, on both sides, for composing and
handling the datagrams counted (0 where the system does not say), less what rows took that filled
them, by the mean of datagrams with rows alone. It is the one figure that varies
when the same arguments and seed are run again.

Exit code 0 if both tables were equal within two virtual minutes in every run.";

/// What it takes two nodes to find out what differs, and to repair it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Rows that both nodes hold.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rows: u32,
    /// Rows that differ in each run.
    #[arg(long, default_value_t = 100)]
    differ: u32,
    /// How many of a hundred of these only one side has.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100))]
    unknown_pct: u32,
    /// How many of a hundred of these are ahead by more than 2^16 versions.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100))]
    big_gap_pct: u32,
    /// Share of datagrams that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_loss)]
    loss: f64,
    /// Number of runs that are measured.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Let a minute without differences pass before each run.
    #[arg(long)]
    cold: bool,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    if let Err(why) = args.check() {
        crate::Cli::command().error(ErrorKind::ValueValidation, why).exit();
    }
    let progress = Progress::new();
    progress.show(&format!("making {} rows", args.rows));
    let report = args.reconcile().run(args.seed, thread_time, |number| {
        progress.show(&format!("run {} of {}", number + 1, args.runs));
    });
    drop(progress);
    let summary = Summary::of(&report);
    let text = if args.json { summary.to_json(args) } else { summary.to_text(args) };
    let printed = writeln!(io::stdout(), "{text}");
    if printed.is_ok() && summary.equal_after == report.repairs.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Args {
    fn check(&self) -> Result<(), &'static str> {
        if self.differ > self.rows {
            Err("--differ is at most --rows: only rows that exist differ")
        } else if self.unknown_pct + self.big_gap_pct > 100 {
            Err("--unknown-pct and --big-gap-pct are 100 at most together: no row is both")
        } else {
            Ok(())
        }
    }

    fn reconcile(&self) -> Reconcile {
        Reconcile {
            rows: self.rows as usize,
            differ: self.differ as usize,
            unknown_pct: self.unknown_pct as usize,
            big_gap_pct: self.big_gap_pct as usize,
            loss: self.loss,
            runs: self.runs as usize,
            cold: self.cold,
        }
    }
}

/// What all runs together came to.
struct Summary {
    equal_after: usize,
    bytes_p50: u64,
    bytes_p95: u64,
    bytes_max: u64,
    bytes_each_way: [u64; 2],
    framed_bytes_p50: u64,
    all_bytes_p50: u64,
    datagrams_p50: u64,
    rtts_p50: Option<f64>,
    rtts_repaired_p50: Option<f64>,
    cpu_us_p50: f64,
    one_datagram_pct: f64,
    lower_bound_bytes: u64,
    version_vector_bytes: u64,
}

impl Summary {
    fn of(report: &ReconcileReport) -> Self {
        let repairs = &report.repairs;
        let bytes = || repairs.iter().map(|it| it.digest_bytes.iter().sum::<u64>());
        let p50 = |figure: fn(&Repair) -> u64| median(repairs.iter().map(figure)).unwrap_or(0);
        let one_sketch = |it: &&Repair| it.sketch_datagrams <= 1;
        let one_sketch = repairs.iter().filter(one_sketch).count() as u64;
        let micros = |it: &Repair| it.spent.as_secs_f64() * 1e6;
        Self {
            equal_after: repairs.iter().filter(|it| it.is_equal).count(),
            bytes_p50: median(bytes()).unwrap_or(0),
            bytes_p95: percentile(bytes(), 95).unwrap_or(0),
            bytes_max: bytes().max().unwrap_or(0),
            bytes_each_way: [p50(|it| it.digest_bytes[0]), p50(|it| it.digest_bytes[1])],
            framed_bytes_p50: p50(|it| it.framed_bytes),
            all_bytes_p50: p50(|it| it.all_bytes),
            datagrams_p50: p50(|it| it.digest_datagrams),
            rtts_p50: median(repairs.iter().filter_map(|it| it.round_trips)),
            rtts_repaired_p50: median(repairs.iter().filter_map(|it| it.round_trips_repaired)),
            cpu_us_p50: median(repairs.iter().map(micros)).unwrap_or(0.0),
            one_datagram_pct: 100.0 * to_f64(one_sketch) / to_f64(repairs.len().max(1) as u64),
            lower_bound_bytes: report.lower_bound_bytes,
            version_vector_bytes: report.version_vector_bytes,
        }
    }

    fn ratio(&self) -> f64 {
        to_f64(self.bytes_p50) / to_f64(self.lower_bound_bytes)
    }

    fn to_json(&self, args: &Args) -> String {
        json!({
            "rows": args.rows,
            "differ": args.differ,
            "runs": args.runs,
            "equal_after": self.equal_after,
            "bytes_p50": self.bytes_p50,
            "bytes_p95": self.bytes_p95,
            "datagrams_p50": self.datagrams_p50,
            "rtts_p50": self.rtts_p50.map(round),
            "cpu_us_p50": round(self.cpu_us_p50),
            "lower_bound_bytes": self.lower_bound_bytes,
            "ratio": round(self.ratio()),
            "version_vector_bytes": self.version_vector_bytes,
            "one_datagram_pct": round(self.one_datagram_pct),
            "rtts_repaired_p50": self.rtts_repaired_p50.map(round),
            "bytes_max": self.bytes_max,
            "bytes_each_way": self.bytes_each_way,
            "framed_bytes_p50": self.framed_bytes_p50,
            "all_bytes_p50": self.all_bytes_p50,
            "unknown_pct": args.unknown_pct,
            "big_gap_pct": args.big_gap_pct,
            "loss": args.loss,
            "cold": args.cold,
            "seed": args.seed,
        })
        .to_string()
    }

    fn to_text(&self, args: &Args) -> String {
        let trips = |count: Option<f64>| count.map_or("-".to_owned(), |it| format!("{it:.1}"));
        format!(
            "{} of {} rows differ; tables equal after {} of {} runs\n\n\
             {:<36}{:>12}\n\
             {:<36}{:>12}  ({} at 95 %, {} at most)\n\
             {:<36}{:>12}  ({:.1} times)\n\
             {:<36}{:>12}\n\
             {:<36}{:>12}  (one sketch did in {:.0} % of runs)\n\
             {:<36}{:>12}  ({} until repaired)\n\
             {:<36}{:>12.0}\n\n\
             {}",
            args.differ,
            args.rows,
            self.equal_after,
            args.runs,
            "to find out what differs",
            "median",
            "bytes",
            self.bytes_p50,
            self.bytes_p95,
            self.bytes_max,
            "lower bound, bytes",
            self.lower_bound_bytes,
            self.ratio(),
            "version vector, bytes",
            self.version_vector_bytes,
            "datagrams",
            self.datagrams_p50,
            self.one_datagram_pct,
            "round trips",
            trips(self.rtts_p50),
            trips(self.rtts_repaired_p50),
            "processor, both sides, microseconds",
            self.cpu_us_p50,
            self.verdict(),
        )
    }

    fn verdict(&self) -> String {
        let (ours, theirs) = (to_f64(self.bytes_p50), to_f64(self.version_vector_bytes));
        if ours < theirs {
            format!("A version vector takes {:.0} times as many bytes.", theirs / ours.max(1.0))
        } else {
            format!("A version vector takes {:.2} of these bytes.", theirs / ours)
        }
    }
}
