//! A register that keeps concurrent values.

use proptest::prelude::*;
use rumormill_crdt::{Column, MvRegister, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const REGISTER: Column<MvRegister<u8>> = Column::new(Space::SHARED, "values");

enum Register {}

impl Columns for Register {
    /// A value, or nothing: a clear.
    type Edit = Option<u8>;
    /// Standing values, by the lives that wrote them.
    type Read = Vec<u8>;

    fn edit(writer: &mut Writer<'_>, value: &Option<u8>) {
        match value {
            Some(value) => REGISTER.set(writer, value).expect("there is room"),
            None => REGISTER.clear(writer).expect("there is room"),
        }
    }

    fn read(table: &Table) -> Vec<u8> {
        REGISTER.read(table)
    }

    /// The values of all edits that no other comes after.
    fn specified(heard: &Heard<'_, Option<u8>>) -> Vec<u8> {
        let stands = heard.edits().filter(|it| !heard.edits().any(|later| later.follows(it)));
        stands.filter_map(|it| *it.edit()).collect()
    }
}

alone!(
    Alone,
    MvRegister<u8>,
    Register,
    |value, _, edit| match edit {
        Some(it) => value.set(it).expect("there is room"),
        None => value.clear().expect("there is room"),
    },
    MvRegister::read
);

fn edits() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![5 => (0..9u8).prop_map(Some), 1 => Just(None)]
}

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Register>(edits()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes());
}
