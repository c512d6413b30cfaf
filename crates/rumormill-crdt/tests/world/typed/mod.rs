//! The types that have histories of their own, one column each: what users do with them and what
//! is read from them.

use proptest::prelude::*;
use rumormill_crdt::{Column, GCounter, Space, Table, Timestamp, Writer};

pub(crate) mod specification;

const G_COUNTER: Column<GCounter> = Column::new(Space::SHARED, "up");

/// Which type a history is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type {
    GCounter,
}

/// What a user does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    CountUp(u8),
}

/// What a user did.
#[derive(Clone, Debug)]
pub(crate) enum What {
    CountUp(u64),
}

/// What a replica can read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reads {
    up: u128,
}

/// Edits of the column of one type.
pub(crate) fn edits(of: Type) -> BoxedStrategy<Edit> {
    match of {
        Type::GCounter => any::<u8>().prop_map(Edit::CountUp).boxed(),
    }
}

/// Makes an edit. `stamp` is the timestamp that it will take, `heard` are the edits heard of.
pub(crate) fn make(
    writer: &mut Writer<'_>,
    edit: Edit,
    _stamp: Timestamp,
    _heard: &[&super::specification::Edit],
) -> What {
    match edit {
        Edit::CountUp(by) => {
            G_COUNTER.add(writer, by.into()).expect("the counter has room");
            What::CountUp(by.into())
        }
    }
}

/// Everything that the types read from a table.
pub(crate) fn reads(table: &Table) -> Reads {
    Reads { up: G_COUNTER.read(table) }
}
