//! The command line of rumormill.

mod agent;
mod demo;
mod keys;
mod maelstrom;
mod reconcile;
mod replay;
mod sim;
mod sizes;

mod figures;
mod hex;
mod progress;
mod thread_time;

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// Gossip a table of conflict-free types between processes.
#[derive(Debug, Parser)]
#[command(name = "rumormill", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a cluster on this machine through a day of trouble, and check that it agrees.
    Demo(demo::Args),
    /// Run one node, and edit and read its table by lines on standard input.
    Agent(agent::Args),
    /// Run real nodes in virtual time, and measure.
    #[command(subcommand)]
    Sim(sim::Scenario),
    /// What it takes two nodes to find out what differs, and to repair it.
    Reconcile(reconcile::Args),
    Sizes(sizes::Args),
    Maelstrom(maelstrom::Args),
    Replay(replay::Args),
    #[command(subcommand)]
    Keys(keys::Command),
}

const EXAMPLES: &str = "\
Examples:
  rumormill demo
  rumormill agent --bind 127.0.0.1:7001 --name ann
  rumormill agent --bind 127.0.0.1:7002 --name bob --join 127.0.0.1:7001
  rumormill sim spread --nodes 1000 --loss 0.3
  rumormill sim join --nodes 1000
  rumormill sim idle --nodes 300 --update-rate 10
  rumormill reconcile --rows 100000 --differ 100
  rumormill sizes

Exit codes: 0 if what the command claims held, 1 if not, 2 for wrong usage.";

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Agent(args) => agent::run(args),
        Command::Sim(scenario) => sim::run(&scenario),
        Command::Reconcile(args) => reconcile::run(&args),
        Command::Sizes(args) => sizes::run(&args),
        Command::Maelstrom(args) => maelstrom::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Keys(command) => keys::run(&command),
    }
}

/// Says on standard error what went wrong.
fn fail(reason: impl Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "rumormill: {reason}");
    ExitCode::FAILURE
}
