//! Draws into `docs/` what becomes of populations as they grow: how long an update takes to reach
//! everybody, beside theory, and what a node costs.
//!
//! Without arguments it measures all, which takes half an hour, writes the figures down and draws
//! them. `--spreads` and `--costs` measure the one or the other and keep the rest, `--draw` draws
//! the figures that are there.
//!
//! Reads `/proc/self/status`, so it measures on Linux.

mod convergence;
mod costs;
mod figures;
mod memory;
mod node_costs;
mod spreads;

use std::{env, error::Error, fs};

use figures::Measured;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/");

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(&Measured { spreads: spreads::measure(), costs: costs::measure()? })?,
        ["--spreads"] => write(&Measured { spreads: spreads::measure(), ..read()? })?,
        ["--costs"] => write(&Measured { costs: costs::measure()?, ..read()? })?,
        ["--draw"] => {}
        [costs::CHILD, what, nodes] => return costs::print(what, nodes.parse()?),
        _ => return Err("the one argument it takes is --spreads, --costs or --draw".into()),
    }
    let measured = read()?;
    for (name, svg) in [
        ("convergence.svg", convergence::draw(&measured.spreads)),
        ("node_costs.svg", node_costs::draw(&measured.costs)),
    ] {
        fs::write(format!("{DOCS}{name}"), svg)?;
        eprintln!("drew {name}");
    }
    Ok(())
}

fn read() -> Result<Measured, Box<dyn Error>> {
    Ok(Measured::from_json(&fs::read_to_string(format!("{DOCS}populations.json"))?)?)
}

fn write(measured: &Measured) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(format!("{DOCS}populations.json"), measured.to_json()?)?)
}
