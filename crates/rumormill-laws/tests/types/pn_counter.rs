//! A counter that goes up and down.

use proptest::prelude::*;
use rumormill_crdt::{Column, PnCounter, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const COUNTER: Column<PnCounter> = Column::new(Space::STATS, "counter");

enum Counter {}

impl Columns for Counter {
    type Edit = i8;
    type Read = i128;

    fn edit(writer: &mut Writer<'_>, by: &i8) {
        COUNTER.add(writer, (*by).into()).expect("there is room");
    }

    fn read(table: &Table) -> i128 {
        COUNTER.read(table)
    }

    /// All increments less all decrements.
    fn specified(heard: &Heard<'_, i8>) -> i128 {
        heard.edits().map(|it| i128::from(*it.edit())).sum()
    }
}

alone!(
    Alone,
    PnCounter,
    Counter,
    |value, _, by| value.add((*by).into()).expect("there is room"),
    PnCounter::read
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Counter>(any::<i8>()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(any::<i8>()).deltas().eviction().sizes());
}
