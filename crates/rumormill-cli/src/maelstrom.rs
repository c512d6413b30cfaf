//! `rumormill maelstrom`: a node for Jepsen's Maelstrom, and a small harness of its kind.
//!
//! Messages are those of jepsen-io/maelstrom, `doc/protocol.md` and `doc/workloads.md`.

mod check;
mod node;
mod service;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::{Value, json};

pub(crate) use self::service::Workload;

const EXAMPLES: &str = "\
Examples:
  maelstrom test -w broadcast --bin rumormill --node-count 25 --nemesis partition -- maelstrom
  maelstrom test -w g-set --bin rumormill -- maelstrom --workload g-set
  rumormill maelstrom check --workload pn-counter --nodes 25 --loss 0.2 --json

Without a subcommand this is one node: it takes messages line by line on standard input and sends its
own on standard output, as Maelstrom's protocol asks. It serves broadcast, g-set, g-counter and
pn-counter, and finds out which it is from the requests; a read that comes before it knows is
refused for the moment, unless --workload says.

check starts nodes of this binary, or of another with --bin, loses messages between them, cuts the
network in two again and again, heals it, and compares what every node reads with what was
acknowledged.";

/// Be a node for Jepsen's Maelstrom, or check nodes as it would.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// What the node serves, if requests are not to say.
    #[arg(long)]
    workload: Option<Workload>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run nodes through loss and partitions, and check what they read.
    Check(check::Args),
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match &args.command {
        Some(Command::Check(args)) => check::run(args),
        None => match node::run(args.workload) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => crate::fail(reason),
        },
    }
}

/// A message between nodes and clients.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) src: String,
    pub(crate) dest: String,
    pub(crate) body: Value,
}

impl Message {
    /// Reads a line; nothing if it is no message.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut message: Value = serde_json::from_str(line).ok()?;
        let text = |field: &Value| Some(field.as_str()?.to_owned());
        let (src, dest) = (text(&message["src"])?, text(&message["dest"])?);
        Some(Self { src, dest, body: message["body"].take() })
    }

    /// What kind of message it is.
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", json!({ "src": self.src, "dest": self.dest, "body": self.body }))?;
        out.flush()
    }
}
