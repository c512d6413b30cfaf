//! `rumormill demo`: a cluster on loopback sockets goes through a day of trouble.

mod claim;
mod cluster;
mod report;
mod screen;
mod story;
mod view;
mod world;

use std::process::ExitCode;

use report::Report;
use screen::Screen;

/// Runs a cluster of real nodes on loopback UDP sockets: they join, announce skills, load, calls
/// and trust; a skill is removed by another node than added it, a node is killed, the network is
/// cut while both sides write, healed, and the killed node comes back without its disk. In the
/// end all tables must be equal. Takes some 10 seconds, and never 40.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How many nodes, from 4 to 64.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(4..=64))]
    nodes: u8,
    /// Print one JSON object, and nothing while it runs.
    #[arg(long)]
    json: bool,
    /// Where the random choices begin: what is announced, and by whom.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  rumormill demo
  rumormill demo --nodes 32 --seed 7
  rumormill demo --json | jq .converged

Exit code 0 only if every claim held.";

pub(crate) fn run(args: &Args) -> ExitCode {
    let screen = Screen::new(args.json);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return crate::fail(error),
    };
    match runtime.block_on(story::tell(usize::from(args.nodes), args.seed, screen)) {
        Ok(report) => finish(&report, args.json),
        Err(error) => crate::fail(error),
    }
}

fn finish(report: &Report, json: bool) -> ExitCode {
    report.print(json);
    if report.held() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
