//! `rumormill sim`: real nodes in virtual time.

mod spread;

use std::process::ExitCode;

use clap::Subcommand;

/// What to simulate.
#[derive(Debug, Subcommand)]
pub(crate) enum Scenario {
    /// How fast, and at what cost, one update reaches everybody.
    Spread(spread::Args),
}

/// Runs a scenario.
pub(crate) fn run(scenario: &Scenario) -> ExitCode {
    match scenario {
        Scenario::Spread(args) => spread::run(args),
    }
}
