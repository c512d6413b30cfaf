//! `rumormill sim demers`: the tables of Demers et al., measured again, and our nodes beside them.

use std::process::ExitCode;

use rumormill_sim::{Demers, DemersCell, DemersReport, Epidemic, Figures};
use serde_json::{Map, Value, json};

use super::runs::Runs;
use crate::figures::round;

const EXAMPLES: &str = "\
Examples:
  rumormill sim demers
  rumormill sim demers --seeds 10 --json

Demers et al., \"Epidemic Algorithms for Replicated Database Maintenance\" (PODC 1987), section 1.4,
tables 1 (push, feedback and counter), 2 (push, blind and coin) and 3 (pull, feedback and counter).
residue is the share of sites that never hear of an update, traffic how often it is sent per site,
t_ave and t_last the cycles in which sites and the last site hear of it. A row holds if each figure
is within 20 % of the paper's; a note says why it is not. The paper's population is 1,000.

The last line is real nodes with their defaults, one update, no loss; cycles are rumor periods, and
residue is what is missed after rumors died down and tables were compared. Figures are means over
all runs and seeds. The same arguments and seed print the same bytes.

Exit code 0 if each row holds or has a note, and real nodes miss nobody.";

/// The tables of Demers et al., measured again, and our nodes beside them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// Runs of each row.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Updates among real nodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    spreads: u32,
    #[command(flatten)]
    seeds: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let demers = Demers {
        nodes: args.nodes as usize,
        runs: args.runs as usize,
        spreads: args.spreads as usize,
    };
    let report = DemersReport::mean(&args.seeds.each(|seed| demers.run(seed)));
    let explained = report.cells.iter().all(|cell| cell.holds() || cell.note().is_some());
    let held = explained && report.ours.residue == 0.0;
    args.seeds.finish(to_json(args, &report), &to_text(&report), held)
}

fn to_json(args: &Args, report: &DemersReport) -> Value {
    json!({
        "tables": report.cells.iter().map(cell_to_json).collect::<Vec<_>>(),
        "ours": figures_to_json(&report.ours),
        "nodes": args.nodes,
        "runs": args.runs,
        "spreads": args.spreads,
    })
}

fn cell_to_json(cell: &DemersCell) -> Value {
    let mut row = Map::new();
    row.insert("table".to_owned(), table(cell.epidemic).into());
    row.insert("k".to_owned(), cell.k.into());
    row.append(&mut figures_to_json(&cell.measured));
    row.insert("paper".to_owned(), figures_to_json(&cell.paper).into());
    row.insert("holds".to_owned(), cell.holds().into());
    if let Some(note) = cell.note() {
        row.insert("note".to_owned(), note.into());
    }
    row.into()
}

fn figures_to_json(figures: &Figures) -> Map<String, Value> {
    let fields = [
        ("residue", round_share(figures.residue)),
        ("traffic", round(figures.traffic)),
        ("t_ave", round(figures.t_ave)),
        ("t_last", round(figures.t_last)),
    ];
    fields.into_iter().map(|(name, figure)| (name.to_owned(), figure.into())).collect()
}

fn to_text(report: &DemersReport) -> String {
    let mut lines = vec![
        "measured, and in brackets what the paper says".to_owned(),
        "table  k                residue       traffic         t_ave        t_last  holds"
            .to_owned(),
    ];
    for cell in &report.cells {
        lines.push(row_to_text(cell));
    }
    let Figures { residue, traffic, t_ave, t_last } = report.ours;
    lines.push(format!(
        "{:<9}{:>9}{:>21.2}{t_ave:>14.1}{t_last:>14.1}",
        "ours",
        round_share(residue),
        traffic
    ));
    let notes = report.cells.iter().filter_map(|cell| {
        Some(format!("\ntable {}, k = {}: {}", table(cell.epidemic), cell.k, cell.note()?))
    });
    lines.extend(notes);
    lines.join("\n")
}

fn row_to_text(cell: &DemersCell) -> String {
    let DemersCell { measured, paper, .. } = cell;
    let verdict = match (cell.holds(), cell.note()) {
        (true, _) => "yes",
        (false, Some(_)) => "see note",
        (false, None) => "NO",
    };
    format!(
        "{:<7}{:<2}{:>9} ({:>8}){:>7.2} ({:>4}){:>7.2} ({:>5}){:>6.1} ({:>4})  {verdict}",
        table(cell.epidemic),
        cell.k,
        round_share(measured.residue),
        round_share(paper.residue),
        measured.traffic,
        paper.traffic,
        measured.t_ave,
        paper.t_ave,
        measured.t_last,
        paper.t_last,
    )
}

const fn table(epidemic: Epidemic) -> u8 {
    match epidemic {
        Epidemic::PushFeedbackCounter => 1,
        Epidemic::PushBlindCoin => 2,
        Epidemic::PullFeedbackCounter => 3,
    }
}

/// To a ten-millionth.
fn round_share(share: f64) -> f64 {
    (share * 1e7).round() / 1e7
}
