//! What is allocated, and what a process grows by.

use std::{env, fs, hint, process::Command};

use crate::{
    peer::{Outcome, Peer},
    work::Work,
};

/// The argument that has the program measure the growth of its own process.
pub(crate) const CHILD: &str = "--grow";

/// The size of a page on the machines this is for.
const PAGE_LEN: u64 = 4_096;

/// Bytes an entry that stay allocated, and that a process of its own grows by.
pub(crate) fn per_entry(peer: &dyn Peer, keys: usize) -> Outcome {
    let mut held = None;
    let allocated = allocation_counter::measure(|| held = Some(peer.hold(keys)));
    drop(held.expect("it was just made")?);
    let grown = grown_by(peer.name(), Work::Memory { keys });
    Ok(vec![allocated.bytes_current as f64 / keys as f64, grown / keys as f64])
}

/// Prints by how much the process grows that holds so many keys and does nothing else.
pub(crate) fn print_growth(peer: &dyn Peer, keys: usize) {
    let before = resident();
    let held = hint::black_box(peer.hold(keys));
    println!("{}", resident() - before);
    drop(held);
}

fn grown_by(peer: &str, work: Work) -> f64 {
    let program = env::current_exe().expect("the program has a path");
    let output = Command::new(program).args([CHILD, peer, &work.name()]).output();
    let output = output.expect("the program can be started");
    let text = String::from_utf8(output.stdout).expect("a number");
    text.trim().parse().expect("a number of bytes")
}

fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("this needs Linux");
    let pages = statm.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok());
    pages.expect("the second number is that of resident pages") * PAGE_LEN
}
