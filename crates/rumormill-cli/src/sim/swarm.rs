//! `rumormill sim swarm`: everything that can go wrong, drawn from many seeds.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    ops::Range,
    process::ExitCode,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

use rumormill_sim::swarm::{Errands, Outcome, Plan, Shrunk, Violation};
use serde_json::{Value, json};

use crate::{
    figures::{millis, percentile, round, to_f64},
    progress::Progress,
    thread_time::thread_time,
};

const EXAMPLES: &str = "\
Examples:
  rumormill sim swarm --seeds 0..100
  rumormill sim swarm --seeds 0..2000 --jobs 2 --json
  rumormill sim swarm --seeds 75..76

Each seed draws a population of 2 to 99 nodes, their configuration, what is written, and a subset of
all faults. After a storm of several minutes all is mended; then tables have to become equal, the
population has to come to rest, and one more crash has to be found out. Oracles look on all the
time; the first violation ends a seed's run, and the first of all seeds is shrunk.

faults counts datagrams for faults of the network, and occurrences for all others. hash is over
every datagram of every seed: the same seeds print the same, whatever --jobs is. Only
node_hours_per_cpu_s is measured by the processor's time.

Exit code 0 if nothing was found, every kind of fault occurred, and what ran twice did the same.";

/// Everything that can go wrong, drawn from many seeds, and judged.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Which seeds run, the last one excluded.
    #[arg(long, default_value = "0..100", value_parser = parse_seeds)]
    seeds: Range<u64>,
    /// How many run at a time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..))]
    jobs: u8,
    /// Of so many seeds one runs twice, and both runs must be the same; 0 for none.
    #[arg(long, default_value_t = 100)]
    twice_in: u64,
    /// The most runs that shrinking the first failure may take.
    #[arg(long, default_value_t = 60)]
    shrink_tries: u32,
    /// Go on after the first failure.
    #[arg(long)]
    keep_going: bool,
    /// Have all populations sign that can, and up to a fifth of their members lie.
    #[arg(long)]
    liars: bool,
    /// Leave out populations of more nodes in the beginning.
    #[arg(long)]
    nodes_max: Option<u32>,
    /// Begin no seed once so many seconds of the processor's time were spent.
    #[arg(long)]
    cpu_s_max: Option<u32>,
    /// Print what nodes met, and fail if an event that can meet a state did so fewer times, or a reason
    /// to refuse rows was given fewer times.
    #[arg(long, value_name = "TIMES")]
    covered: Option<u64>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    // Panics are violations, and are told with their seed.
    std::panic::set_hook(Box::new(|_| {}));
    let summary = Summary::of(&run_all(args), args);
    if let Some((seed, _, violation)) = summary.failures.first() {
        explain(args, *seed, violation);
    }
    let printed = if args.json {
        writeln!(io::stdout(), "{}", summary.to_json())
    } else {
        writeln!(io::stdout(), "{}", summary.to_text())
    };
    if printed.is_ok() && summary.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A seed, what came of it, what it took, and whether it did the same again if it ran twice.
struct Ran {
    seed: u64,
    outcome: Outcome,
    spent: Duration,
    is_same_again: Option<bool>,
}

