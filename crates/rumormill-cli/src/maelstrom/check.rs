//! A harness like Maelstrom's: it routes messages between nodes, loses some, cuts the network, and
//! compares what nodes read in the end with what they acknowledged.

mod cluster;
mod history;
mod network;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use serde_json::json;

use self::{cluster::Cluster, history::History, network::Network};
use super::Workload;
use crate::{
    fail,
    figures::{millis, parse_loss, percentile, round, to_f64},
    progress::Progress,
};

/// The longest that nodes may take to start.
const START_WITHIN: Duration = Duration::from_secs(30);

/// The longest that nodes may take to reply to the last read.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// How long each partition lasts, and each time without one.
const PARTITION: Duration = Duration::from_secs(2);

/// Run nodes through loss and partitions, and check what they read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What nodes are asked to do.
    #[arg(long, default_value = "broadcast")]
    workload: Workload,
    /// How many nodes.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    nodes: u32,
    /// Requests a second, by all clients together.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// How long clients ask, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Share of messages between nodes that get lost, from 0 to below 1.
    #[arg(long, default_value_t = 0.0, value_parser = parse_loss)]
    loss: f64,
    /// The longest that a message between nodes takes; the shortest is nothing.
    #[arg(long, default_value_t = 10)]
    latency_ms: u64,
    /// Leave the network whole, instead of cutting it in two every other two seconds.
    #[arg(long)]
    whole: bool,
    /// How long after the network heals nodes may take to agree, in seconds.
    #[arg(long, default_value_t = 10)]
    settle: u64,
    /// The node, in place of this binary; it must speak Maelstrom's protocol.
    #[arg(long)]
    bin: Option<PathBuf>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match Check::new(args).and_then(Check::go) {
        Ok(outcome) => outcome.report(args),
        Err(reason) => fail(reason),
    }
}

/// What came of it.
struct Outcome {
    history: History,
    messages_between_nodes: u64,
    lost_messages: u64,
}

struct Check<'a> {
    args: &'a Args,
    network: Network,
    history: History,
    progress: Progress,
}

impl<'a> Check<'a> {
    fn new(args: &'a Args) -> Result<Self, String> {
        let cluster = Cluster::start(args.bin.as_deref(), args.workload, args.nodes)
            .map_err(|reason| format!("nodes cannot be started: {reason}"))?;
        let latency = Duration::from_millis(args.latency_ms);
        let network = Network::new(cluster, args.loss, latency, args.seed);
        let history = History::new(args.workload);
        Ok(Self { args, network, history, progress: Progress::new() })
    }

    fn go(mut self) -> Result<Outcome, String> {
        self.network.init(START_WITHIN)?;
        self.ask()?;
        self.network.heal();
        self.progress.show("the network is whole, and nodes come to agree");
        let settled = Instant::now() + Duration::from_secs(self.args.settle);
        self.network.run_until(settled, |reply| self.history.take(reply))?;
        self.read_all()?;
        Ok(Outcome {
            messages_between_nodes: self.network.carried,
            lost_messages: self.network.lost,
            history: self.history,
        })
    }

    /// Lets clients ask random nodes while the network is cut and healed.
    fn ask(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        let end = begun + Duration::from_secs(self.args.seconds);
        let between = Duration::from_secs(1) / self.args.rate;
        let (mut next, mut is_cut) = (begun, false);
        while Instant::now() < end {
            let phase = begun.elapsed().as_millis() / PARTITION.as_millis();
            let cuts = !self.args.whole && phase % 2 == 1;
            if cuts && !is_cut {
                self.network.cut();
            } else if is_cut && !cuts {
                self.network.heal();
            }
            is_cut = cuts;
            let node = self.network.draw_node();
            let (id, body) = self.history.next_request(node, self.network.draw());
            self.network.ask(node, id, body)?;
            next += between;
            self.network.run_until(next, |reply| self.history.take(reply))?;
            let (asked, total) =
                (self.history.asked(), self.args.seconds * u64::from(self.args.rate));
            self.progress.show(&format!("{asked} of {total} requests"));
        }
        Ok(())
    }

    fn read_all(&mut self) -> Result<(), String> {
        for node in 0..self.args.nodes {
            let (id, body) = self.history.last_read(node);
            self.network.ask(node, id, body)?;
        }
        let end = Instant::now() + READ_WITHIN;
        while Instant::now() < end && !self.history.is_read_by_all(self.args.nodes) {
            let soon = Instant::now() + Duration::from_millis(20);
            self.network.run_until(soon, |reply| self.history.take(reply))?;
        }
        Ok(())
    }
}

impl Outcome {
    fn report(&self, args: &Args) -> ExitCode {
        let verdict = self.history.verdict(args.nodes);
        let held = verdict.holds();
        let per_operation =
            round(to_f64(self.messages_between_nodes) / to_f64(self.history.asked().max(1)));
        let quantile = |percent| percentile(self.history.latencies().map(millis), percent);
        let figures = json!({
            "workload": args.workload.name(),
            "nodes": args.nodes,
            "asked": self.history.asked(),
            "acknowledged": verdict.acknowledged,
            "refused": verdict.refused,
            "unanswered": verdict.unanswered,
            "lost": verdict.lost,
            "stale": verdict.stale,
            "invented": verdict.invented,
            "went_back": verdict.went_back,
            "nodes_read": verdict.nodes_read,
            "messages_per_operation": per_operation,
            "messages_lost": self.lost_messages,
            "latency_p50_ms": quantile(50),
            "latency_p99_ms": quantile(99),
            "loss": args.loss,
            "partitions": !args.whole,
            "held": held,
        });
        let mut out = io::stdout();
        let printed = if args.json {
            writeln!(out, "{figures}")
        } else {
            writeln!(out, "{}", verdict.to_text(per_operation))
        };
        if held && printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
