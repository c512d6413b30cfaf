use rumormill_crdt::{OrSet, PnCounter};
use rumormill_derive::Columns;

#[derive(Columns)]
struct Same {
    calls: PnCounter,
    #[columns(name = "calls")]
    skills: OrSet<String>,
}

#[derive(Columns)]
#[columns(space = 2)]
struct SameSpace {
    calls: PnCounter,
    #[columns(name = "calls", space = "stats")]
    more: PnCounter,
}

#[derive(Columns)]
struct Long {
    #[columns(name = "a name of sixty-five bytes, which is one more than are allowed in")]
    calls: PnCounter,
}

#[derive(Columns)]
#[columns(prefix = "a prefix of sixty bytes, which leaves room for three and dot")]
struct LongTogether {
    calls: PnCounter,
}

#[derive(Columns)]
struct Empty {
    #[columns(name = "")]
    calls: PnCounter,
}

fn main() {}
