//! `rumormill replay`: what happened to a node, run again.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use rumormill::{Liveness, Outcome, Recording, RecordingError, Step};
use serde_json::json;

use crate::{fail, keys::Admitted};

const EXAMPLES: &str = "\
Examples:
  rumormill agent --bind 127.0.0.1:7001 --name ann --log-inputs ann.log
  rumormill replay ann.log
  rumormill replay ann.log --step | less

An agent with --log-inputs writes down every input of its node: time, bytes, edits, and the seed of
its random choices. Replaying runs a node through the same inputs, and compares all that it puts out
with what was put out then. Each output that differs is shown; there are none unless the program is
another one than it was.

Exit code 0 if all outputs are identical.";

/// Run again what happened to a node, from a log of its inputs.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The log.
    file: PathBuf,
    /// The node's file of keys, if it had one: keys are not in the log.
    #[arg(long, value_name = "FILE", requires = "fleet_key")]
    key_file: Option<PathBuf>,
    /// The fleet's file of keys.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    fleet_key: Option<PathBuf>,
    /// Print each input, what the node put out, and how its table and members stood afterwards.
    #[arg(long)]
    step: bool,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "step")]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match replay(args) {
        Ok(outcome) if outcome.is_identical() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(reason) => fail(reason),
    }
}

fn open(args: &Args) -> Result<Recording, String> {
    let recording = Recording::open(&args.file).map_err(|reason| args.about(&reason))?;
    let (Some(key_file), Some(fleet_key)) = (&args.key_file, &args.fleet_key) else {
        return Ok(recording);
    };
    let Admitted { keys, trust, .. } = Admitted::read(key_file, fleet_key)?;
    Ok(recording.with_keys(Some(keys), trust))
}

impl Args {
    fn about(&self, reason: &RecordingError) -> String {
        format!("{}: {reason}", self.file.display())
    }
}

fn replay(args: &Args) -> Result<Outcome, String> {
    let mut out = io::stdout().lock();
    let mut last = String::new();
    let outcome = open(args)?.replay(|step| {
        if args.step || !step.is_same && !args.json {
            let _ = show(step, &mut last, &mut out);
        }
    });
    let outcome = outcome.map_err(|reason| args.about(&reason))?;
    let _ = if args.json {
        writeln!(out, "{}", to_json(&outcome))
    } else {
        writeln!(out, "{}", to_text(&outcome))
    };
    Ok(outcome)
}

/// Writes a line for a step, and one for the state if that changed.
fn show(step: &Step<'_>, last: &mut String, out: &mut impl Write) -> io::Result<()> {
    let direction = if step.is_input { ">" } else { "  <" };
    let differs = if step.is_same { "" } else { ", which DIFFERS from the log" };
    let (number, millis) = (step.number, step.at.as_secs_f64() * 1_000.0);
    writeln!(out, "{number:>6} {millis:>12.3} ms {direction} {}{differs}", step.what)?;
    let state = state(step);
    if state != *last {
        writeln!(out, "{:>23} {state}", "=")?;
        *last = state;
    }
    Ok(())
}

fn state(step: &Step<'_>) -> String {
    let mut members: BTreeMap<&str, usize> = BTreeMap::new();
    for member in step.node.members() {
        let liveness = match member.liveness {
            Liveness::Alive => "alive",
            Liveness::Suspect => "suspect",
            Liveness::Dead => "dead",
            Liveness::Left => "left",
        };
        *members.entry(liveness).or_default() += 1;
    }
    let members: Vec<_> = members.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let members = if members.is_empty() { "nobody".to_owned() } else { members.join(", ") };
    let table = step.node.table();
    format!("{} rows, fingerprint {:016x}; {members}", table.len(), table.fingerprint())
}

fn to_json(outcome: &Outcome) -> serde_json::Value {
    json!({
        "inputs": outcome.inputs,
        "outputs_identical": outcome.is_identical(),
        "outputs": outcome.outputs,
        "first_difference": outcome.first_difference,
        "is_cut_short": outcome.is_cut_short,
    })
}

fn to_text(outcome: &Outcome) -> String {
    let Outcome { inputs, outputs, .. } = outcome;
    let said = match outcome.first_difference {
        None => "all outputs are identical".to_owned(),
        Some(entry) => format!("outputs DIFFER from entry {entry} on"),
    };
    let cut =
        if outcome.is_cut_short { "; the last entry is not whole and was left out" } else { "" };
    format!("{inputs} inputs, {outputs} outputs: {said}{cut}")
}
