//! `rumormill sim churn`: what remains of a time in which nodes came and went.

use std::{process::ExitCode, time::Duration};

use rumormill_sim::{Churn, ChurnReport};
use serde_json::{Value, json};

use super::runs::{Runs, greatest_of_all, median_of, median_of_all, most_of};
use crate::figures::{millis, millis_or, parse_loss, round};

const EXAMPLES: &str = "\
Examples:
  rumormill sim churn --nodes 100 --minutes 2
  rumormill sim churn --nodes 500 --per-minute-pct 5 --minutes 30 --loss 0.1 --json

At even intervals a random node goes for good, and a new one joins by another. Half of those that go
crash, the others leave and stop when they have said so. After the last:
equal_after_ms is when all tables were equal; false_deaths counts nodes that run and are taken for
dead by anybody after 10 seconds; resurrected counts nodes that went and are taken for alive by
anybody after 80 seconds. memory_back_to_floor says whether by then everybody has exactly the others
that run to gossip with, nothing waits to be sent, and traffic over the last 20 seconds is at most
1.25 times that of a fresh population of as many nodes; rows of nodes that went are kept for a day,
and do not count. With several seeds, the time and traffic are medians, and counts are the most of
any. Times are virtual. The same arguments and seed print the same bytes.

Exit code 0 if with every seed all tables were equal within 10 seconds, nobody was taken for dead
who ran or for alive who had gone, and memory was back to its floor.";

/// The longest that tables may differ after the last node came.
const EQUAL_AFTER_MAX: Duration = Duration::from_secs(10);

/// What remains of a time in which nodes came and went.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Population.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    nodes: u32,
    /// Nodes of a hundred that are replaced in a minute.
    #[arg(long, default_value_t = 5.0, value_parser = parse_per_minute_pct)]
    per_minute_pct: f64,
    /// How long nodes come and go, in minutes.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    minutes: u32,
    /// Share of datagrams that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.1, value_parser = parse_loss)]
    loss: f64,
    #[command(flatten)]
    runs: Runs,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let churn = args.churn();
    let summary = Summary::of(&args.runs.each(|seed| churn.run(seed)));
    args.runs.finish(summary.to_json(args), &summary.to_text(args), summary.holds())
}

impl Args {
    fn churn(&self) -> Churn {
        Churn {
            nodes: self.nodes as usize,
            share_per_minute: self.per_minute_pct / 100.0,
            span: Duration::from_secs(60 * u64::from(self.minutes)),
            loss: self.loss,
        }
    }
}

/// What all runs together came to.
struct Summary {
    crashed: u64,
    left: u64,
    equal_after: Option<Duration>,
    equal_after_max: Option<Duration>,
    false_deaths: usize,
    false_death_events: u64,
    resurrected: usize,
    memory_back_to_floor: bool,
    bytes_per_s_per_node: f64,
    floor_bytes_per_s_per_node: f64,
    rows_per_node: f64,
}

impl Summary {
    fn of(reports: &[ChurnReport]) -> Self {
        Self {
            crashed: most_of(reports, |report| report.crashed),
            left: most_of(reports, |report| report.left),
            equal_after: median_of_all(reports, |report| report.equal_after),
            equal_after_max: greatest_of_all(reports, |report| report.equal_after),
            false_deaths: most_of(reports, |report| report.false_deaths),
            false_death_events: most_of(reports, |report| report.false_death_events),
            resurrected: most_of(reports, |report| report.resurrected),
            memory_back_to_floor: reports.iter().all(ChurnReport::is_back_to_floor),
            bytes_per_s_per_node: median_of(reports, |report| report.bytes_per_s_per_node),
            floor_bytes_per_s_per_node: median_of(reports, |report| {
                report.floor_bytes_per_s_per_node
            }),
            rows_per_node: median_of(reports, |report| report.rows_per_node),
        }
    }

    fn holds(&self) -> bool {
        self.equal_after_max.is_some_and(|span| span <= EQUAL_AFTER_MAX)
            && self.false_deaths == 0
            && self.resurrected == 0
            && self.memory_back_to_floor
    }

    fn to_json(&self, args: &Args) -> Value {
        json!({
            "nodes": args.nodes,
            "equal_after_ms": self.equal_after.map(millis),
            "equal_after_ms_max": self.equal_after_max.map(millis),
            "false_deaths": self.false_deaths,
            "false_death_events": self.false_death_events,
            "resurrected": self.resurrected,
            "memory_back_to_floor": self.memory_back_to_floor,
            "bytes_per_s_per_node": round(self.bytes_per_s_per_node),
            "floor_bytes_per_s_per_node": round(self.floor_bytes_per_s_per_node),
            "rows_per_node": round(self.rows_per_node),
            "crashed": self.crashed,
            "left": self.left,
            "per_minute_pct": args.per_minute_pct,
            "minutes": args.minutes,
            "loss": args.loss,
        })
    }

    fn to_text(&self, args: &Args) -> String {
        let after = |span| millis_or("not in 60 s", span);
        format!(
            "{} nodes, loss {}; in {} min {} crashed, {} left, and as many joined\n\
             all tables equal after     {} (slowest seed {})\n\
             taken for dead, but runs   {} (for a while: {} times)\n\
             taken for alive, but gone  {}\n\
             bytes per second and node  {:.1} (fresh population {:.1})\n\
             rows per node              {:.1}\n\
             memory back to its floor   {}",
            args.nodes,
            args.loss,
            args.minutes,
            self.crashed,
            self.left,
            after(self.equal_after),
            after(self.equal_after_max),
            self.false_deaths,
            self.false_death_events,
            self.resurrected,
            self.bytes_per_s_per_node,
            self.floor_bytes_per_s_per_node,
            self.rows_per_node,
            if self.memory_back_to_floor { "yes" } else { "no" },
        )
    }
}

pub(super) fn parse_per_minute_pct(text: &str) -> Result<f64, String> {
    let pct: f64 = text.parse().map_err(|_| "a number such as 2.5 is expected".to_owned())?;
    if (0.0..=100.0).contains(&pct) {
        Ok(pct)
    } else {
        Err("of a hundred nodes, at least 0 and at most 100 are replaced in a minute".to_owned())
    }
}
