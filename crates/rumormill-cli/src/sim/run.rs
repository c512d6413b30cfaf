//! `rumormill sim run`: a scenario from a file.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use rumormill_sim::swarm::{Errands, Plan};
use serde_json::json;

use crate::figures::{millis, round};

const EXAMPLES: &str = "\
Examples:
  rumormill sim run scenarios/split-and-heal.txt
  rumormill sim run scenarios/liars.txt --seed 7 --json

A scenario says how many nodes there are, what they write, what goes wrong and when; scenarios/ in the
repository has some, and the documentation of rumormill_sim::swarm all words. When its storm is over
all is mended; then tables have to become equal, the population has to come to rest, and one more crash
has to be found out. The oracles of 'sim swarm' look on all the time.

Exit code 0 if they found nothing.";

/// A scenario from a file, judged as the swarm is.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file.
    file: PathBuf,
    /// Another seed than the file's.
    #[arg(long)]
    seed: Option<u64>,
    /// Print the last lines of what happened, too.
    #[arg(long)]
    trace: bool,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match read(args) {
        Ok(plan) => judge(args, &plan),
        Err(why) => {
            let _ = writeln!(io::stderr(), "{}: {why}", args.file.display());
            ExitCode::from(2)
        }
    }
}

fn read(args: &Args) -> Result<Plan, String> {
    let text = fs::read_to_string(&args.file).map_err(|error| error.to_string())?;
    let mut plan: Plan = text.parse().map_err(|error| format!("{error}"))?;
    plan.seed = args.seed.unwrap_or(plan.seed);
    Ok(plan)
}

fn judge(args: &Args, plan: &Plan) -> ExitCode {
    const TRACE_LINES: usize = 200;
    let outcome = plan.run_with_trace::<Errands>(TRACE_LINES);
    if args.trace || outcome.violation.is_some() {
        let _ = write!(io::stderr(), "{}", outcome.trace);
    }
    let node_hours = round(outcome.node_time.as_secs_f64() / 3_600.0);
    let found = outcome.violation.as_ref().map(ToString::to_string);
    let printed = if args.json {
        let figures = json!({
            "nodes": plan.nodes,
            "seed": plan.seed,
            "violation": found,
            "node_hours": node_hours,
            "messages": outcome.datagrams,
            "edits": outcome.edits,
            "faults": outcome.faults,
            "agreed_after_ms": outcome.agreed_after.map(millis),
            "detected_after_ms": outcome.detected_after.map(millis),
            "hash": format!("{:016x}", outcome.hash),
        });
        writeln!(io::stdout(), "{figures}")
    } else {
        let span =
            |span: Option<_>| span.map_or("-".to_owned(), |it| format!("{:.0} ms", millis(it)));
        let faults = outcome.faults.iter().filter(|(_, count)| **count > 0);
        let faults: String =
            faults.map(|(kind, count)| format!("\n  {kind:<20} {count:>12}")).collect();
        writeln!(
            io::stdout(),
            "nodes                  {}\n\
             edits, datagrams       {}, {}\n\
             equal after            {}\n\
             last crash known after {}\n\
             violation              {}\n\
             went wrong{faults}",
            plan.nodes,
            outcome.edits,
            outcome.datagrams,
            span(outcome.agreed_after),
            span(outcome.detected_after),
            found.as_deref().unwrap_or("none"),
        )
    };
    if printed.is_ok() && found.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
