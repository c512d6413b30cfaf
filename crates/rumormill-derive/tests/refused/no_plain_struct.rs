use rumormill_crdt::PnCounter;
use rumormill_derive::Columns;

#[derive(Columns)]
enum Choice {
    Calls(PnCounter),
}

#[derive(Columns)]
struct Pair(PnCounter, PnCounter);

#[derive(Columns)]
struct Nothing;

#[derive(Columns)]
struct Of<T> {
    calls: T,
}

fn main() {}
