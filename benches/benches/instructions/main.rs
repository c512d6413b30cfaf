//! Instruction counts of the hot paths, by valgrind: the same on a busy machine as on an idle one.
//!
//! Where valgrind or gungraun-runner is missing nothing is counted, and it says so;
//! `docs/performance.md` has the command.

mod counts;

mod columns;
mod node;
mod sketch;
mod table;

use std::{
    env,
    process::{Command, Stdio},
};

fn main() {
    // Valgrind starts no valgrind: what it runs does not look for it again.
    let is_counted = env::args().any(|argument| argument == "--gungraun-run");
    let mut needed = ["valgrind", "gungraun-runner"].into_iter();
    match needed.find(|program| !is_counted && !is_there(program)) {
        Some(program) => eprintln!("no instructions are counted: there is no {program}"),
        None => counts::count(),
    }
}

fn is_there(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}
