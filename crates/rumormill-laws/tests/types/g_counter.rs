//! A counter that only goes up.

use proptest::prelude::*;
use rumormill_crdt::{Column, GCounter, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const COUNTER: Column<GCounter> = Column::new(Space::SHARED, "up");

enum Counter {}

impl Columns for Counter {
    type Edit = u8;
    type Read = u128;

    fn edit(writer: &mut Writer<'_>, by: &u8) {
        COUNTER.add(writer, (*by).into()).expect("there is room");
    }

    fn read(table: &Table) -> u128 {
        COUNTER.read(table)
    }

    /// The sum of all increments.
    fn specified(heard: &Heard<'_, u8>) -> u128 {
        heard.edits().map(|it| u128::from(*it.edit())).sum()
    }
}

alone!(
    Alone,
    GCounter,
    Counter,
    |value, _, by| value.add((*by).into()).expect("there is room"),
    GCounter::read
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Counter>(any::<u8>()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(any::<u8>()).deltas().eviction().sizes());
}
