//! A counter that goes up and down.

use proptest::prelude::*;
use rumormill_crdt::{Column, PnCounter, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of_rows};

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

    fn specified(heard: &Heard<'_, i8>) -> i128 {
        heard.edits().map(|it| i128::from(*it.edit())).sum()
    }
}

#[test]
fn as_a_column() {
    println!("{}", laws_of_rows::<Counter>(any::<i8>()).check());
}
