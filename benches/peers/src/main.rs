//! The same work done by rumormill and by other libraries, in one run: bytes, time, memory, and what
//! becomes of populations.

mod keys;
mod memory;
mod network;
mod peer;
mod peers;
mod pictures;
mod report;
mod timing;
mod work;

/// What our pictures have in common: the same code that draws the others.
#[allow(unreachable_pub, dead_code)]
#[path = "../../src/plot.rs"]
mod plot;

/// Other libraries that find where two sets differ: the same code that our own benchmarks use.
#[allow(unreachable_pub, missing_docs, dead_code)]
#[path = "../../src/rivals.rs"]
mod rivals;

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};

use clap::Parser;

use self::{
    report::{Figure, Report},
    work::Work,
};

/// The same work done by rumormill and by other libraries.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Args {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Only work whose name begins like this, such as `one-behind`; several may be given.
    #[arg(long)]
    only: Vec<String>,
    /// Measure nothing, and print the figures of this file, which `--json` wrote, as a table in Markdown.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Draw pictures into this folder.
    #[arg(long)]
    plots: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    if let [_, child, peer, work] = &arguments[..]
        && child == memory::CHILD
    {
        return grow(peer, work);
    }
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let figures = if let Some(file) = &args.from {
        let figures = fs::read_to_string(file)?;
        println!("{}", report::to_markdown(&pictures::rows(&figures)?));
        figures
    } else {
        let report = measure_all(args);
        let json = report.to_json();
        println!("{}", if args.json { json.clone() } else { report.to_text() });
        json
    };
    args.plots.as_ref().map_or(Ok(()), |folder| pictures::draw(&figures, folder))
}

/// What a process of its own does that is measured as it grows.
fn grow(peer: &str, work: &str) -> ExitCode {
    let peer = peers::ALL.into_iter().find(|it| it.name() == peer);
    match (peer, Work::named(work)) {
        (Some(peer), Some(Work::Memory { keys })) => {
            memory::print_growth(peer, keys);
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}

fn measure_all(args: &Args) -> Report {
    let mut figures = Vec::new();
    for work in work::ALL {
        let name = work.name();
        if !args.only.is_empty() && !args.only.iter().any(|only| name.starts_with(only.as_str())) {
            continue;
        }
        for peer in peers::ALL {
            eprint!("\r\x1b[K{name}: {}", peer.name());
            let outcome = match work {
                Work::Memory { keys } => memory::per_entry(peer, keys),
                work => peer.measure(work),
            };
            figures.push(Figure { work, peer: peer.name(), outcome });
        }
    }
    eprint!("\r\x1b[K");
    Report { figures }
}
