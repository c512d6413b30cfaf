//! Figures as pictures, drawn from JSON that is written down: ours and others' against the number of
//! writers, and what each kind of write takes.

mod sizes;
mod writers;

use std::{error::Error, fs, path::Path};

use serde_json::Value;

/// What `rumormill sizes --json` printed, which its test compares.
const SIZES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/rumormill-cli/tests/sizes.golden.json");

/// Draws both pictures into a folder.
///
/// # Errors
///
/// If something cannot be read or written.
pub(crate) fn draw(figures: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let figures = rows(figures)?;
    fs::write(folder.join("bytes_against_writers.svg"), writers::draw(&figures))?;
    let sizes = rows(&fs::read_to_string(SIZES)?)?;
    fs::write(folder.join("delta_sizes.svg"), sizes::draw(&sizes))?;
    Ok(())
}

/// The rows of what `--json` printed.
///
/// # Errors
///
/// If that is not what it is.
pub(crate) fn rows(json: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let all: Value = serde_json::from_str(json)?;
    Ok(all["rows"].as_array().ok_or("there are no rows")?.clone())
}
