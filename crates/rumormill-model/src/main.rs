//! Prints what each exploration found.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use rumormill_model::{Configuration, Exploration, Verdict};

const USAGE: &str = "usage: rumormill-model [quick | full | deep] [states-max]";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let states_max = arguments.get(1).map_or(Ok(usize::MAX), |it| it.parse());
    let configurations = match arguments.first().map(String::as_str) {
        None | Some("full") => Configuration::full(),
        Some("quick") => Configuration::quick(),
        Some("deep") => Configuration::deep(),
        Some(_) => Vec::new(),
    };
    let mut out = io::stdout();
    let Some(states_max) = states_max.ok().filter(|_| !configurations.is_empty()) else {
        writeln!(out, "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    run(&mut out, configurations, states_max)
}

fn run(
    out: &mut impl Write,
    configurations: Vec<Configuration>,
    states_max: usize,
) -> io::Result<ExitCode> {
    let (mut states, mut took) = (0, Duration::ZERO);
    let mut code = ExitCode::SUCCESS;
    writeln!(
        out,
        "{:>10} {:>11} {:>5} {:>7} {:>9}",
        "states", "steps", "depth", "seconds", "states/s"
    )?;
    for configuration in configurations {
        let found = configuration.explore(states_max);
        states += found.states;
        took += found.took;
        print(out, &configuration, &found)?;
        if matches!(found.verdict, Verdict::Broken { .. }) {
            code = ExitCode::FAILURE;
        }
    }
    writeln!(out, "{states:>10} states in all, {:.1} seconds", took.as_secs_f64())?;
    Ok(code)
}

fn print(
    out: &mut impl Write,
    configuration: &Configuration,
    found: &Exploration,
) -> io::Result<()> {
    let Exploration { states, steps, depth, took, verdict } = found;
    let seconds = took.as_secs_f64();
    let per_second = found.states_per_second();
    writeln!(
        out,
        "{states:>10} {steps:>11} {depth:>5} {seconds:>7.1} {per_second:>9}  {configuration}: {verdict}"
    )
}
