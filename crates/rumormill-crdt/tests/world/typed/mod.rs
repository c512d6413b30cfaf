//! The types that have histories of their own, one column each: what users do with them and what
//! is read from them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rumormill_crdt::{Column, GCounter, Map, MvRegister, Space, Table, Timestamp, Writer};

use super::specification::Dot;

pub(crate) mod specification;

const G_COUNTER: Column<GCounter> = Column::new(Space::SHARED, "up");
const MAP: Column<Map<u8, u8>> = Column::new(Space::SHARED, "map");
const MV_REGISTER: Column<MvRegister<u8>> = Column::new(Space::SHARED, "values");

/// Which type a history is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type {
    GCounter,
    Map,
    MvRegister,
}

/// What a user does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    CountUp(u8),
    Put { key: u8, value: u8 },
    TakeAway { key: u8 },
    Write(Option<u8>),
}

/// What a user did.
#[derive(Clone, Debug)]
pub(crate) enum What {
    CountUp(u64),
    /// Puts a value under a key, or takes it away.
    Put(Timestamp, u8, Option<u8>),
    /// Writes a value, or clears, having heard of these writes.
    Write(Option<u8>, BTreeSet<Dot>),
    /// Does nothing, since there was nothing to do it to.
    Nothing,
}

/// What a replica can read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reads {
    up: u128,
    map: BTreeMap<u8, u8>,
    values: Vec<u8>,
}

/// Edits of the column of one type.
pub(crate) fn edits(of: Type) -> BoxedStrategy<Edit> {
    match of {
        Type::GCounter => any::<u8>().prop_map(Edit::CountUp).boxed(),
        Type::Map => prop_oneof![
            3 => (0..3u8, 0..9u8).prop_map(|(key, value)| Edit::Put { key, value }),
            2 => (0..3u8).prop_map(|key| Edit::TakeAway { key }),
        ]
        .boxed(),
        Type::MvRegister => prop_oneof![
            5 => (0..9u8).prop_map(|value| Edit::Write(Some(value))),
            1 => Just(Edit::Write(None)),
        ]
        .boxed(),
    }
}

/// Makes an edit. `stamp` is the timestamp that it will take, `heard` are the edits heard of.
pub(crate) fn make(
    writer: &mut Writer<'_>,
    edit: Edit,
    stamp: Timestamp,
    heard: &[&super::specification::Edit],
) -> What {
    match edit {
        Edit::CountUp(by) => {
            G_COUNTER.add(writer, by.into()).expect("the counter has room");
            What::CountUp(by.into())
        }
        Edit::Put { key, value } => {
            MAP.insert(writer, &key, &value).expect("two bytes fit");
            What::Put(stamp, key, Some(value))
        }
        Edit::TakeAway { key } => {
            let was_there = MAP.remove(writer, &key).expect("the row has room");
            let there = specification::map(heard).contains_key(&key);
            assert_eq!(was_there, there, "a remove says whether it was there");
            if there { What::Put(stamp, key, None) } else { What::Nothing }
        }
        Edit::Write(value) => {
            match value {
                Some(value) => MV_REGISTER.set(writer, &value).expect("a byte fits"),
                None => MV_REGISTER.clear(writer).expect("nothing fits"),
            }
            What::Write(value, specification::writes(heard))
        }
    }
}

/// Everything that the types read from a table.
pub(crate) fn reads(table: &Table) -> Reads {
    let map = MAP.read(table);
    let found = (0..4).filter_map(|key| Some((key, MAP.get(table, &key)?)));
    assert_eq!(map, found.collect(), "`get` and `read` are one rule");
    Reads { up: G_COUNTER.read(table), map, values: MV_REGISTER.read(table) }
}
