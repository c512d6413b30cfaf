//! `rumormill sim theory`: how many rounds a rumor takes, beside the formulas.

use std::process::ExitCode;

use rumormill_sim::{Theory, TheoryCell};
use serde_json::{Value, json};

use super::{
    mode::ModeName,
    runs::{Runs, mean_of},
};
use crate::figures::round;

const EXAMPLES: &str = "\
Examples:
  rumormill sim theory
  rumormill sim theory --runs 200 --json

No real nodes: rounds that all begin at once, partners drawn from all and one possibly twice, one
node with news at the start. Pushing takes one datagram, pulling two. Every mode with 1,000 and
10,000 nodes, fanout 1 to 4, loss 0, 0.1 and 0.3; with 10,000 nodes a quarter of the runs. Push-pull
without loss exceeds its formula by only a few hundredths of a round, and is run 16 times as often.
With several seeds, rounds are means over all. The same arguments and seed print the same bytes.

A cell holds if its mean is at least the formula, and at most 3 rounds more: the formulas leave a
constant open. For pull with fanout 1 and loss it may be 4 rounds more.

Exit code 0 if all cells hold.";

/// How many rounds a rumor takes, beside the formulas.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Runs of each cell with 1,000 nodes.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    #[command(flatten)]
    seeds: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let theory = Theory { runs: args.runs as usize };
    let cells = means(&args.seeds.each(|seed| theory.run(seed)));
    let holding = cells.iter().filter(|cell| cell.holds()).count();
    let text = to_text(&cells, holding);
    args.seeds.finish(to_json(args, &cells, holding), &text, holding == cells.len())
}

/// Each cell's mean over all seeds.
fn means(reports: &[Vec<TheoryCell>]) -> Vec<TheoryCell> {
    let first = reports.first().into_iter().flatten().enumerate();
    let cells = first.map(|(number, cell)| TheoryCell {
        mean: mean_of(reports, |report| report[number].mean),
        ..*cell
    });
    cells.collect()
}

fn to_json(args: &Args, cells: &[TheoryCell], holding: usize) -> Value {
    json!({
        "cells": cells.iter().map(cell_to_json).collect::<Vec<_>>(),
        "cells_total": cells.len(),
        "cells_holding": holding,
        "runs": args.runs,
    })
}

fn cell_to_json(cell: &TheoryCell) -> Value {
    json!({
        "mode": ModeName::of(cell.rounds.mode).text(),
        "nodes": cell.rounds.nodes,
        "fanout": cell.rounds.fanout,
        "loss": cell.rounds.loss,
        "rounds_mean": round(cell.mean),
        "formula": round(cell.rounds.formula()),
        "holds": cell.holds(),
        "runs": cell.runs,
    })
}

fn to_text(cells: &[TheoryCell], holding: usize) -> String {
    let head = "mode        nodes  fanout  loss   rounds  formula  holds";
    let lines = cells.iter().map(|cell| {
        format!(
            "{:<10}{:>7}{:>8}{:>6}{:>9.2}{:>9.2}  {}",
            ModeName::of(cell.rounds.mode).text(),
            cell.rounds.nodes,
            cell.rounds.fanout,
            cell.rounds.loss,
            cell.mean,
            cell.rounds.formula(),
            if cell.holds() { "yes" } else { "NO" },
        )
    });
    let table: Vec<String> = lines.collect();
    format!("{head}\n{}\n{holding} of {} cells hold", table.join("\n"), cells.len())
}
