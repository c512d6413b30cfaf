//! A register in which the last write wins.

use proptest::prelude::*;
use rumormill_crdt::{Column, LwwRegister, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const REGISTER: Column<LwwRegister<u8>> = Column::new(Space::SHARED, "register");

enum Register {}

impl Columns for Register {
    /// A value, or nothing: a clear.
    type Edit = Option<u8>;
    type Read = Option<u8>;

    fn edit(writer: &mut Writer<'_>, value: &Option<u8>) {
        match value {
            Some(value) => REGISTER.set(writer, value).expect("there is room"),
            None => REGISTER.clear(writer).expect("there is room"),
        }
    }

    fn read(table: &Table) -> Option<u8> {
        REGISTER.read(table)
    }

    /// The greatest (stamp, life) wins.
    fn specified(heard: &Heard<'_, Option<u8>>) -> Option<u8> {
        *heard.edits().max_by_key(|it| (it.stamp(), it.author()))?.edit()
    }
}

alone!(
    Alone,
    LwwRegister<u8>,
    Register,
    |value, wall, edit| match edit {
        Some(it) => value.set(wall, it).expect("there is room"),
        None => value.clear(wall).expect("there is room"),
    },
    LwwRegister::read
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Register>(any::<Option<u8>>()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(any::<Option<u8>>()).deltas().eviction().sizes());
}
