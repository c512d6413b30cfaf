//! What is most frequent, in histories of so few elements that all counts are exact.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rumormill_crdt::{Column, Space, Table, Top, TopK, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const HITS: Column<TopK<u8>> = Column::new(Space::STATS, "hits");

enum Hits {}

type Edit = (u8, u8);

/// The least and the greatest count of each element, and the total.
type Read = (BTreeMap<u8, (u128, u128)>, u128);

impl Columns for Hits {
    type Edit = Edit;
    type Read = Read;

    fn edit(writer: &mut Writer<'_>, (element, times): &Edit) {
        HITS.record(writer, element, (*times).into()).expect("there is room");
    }

    fn read(table: &Table) -> Read {
        counts(HITS.read(table, usize::MAX))
    }

    /// How often each element was recorded.
    fn specified(heard: &Heard<'_, Edit>) -> Read {
        let mut counts = BTreeMap::<u8, (u128, u128)>::new();
        let mut total = 0;
        for (element, times) in heard.edits().map(|it| *it.edit()) {
            let (min, max) = counts.entry(element).or_default();
            (*min, *max) = (*min + u128::from(times), *max + u128::from(times));
            total += u128::from(times);
        }
        (counts, total)
    }
}

fn counts(top: Top<u8>) -> Read {
    let elements = top.elements.into_iter();
    (elements.map(|it| (it.element, (it.count_min, it.count_max))).collect(), top.total)
}

alone!(
    Alone,
    TopK<u8>,
    Hits,
    |hits, _, (element, times)| hits.record(element, (*times).into()).expect("there is room"),
    |hits| counts(hits.read(usize::MAX))
);

fn edits() -> impl Strategy<Value = Edit> {
    (0..9u8, 1..5u8)
}

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Hits>(edits()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes());
}
