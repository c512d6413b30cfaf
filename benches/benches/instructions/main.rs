//! Instruction counts of the hot paths, by valgrind: the same on a busy machine as on an idle one.
//!
//! Where valgrind or gungraun-runner is missing nothing is counted, and it says so;
//! `docs/performance.md` has the command.

mod counts;

mod columns;
mod node;
mod sketch;
mod table;

use std::process::{Command, Stdio};

fn main() {
    let missing = ["valgrind", "gungraun-runner"].into_iter().find(|program| !is_there(program));
    match missing {
        Some(program) => eprintln!("no instructions are counted: there is no {program}"),
        None => counts::count(),
    }
}

fn is_there(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}
