//! `rumormill sim`: real nodes in virtual time.

mod attack;
mod churn;
mod crash;
mod demers;
mod idle;
mod join;
mod loss;
mod planted;
mod run;
mod scale;
mod spread;
mod swarm;
mod theory;
mod zones;

mod mode;
mod runs;

use std::process::ExitCode;

use clap::Subcommand;

/// What to simulate.
#[derive(Debug, Subcommand)]
pub(crate) enum Scenario {
    /// How fast, and at what cost, one update reaches everybody.
    Spread(spread::Args),
    /// How long it takes a newcomer, or everybody at once, to become a member.
    Join(join::Args),
    /// What a population costs in which little happens.
    Idle(idle::Args),
    /// How long it takes until everybody knows of a crash.
    Crash(crash::Args),
    /// What loss does to a population in which nothing else happens.
    Loss(loss::Args),
    /// What remains of a time in which nodes came and went.
    Churn(churn::Args),
    /// What crosses from zone to zone, beside the same with uniform choice.
    Zones(zones::Args),
    /// What becomes of a large population with losses and churn.
    Scale(scale::Args),
    /// Everything that can go wrong, drawn from many seeds, and judged.
    Swarm(swarm::Args),
    /// A scenario from a file, judged as the swarm is.
    Run(run::Args),
    /// Whether anybody who is well can be made to look dead.
    Attack(attack::Args),
    /// Bugs planted on purpose, and which oracle finds each.
    Planted(planted::Args),
    /// How many rounds a rumor takes, beside the formulas.
    Theory(theory::Args),
    /// The tables of Demers et al., measured again, and our nodes beside them.
    Demers(demers::Args),
}

/// Runs a scenario.
pub(crate) fn run(scenario: &Scenario) -> ExitCode {
    match scenario {
        Scenario::Spread(args) => spread::run(args),
        Scenario::Join(args) => join::run(args),
        Scenario::Idle(args) => idle::run(args),
        Scenario::Crash(args) => crash::run(args),
        Scenario::Loss(args) => loss::run(args),
        Scenario::Churn(args) => churn::run(args),
        Scenario::Zones(args) => zones::run(args),
        Scenario::Scale(args) => scale::run(args),
        Scenario::Swarm(args) => swarm::run(args),
        Scenario::Run(args) => run::run(args),
        Scenario::Attack(args) => attack::run(args),
        Scenario::Planted(args) => planted::run(args),
        Scenario::Theory(args) => theory::run(args),
        Scenario::Demers(args) => demers::run(args),
    }
}
