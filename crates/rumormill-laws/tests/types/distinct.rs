//! How many different elements there are.

use std::collections::BTreeSet;

use rumormill_crdt::{Column, Distinct, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const DISTINCT: Column<Distinct<u8>> = Column::new(Space::SHARED, "distinct");

enum Elements {}

impl Columns for Elements {
    /// An element is inserted.
    type Edit = u8;
    type Read = u64;

    fn edit(writer: &mut Writer<'_>, element: &u8) {
        DISTINCT.insert(writer, element).expect("there is room");
    }

    fn read(table: &Table) -> u64 {
        DISTINCT.read(table)
    }

    /// Exact, for as few elements as these: no two of them share a register.
    fn specified(heard: &Heard<'_, u8>) -> u64 {
        heard.edits().map(|it| *it.edit()).collect::<BTreeSet<_>>().len() as u64
    }
}

alone!(
    Alone,
    Distinct<u8>,
    Elements,
    |value, _, element| value.insert(element).expect("there is room"),
    Distinct::read
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Elements>(0..30u8));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(0..30u8).deltas().eviction().sizes());
}
