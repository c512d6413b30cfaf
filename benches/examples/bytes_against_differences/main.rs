//! Draws into `docs/` how many bytes it takes to find which rows differ: for two nodes, for other
//! ways, and at least.
//!
//! Without arguments it measures all, which takes some minutes, writes the figures down and draws
//! them. `--ours` measures what this workspace has, and keeps the figures of other libraries.
//! `--draw` draws the figures that are there.

mod figures;
mod measure;
mod picture;

use std::{env, error::Error, fs};

use figures::Measured;

const FIGURES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/bytes_against_differences.json");
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/bytes_against_differences.svg");

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            let mut measured = Measured::nothing();
            measured.replace(measure::rivals());
            measured.replace(measure::ours()?);
            fs::write(FIGURES, measured.to_json()?)?;
        }
        ["--ours"] => {
            let mut measured = Measured::from_json(&fs::read_to_string(FIGURES)?)?;
            measured.replace(measure::ours()?);
            fs::write(FIGURES, measured.to_json()?)?;
        }
        ["--draw"] => {}
        _ => return Err("the one argument it takes is --ours or --draw".into()),
    }
    let measured = Measured::from_json(&fs::read_to_string(FIGURES)?)?;
    fs::write(PICTURE, picture::draw(&measured))?;
    eprintln!("wrote {PICTURE}");
    Ok(())
}
