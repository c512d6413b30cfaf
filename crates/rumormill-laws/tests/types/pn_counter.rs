//! A counter that goes up and down.

use proptest::prelude::*;
use rumormill_crdt::{Column, PnCounter, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const COUNTER: Column<PnCounter> = Column::new(Space::STATS, "counter");

enum Counter {}

#[derive(Clone, Debug)]
enum Edit {
    Add(i8),
    Reset,
}

impl Columns for Counter {
    type Edit = Edit;
    type Read = i128;

    fn edit(writer: &mut Writer<'_>, edit: &Edit) {
        let edited = match edit {
            Edit::Add(by) => COUNTER.add(writer, (*by).into()),
            Edit::Reset => COUNTER.reset(writer),
        };
        edited.expect("there is room");
    }

    fn read(table: &Table) -> i128 {
        COUNTER.read(table)
    }

    /// All increments less all decrements, of those that no reset had heard of.
    fn specified(heard: &Heard<'_, Edit>) -> i128 {
        let resets: Vec<_> = heard.edits().filter(|it| matches!(it.edit(), Edit::Reset)).collect();
        let counts = heard.edits().filter_map(|it| match it.edit() {
            Edit::Add(by) => Some((it, i128::from(*by))),
            Edit::Reset => None,
        });
        let stands = |(count, _): &(_, i128)| !resets.iter().any(|reset| reset.saw(count));
        counts.filter(stands).map(|(_, by)| by).sum()
    }
}

alone!(
    Alone,
    PnCounter,
    Counter,
    |value, _, edit| {
        let edited = match edit {
            Edit::Add(by) => value.add((*by).into()),
            Edit::Reset => value.reset(),
        };
        edited.expect("there is room");
    },
    PnCounter::read
);

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![4 => any::<i8>().prop_map(Edit::Add), 1 => Just(Edit::Reset)]
}

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Counter>(edits()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes());
}
