//! `rumormill sim zones`: one update in a population that is spread over zones.

use std::{process::ExitCode, time::Duration};

use rumormill_sim::{Zones, ZonesReport};
use serde_json::{Value, json};

use super::runs::{Runs, mean_of};
use crate::figures::{median, millis, millis_or, round};

const EXAMPLES: &str = "\
Examples:
  rumormill sim zones --nodes 300 --zones 3
  rumormill sim zones --nodes 300 --zones 10 --seeds 10 --json

Times are virtual: 0.5 to 2 ms from node to node within a zone, 20 to 60 ms between zones. The same
arguments and seed print the same bytes.
Exit code 0 if the update reached every node with every seed.";

/// What crosses from zone to zone, beside the same with uniform choice.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// Zones, of equal size.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    zones: u32,
    /// Of 1,000 peers that are told of an update, so many are drawn from the own zone.
    #[arg(long, default_value_t = 750, value_parser = clap::value_parser!(u32).range(..=750))]
    bias_per_mille: u32,
    #[command(flatten)]
    runs: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let near = args.zones(args.bias_per_mille);
    let even = args.zones(0);
    let reports = args.runs.each(|seed| (near.run(seed), even.run(seed)));
    let (near_reports, even_reports): (Vec<_>, Vec<_>) = reports.into_iter().unzip();
    let near = Summary::of(&near, &near_reports);
    let even = Summary::of(&even, &even_reports);
    let held = near.reached == args.nodes as usize;
    args.runs.finish(to_json(args, &near, &even), &to_text(&near, &even), held)
}

impl Args {
    fn zones(&self, bias_per_mille: u32) -> Zones {
        let (nodes, zones) = (self.nodes as usize, self.zones as usize);
        Zones { nodes, zones, bias_per_mille, update_bytes: 64 }
    }
}

/// What all runs together came to.
struct Summary {
    reached: usize,
    cross_zone_pct: f64,
    cross_zone_update_pct: f64,
    theory_pct: f64,
    p50: Option<Duration>,
    all: Option<Duration>,
    payloads_per_node: f64,
    bytes_per_node: f64,
}

impl Summary {
    fn of(zones: &Zones, reports: &[ZonesReport]) -> Self {
        let reached = reports.iter().map(|report| report.times.len()).min().unwrap_or(0);
        let at = |rank: usize| {
            let times = reports.iter().map(|report| report.times.get(rank).copied());
            median(times.collect::<Option<Vec<_>>>()?)
        };
        Self {
            reached,
            cross_zone_pct: 100.0 * mean_of(reports, |report| report.cross_zone_share),
            cross_zone_update_pct: 100.0
                * mean_of(reports, |report| report.cross_zone_share_of_update),
            theory_pct: 100.0 * zones.theory(),
            p50: at(zones.nodes.div_ceil(2) - 1),
            all: at(zones.nodes - 1),
            payloads_per_node: mean_of(reports, |report| report.payloads_per_node),
            bytes_per_node: mean_of(reports, |report| report.bytes_per_node),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "reached": self.reached,
            "cross_zone_bytes_pct": round(self.cross_zone_pct),
            "cross_zone_update_bytes_pct": round(self.cross_zone_update_pct),
            "theory_update_pct": round(self.theory_pct),
            "p50_ms": self.p50.map(millis),
            "all_ms": self.all.map(millis),
            "payloads_per_node": round(self.payloads_per_node),
            "bytes_per_node": round(self.bytes_per_node),
        })
    }

    fn row(&self, name: &str) -> String {
        let span = |span| millis_or("never", span);
        format!(
            "{name:<12}{:>8}{:>9}{:>9}{:>10.2}{:>13.1}{:>13.1}{:>13.1}",
            self.reached,
            span(self.p50),
            span(self.all),
            self.payloads_per_node,
            self.cross_zone_update_pct,
            self.theory_pct,
            self.cross_zone_pct,
        )
    }
}

fn to_json(args: &Args, near: &Summary, even: &Summary) -> Value {
    let mut object = near.to_json();
    object["nodes"] = json!(args.nodes);
    object["zones"] = json!(args.zones);
    object["bias_per_mille"] = json!(args.bias_per_mille);
    object["uniform"] = even.to_json();
    object
}

fn to_text(near: &Summary, even: &Summary) -> String {
    format!(
        "{:<12}{:>8}{:>9}{:>9}{:>10}{:>13}{:>13}{:>13}\n{}\n{}\n\n\
         crossing: bytes that leave a zone, in percent; of the update alone, what theory expects of it,\n\
         and of all that is sent in five seconds, probes and comparisons too, which are uniform",
        "choice",
        "reached",
        "half",
        "all",
        "payloads",
        "crossing",
        "in theory",
        "of all",
        near.row("own zone"),
        even.row("uniform"),
    )
}
