use rumormill_crdt::PnCounter;
use rumormill_derive::Columns;

#[derive(Columns)]
#[columns(spaces = "shared")]
struct Misspelt {
    calls: PnCounter,
}

#[derive(Columns)]
struct OfAField {
    #[columns(rename = "count")]
    calls: PnCounter,
}

#[derive(Columns)]
#[columns(space = "elsewhere")]
struct NoSpace {
    calls: PnCounter,
}

#[derive(Columns)]
#[columns(space = 256)]
struct TooManySpaces {
    calls: PnCounter,
}

fn main() {}
