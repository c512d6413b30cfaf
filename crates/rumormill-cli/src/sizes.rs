//! `rumormill sizes`: what each kind of write takes on the wire, and what of that is needed.

mod aim;
mod behind;
mod floor;
mod operation;
mod operations;
mod row;
mod stage;
mod table;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use self::{operations::operations, row::Row};
use crate::progress::Progress;

/// How many writers there are.
const WRITERS: [usize; 3] = [10, 100, 1_000];

const EXAMPLES: &str = "\
Examples:
  rumormill sizes
  rumormill sizes --json
  rumormill sizes --json > crates/rumormill-cli/tests/sizes.golden.json

What a write takes is what tells it to whoever has all before it: encoded, alone, an hour after the write
before. A datagram adds a frame of 9 bytes, the sender's 4 and 2 that say it is a rumor. The row that is written holds 1,000
other cells, so versions take two bytes; columns are called \"calls\", keys and elements have 16 bytes and
values 8. \"behind\" is all that two nodes say to each other until one that lacks so many of 1,000 keys has
them, where 1,000 rows of others are equal: as `rumormill reconcile` counts it, and the deltas.

Parts, which add up to the bytes:
  payload     values
  keys        keys of cells, their kinds and the names of columns in them included, and elements of sets
  versions    versions, floors and stamps; of two nodes, all messages that find out what differs
  ids         which rows, and who sent it
  framing     lengths, counts, marks, and the hash by which a row is known to be whole
  signatures  signatures of heads, where members sign

The floor is what no format can do without, by these rules: values byte by byte, and so keys and elements,
but for those that the row has already, which take the bits that tell one of 1,000 from the others; 2 bits
for a step of a version or a count, which is the entropy of 1, 2, 3, ... with chance 1/2, 1/4, 1/8, ...;
the bits to name one of n writers, or one of what else is chosen from, rounded up; 64 bytes for a signature.
Names of columns, stamps and hashes cost nothing there. Added up, and rounded up to whole bytes.

Exit code 0 if all parts added up, nothing was below its floor and all nodes came to hold the same. Whether an
aim is met is printed, and does not count.";

/// What each kind of write takes on the wire, beside what it needs.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print one JSON object, with a row on each line, instead of a table.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let progress = Progress::new();
    let rows = measured(&progress);
    drop(progress);
    let text = if args.json { row::to_json(&rows) } else { table::to_text(&rows) };
    let printed = writeln!(io::stdout(), "{text}");
    if printed.is_ok() && rows.iter().all(Row::holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn measured(progress: &Progress) -> Vec<Row> {
    let mut rows = Vec::new();
    for operation in operations() {
        progress.show(&format!("{} {}", operation.column, operation.name));
        for writers in WRITERS {
            rows.extend([false, true].map(|signed| operation.measure(writers, signed)));
        }
    }
    for changes in [1, 100] {
        progress.show(&format!("{changes} behind"));
        rows.extend(WRITERS.map(|writers| behind::measure(writers, changes)));
    }
    rows
}