fn run_all(args: &Args) -> Vec<Ran> {
    let progress = Progress::new();
    let (next, stop) = (AtomicU64::new(args.seeds.start), AtomicBool::new(false));
    let (results, ran) = channel();
    let mut all = thread::scope(|scope| {
        for _ in 0..args.jobs {
            let (next, stop, results) = (&next, &stop, results.clone());
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !args.seeds.contains(&seed) {
                        break;
                    }
                    let plan = args.plan(seed);
                    let is_meant = args.nodes_max.is_none_or(|most| plan.nodes <= most)
                        && (!args.liars || plan.is_signed);
                    if !is_meant {
                        continue;
                    }
                    let one = run_one(args, seed, &plan);
                    let is_over = one.outcome.violation.is_some() && !args.keep_going;
                    stop.fetch_or(is_over, Ordering::Relaxed);
                    if results.send(one).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        let mut all: Vec<Ran> = Vec::new();
        let mut spent = Duration::ZERO;
        for one in ran {
            spent += one.spent;
            let is_late = args.cpu_s_max.is_some_and(|most| spent.as_secs() >= u64::from(most));
            stop.fetch_or(is_late, Ordering::Relaxed);
            if let Some(violation) = &one.outcome.violation {
                let _ = writeln!(io::stderr(), "seed {}: {violation}", one.seed);
            }
            all.push(one);
            progress.show(&format!("{} of {} seeds", all.len(), args.seeds.clone().count()));
        }
        all
    });
    all.sort_by_key(|it| it.seed);
    all
}

fn run_one(args: &Args, seed: u64, plan: &Plan) -> Ran {
    let begun = thread_time();
    let outcome = plan.run::<Errands>();
    let spent = thread_time().saturating_sub(begun);
    let is_twice = seed.checked_rem(args.twice_in) == Some(0);
    let is_same_again = is_twice.then(|| plan.run::<Errands>() == outcome);
    Ran { seed, outcome, spent, is_same_again }
}

/// Says on standard error what went wrong, cut down to what matters.
fn explain(args: &Args, seed: u64, violation: &Violation) {
    let tries = args.shrink_tries;
    let mut told = format!("first of all, seed {seed}\nrun it again: {}\n", args.command(seed));
    if tries > 0 {
        let Shrunk { plan, outcome, tries } = args.plan(seed).shrink::<Errands>(violation, tries);
        let what = outcome.violation.map_or_else(String::new, |it| it.to_string());
        told += &format!(
            "after {tries} runs this is left of it, with {} nodes: {what}\n{}\nand this is how it \
             ended:\n{}",
            plan.nodes, plan.schedule, outcome.trace
        );
    }
    let _ = writeln!(io::stderr(), "{told}");
}

impl Args {
    fn plan(&self, seed: u64) -> Plan {
        if self.liars { Plan::draw_among_liars(seed) } else { Plan::draw(seed) }
    }

    /// What runs a seed again.
    fn command(&self, seed: u64) -> String {
        let liars = if self.liars { " --liars" } else { "" };
        format!("rumormill sim swarm --seeds {seed}..{}{liars}", seed + 1)
    }
}

/// What all seeds came to.
struct Summary {
    seeds: usize,
    violations: usize,
    node_time: Duration,
    spent: Duration,
    datagrams: u64,
    edits: u64,
    hash: u64,
    ran_twice: usize,
    differed: Vec<u64>,
    faults: BTreeMap<&'static str, u64>,
    covered: BTreeMap<String, u64>,
    covered_min: Option<u64>,
    agreed: Vec<Duration>,
    detected: Vec<Duration>,
    /// Each with the command that runs it again.
    failures: Vec<(u64, String, Violation)>,
}

impl Summary {
    fn of(all: &[Ran], args: &Args) -> Self {
        let mut faults: BTreeMap<_, _> = Plan::kinds().into_iter().map(|kind| (kind, 0)).collect();
        for (kind, count) in all.iter().flat_map(|it| &it.outcome.faults) {
            *faults.entry(*kind).or_insert(0) += count;
        }
        let mut covered = BTreeMap::new();
        for (what, count) in all.iter().flat_map(|it| &it.outcome.covered) {
            *covered.entry(what.clone()).or_insert(0) += count;
        }
        let sum = |figure: fn(&Ran) -> u64| all.iter().map(figure).sum();
        let differed = all.iter().filter(|it| it.is_same_again == Some(false));
        let failure =
            |it: &Ran| Some((it.seed, args.command(it.seed), it.outcome.violation.clone()?));
        Self {
            seeds: all.len(),
            violations: all.iter().filter(|it| it.outcome.violation.is_some()).count(),
            node_time: all.iter().map(|it| it.outcome.node_time).sum(),
            spent: all.iter().map(|it| it.spent).sum(),
            datagrams: sum(|it| it.outcome.datagrams),
            edits: sum(|it| it.outcome.edits),
            hash: all.iter().fold(0, |hash, it| hash.rotate_left(7) ^ it.outcome.hash),
            ran_twice: all.iter().filter(|it| it.is_same_again.is_some()).count(),
            differed: differed.map(|it| it.seed).collect(),
            faults,
            covered,
            covered_min: args.covered,
            agreed: all.iter().filter_map(|it| it.outcome.agreed_after).collect(),
            detected: all.iter().filter_map(|it| it.outcome.detected_after).collect(),
            failures: all.iter().filter_map(failure).collect(),
        }
    }

    /// Few seeds need not meet every fault.
    fn holds(&self) -> bool {
        let is_complete = self.seeds < 100 || self.faults.values().all(|count| *count > 0);
        let is_covered = self.rarely_met().next().is_none();
        self.violations == 0 && self.differed.is_empty() && is_complete && is_covered
    }

    /// What was met fewer times than was asked for.
    fn rarely_met(&self) -> impl Iterator<Item = &str> {
        let least = self.covered_min.unwrap_or(0);
        let owed = self.covered.iter().filter(|(what, _)| is_owed(what));
        owed.filter(move |(_, met)| **met < least).map(|(what, _)| what.as_str())
    }

    fn node_hours(&self) -> f64 {
        self.node_time.as_secs_f64() / 3_600.0
    }

    fn node_hours_per_cpu_s(&self) -> f64 {
        self.node_hours() / self.spent.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn to_json(&self) -> Value {
        let of =
            |spans: &[Duration], percent| percentile(spans.iter().copied(), percent).map(millis);
        let failure = |(seed, command, violation): &(u64, String, Violation)| {
            json!({
                "seed": seed,
                "command": command,
                "oracle": violation.oracle,
                "what": violation.what,
            })
        };
        json!({
            "seeds": self.seeds,
            "violations": self.violations,
            "node_hours": round(self.node_hours()),
            "node_hours_per_cpu_s": round(self.node_hours_per_cpu_s()),
            "cpu_s": round(self.spent.as_secs_f64()),
            "messages": self.datagrams,
            "edits": self.edits,
            "faults": self.faults,
            "covered": self.covered,
            "rarely_met": self.rarely_met().collect::<Vec<_>>(),
            "agreed_after_ms_p50": of(&self.agreed, 50),
            "agreed_after_ms_p99": of(&self.agreed, 99),
            "agreed_after_ms_max": of(&self.agreed, 100),
            "detected_after_ms_p50": of(&self.detected, 50),
            "detected_after_ms_p99": of(&self.detected, 99),
            "detected_after_ms_max": of(&self.detected, 100),
            "hash": format!("{:016x}", self.hash),
            "ran_twice": self.ran_twice,
            "differed": self.differed,
            "first_failure": self.failures.first().map(failure),
            "failures": self.failures.iter().map(failure).collect::<Vec<_>>(),
        })
    }

    fn to_text(&self) -> String {
        let figure = |(kind, count): (&&str, &u64)| format!("  {kind:<20} {count:>12}\n");
        let faults: String = self.faults.iter().map(figure).collect();
        let met = self.covered_min.map_or_else(String::new, |least| self.table_of_the_met(least));
        let span = |spans: &[Duration], percent| {
            let span = percentile(spans.iter().copied(), percent);
            span.map_or("-".to_owned(), |span| format!("{:.1} s", span.as_secs_f64()))
        };
        format!(
            "{} seeds, {} violations\n\
             node-hours             {:.1}, {:.1} per second of processor time\n\
             datagrams              {}, {:.0} a node-hour\n\
             edits                  {}\n\
             equal after            {} (median), {} (longest)\n\
             crashes known after    {} (median), {} (longest)\n\
             run twice              {}, of which {} differed\n\
             hash                   {:016x}\n\
             faults\n{}{met}",
            self.seeds,
            self.violations,
            self.node_hours(),
            self.node_hours_per_cpu_s(),
            self.datagrams,
            to_f64(self.datagrams) / self.node_hours().max(f64::MIN_POSITIVE),
            self.edits,
            span(&self.agreed, 50),
            span(&self.agreed, 100),
            span(&self.detected, 50),
            span(&self.detected, 100),
            self.ran_twice,
            self.differed.len(),
            self.hash,
            faults.trim_end(),
        )
    }

    fn table_of_the_met(&self, least: u64) -> String {
        let line = |(what, met): (&String, &u64)| {
            let mark = if *met < least && is_owed(what) { "  too rarely" } else { "" };
            format!("  {met:>12}  {what}{mark}\n")
        };
        let lines: String = self.covered.iter().map(line).collect();
        let rarely = self.rarely_met().count();
        let owed = self.covered.keys().filter(|what| is_owed(what)).count();
        format!("\nmet, {rarely} of {owed} fewer than {least} times\n{lines}")
    }
}

/// Whether something has to be met: an event in a state, or a refusal. The rest is there to be read.
fn is_owed(what: &str) -> bool {
    let is_pair = what.matches(": ").count() == 2 && !what.starts_with("impossible: ");
    is_pair || what.starts_with("delta refused: ")
}

fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let seeds = text.split_once("..").and_then(|(start, end)| {
        let (start, end) = (start.parse().ok()?, end.parse().ok()?);
        Some(start..end).filter(|seeds: &Range<u64>| !seeds.is_empty())
    });
    seeds.ok_or_else(|| "a range such as 0..100 is expected".to_owned())
}
