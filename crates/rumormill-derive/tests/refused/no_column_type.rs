use std::collections::{BTreeMap, BTreeSet};

use rumormill_crdt::PnCounter;
use rumormill_derive::Columns;

#[derive(Columns)]
struct Number {
    calls: PnCounter,
    load: u32,
}

#[derive(Columns)]
struct Text {
    name: std::string::String,
}

#[derive(Columns)]
struct Set {
    skills: BTreeSet<String>,
}

#[derive(Columns)]
struct Table {
    loads: BTreeMap<String, u8>,
}

#[derive(Columns)]
struct List {
    events: Vec<String>,
}

#[derive(Columns)]
struct Pair {
    place: (u8, u8),
}

fn main() {}
