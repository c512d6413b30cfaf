//! `rumormill sim attack`: whether anybody who is well can be made to look dead.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::channel,
    },
    thread,
};

use rumormill_sim::{Attack, AttackReport};
use serde_json::json;

use crate::{figures::millis, progress::Progress};

const EXAMPLES: &str = "\
Examples:
  rumormill sim attack --runs 1000
  rumormill sim attack --runs 100000 --jobs 2 --json
  rumormill sim attack --runs 1 --seed 77

Each run draws a population of 5 to 10, a victim that is well, and its enemies: somebody outside, or up to
three members, fewer than it takes to confirm a suspicion. For eight seconds each says something
against the victim every 50 ms: suspicions, verdicts, words that it is there, with incarnations small,
large and the largest, in anybody's name; in half of the runs members sign, and then also that it said
good-bye, and later versions and lives of its rows.

An attack succeeded if somebody honest took the victim for dead or gone for longer than 600 ms, or still
does four seconds after. Exit code 0 if none did.";

/// Whether anybody who is well can be made to look dead.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How many attacks are tried.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// How many run at a time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..))]
    jobs: u8,
    /// The seed of the first; the others follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// What all attacks came to.
#[derive(Default)]
struct Summary {
    total: AttackReport,
    /// The seeds of those that succeeded.
    succeeded: Vec<u64>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let summary = run_all(args);
    let Summary { total, succeeded } = &summary;
    let first =
        succeeded.first().map(|seed| format!("rumormill sim attack --runs 1 --seed {seed}"));
    let printed = if args.json {
        let figures = json!({
            "runs": args.runs,
            "succeeded": succeeded.len(),
            "lies": total.lies,
            "misled": total.misled,
            "longest_ms": millis(total.longest),
            "first_success": first,
        });
        writeln!(io::stdout(), "{figures}")
    } else {
        writeln!(
            io::stdout(),
            "attacks                {}\n\
             succeeded              {}\n\
             lies told              {}\n\
             misled for a moment    {}, for {:.0} ms at most{}",
            args.runs,
            succeeded.len(),
            total.lies,
            total.misled,
            total.longest.as_secs_f64() * 1e3,
            first.map_or_else(String::new, |command| format!("\nrun it again           {command}")),
        )
    };
    if printed.is_ok() && succeeded.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_all(args: &Args) -> Summary {
    let progress = Progress::new();
    let seeds = args.seed..args.seed.saturating_add(args.runs);
    let next = AtomicU64::new(seeds.start);
    let (results, done) = channel();
    thread::scope(|scope| {
        for _ in 0..args.jobs {
            let (next, seeds, results) = (&next, seeds.clone(), results.clone());
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed)
                        || results.send((seed, Attack { seed }.run())).is_err()
                    {
                        break;
                    }
                }
            });
        }
        drop(results);
        let mut summary = Summary::default();
        for (done, (seed, report)) in done.into_iter().enumerate() {
            summary.total.lies += report.lies;
            summary.total.misled += report.misled;
            summary.total.longest = summary.total.longest.max(report.longest);
            summary.succeeded.extend(report.succeeded.then_some(seed));
            progress.show(&format!("{} of {} attacks", done + 1, args.runs));
        }
        summary.succeeded.sort_unstable();
        summary
    })
}
