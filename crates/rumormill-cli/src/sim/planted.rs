//! `rumormill sim planted`: bugs planted on purpose, and which oracle finds each.

mod catalogue;
mod copy;
mod hunt;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
    thread,
};

use serde_json::{Value, json};

use self::{
    catalogue::Catalogue,
    copy::Checkout,
    hunt::{Found, Hunt},
};
use crate::figures::{median, round};

const EXAMPLES: &str = "\
Examples:
  rumormill sim planted
  rumormill sim planted --bug skip-floor-raise --json
  rumormill sim planted --check

Runs in a checkout of the source. The bugs of crates/rumormill-sim/planted/bugs.txt are planted into
a copy in target/planted, all at once, each behind a switch that exists in the copy alone; the copy
is built, and then the swarm looks for each bug in small populations, seed after seed. With no bug
switched on it must find nothing.

cpu_s is the processor's time of all seeds up to and including the one that found the bug.

Exit code 0 if every bug was found, and nothing where there was none.";

/// Bugs planted on purpose, and which oracle finds each.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Look for this bug alone.
    #[arg(long)]
    bug: Option<String>,
    /// Only check that every bug still fits the source.
    #[arg(long)]
    check: bool,
    /// How many bugs are looked for at a time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..))]
    jobs: u8,
    /// A bug is looked for in at most so many seconds of the processor's time.
    #[arg(long, default_value_t = 60)]
    cpu_s_max: u32,
    /// Only populations of at most so many nodes.
    #[arg(long, default_value_t = 8)]
    nodes_max: u32,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let result = if args.check { check() } else { hunt_all(args) };
    result.unwrap_or_else(|why| {
        let _ = writeln!(io::stderr(), "{why}");
        ExitCode::FAILURE
    })
}

fn check() -> Result<ExitCode, String> {
    let checkout = Checkout::find()?;
    let catalogue = Catalogue::read(checkout.root())?;
    catalogue.plant(checkout.root())?;
    let _ = writeln!(io::stdout(), "{} bugs fit the source", catalogue.bugs.len());
    Ok(ExitCode::SUCCESS)
}

fn hunt_all(args: &Args) -> Result<ExitCode, String> {
    let checkout = Checkout::find()?;
    let catalogue = Catalogue::read(checkout.root())?;
    let names: Vec<&str> = catalogue.names().filter(|it| is_meant(args, it)).collect();
    if names.is_empty() {
        return Err("there is no such bug; crates/rumormill-sim/planted/bugs.txt has all".into());
    }
    tell(&format!("planting {} bugs, and building", catalogue.bugs.len()));
    let binary = checkout.build(&catalogue)?;
    let hunt = Hunt { binary, nodes_max: args.nodes_max, cpu_s_max: args.cpu_s_max };
    if let Some(found) = hunt.without_bug()? {
        return Err(format!("with no bug, seed {} finds: {}", found.seed, found.oracle));
    }
    let rows = hunt_each(&hunt, &names, args.jobs)?;
    let printed = if args.json {
        writeln!(io::stdout(), "{}", to_json(&rows))
    } else {
        writeln!(io::stdout(), "{}", to_text(&rows))
    };
    let is_all_found = rows.iter().all(|row| row.found.is_some());
    Ok(if printed.is_ok() && is_all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_meant(args: &Args, name: &str) -> bool {
    args.bug.as_ref().is_none_or(|bug| bug == name)
}

/// A bug, and what came of looking for it.
struct Row<'n> {
    bug: &'n str,
    found: Option<Found>,
}

/// In the order of the catalogue.
fn hunt_each<'n>(hunt: &Hunt, names: &[&'n str], jobs: u8) -> Result<Vec<Row<'n>>, String> {
    let next = AtomicUsize::new(0);
    let (results, looked) = channel();
    let mut rows = thread::scope(|scope| {
        for _ in 0..jobs {
            let (next, results) = (&next, results.clone());
            scope.spawn(move || {
                while let Some(bug) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if results.send((*bug, hunt.look_for(bug))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let mut rows = Vec::new();
        for (bug, found) in looked {
            let row = Row { bug, found: found? };
            tell(&format!("{:>3} of {}  {}", rows.len() + 1, names.len(), row.to_text()));
            rows.push(row);
        }
        Ok::<_, String>(rows)
    })?;
    rows.sort_by_key(|row| names.iter().position(|name| *name == row.bug));
    Ok(rows)
}

impl Row<'_> {
    fn to_text(&self) -> String {
        let Self { bug, found } = self;
        found.as_ref().map_or_else(
            || format!("{bug:<30} not found"),
            |it| format!("{bug:<30} seed {:<5} {:>6.2} s  {}", it.seed, it.cpu_s, it.oracle),
        )
    }

    fn to_json(&self) -> Value {
        let found = self.found.as_ref();
        json!({
            "bug": self.bug,
            "oracle": found.map(|it| &it.oracle),
            "seed": found.map(|it| it.seed),
            "cpu_s": found.map(|it| it.cpu_s),
        })
    }
}

fn found<'r>(rows: &'r [Row<'_>]) -> impl Iterator<Item = &'r Found> {
    rows.iter().filter_map(|row| row.found.as_ref())
}

fn median_cpu_s(rows: &[Row<'_>]) -> Option<f64> {
    median(found(rows).map(|it| it.cpu_s)).map(round)
}

fn to_json(rows: &[Row<'_>]) -> Value {
    json!({
        "bugs": rows.len(),
        "found": found(rows).count(),
        "median_cpu_s": median_cpu_s(rows),
        "rows": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
    })
}

fn to_text(rows: &[Row<'_>]) -> String {
    let lines: String = rows.iter().map(|row| row.to_text() + "\n").collect();
    let median = median_cpu_s(rows).map_or("-".to_owned(), |cpu_s| format!("{cpu_s:.2} s"));
    format!("{lines}{} bugs, {} found, {median} (median)", rows.len(), found(rows).count())
}

fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
