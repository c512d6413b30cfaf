//! A distribution of values.

use proptest::prelude::*;
use rumormill_crdt::{Column, Distribution, Histogram, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const TIMES: Column<Histogram> = Column::new(Space::STATS, "times");

/// The fractions at which the distribution is read.
const FRACTIONS: [(u32, u32); 4] = [(0, 1), (1, 2), (99, 100), (1, 1)];

enum Times {}

/// How many values there are, and those at [`FRACTIONS`].
type Read = (u128, [Option<u64>; 4]);

impl Columns for Times {
    /// A value is recorded.
    type Edit = u64;
    type Read = Read;

    fn edit(writer: &mut Writer<'_>, value: &u64) {
        TIMES.record(writer, *value).expect("there is room");
    }

    fn read(table: &Table) -> Read {
        quantiles(&TIMES.read(table))
    }

    /// At each fraction, the least value such that so many values are at most that, rounded.
    fn specified(heard: &Heard<'_, u64>) -> Read {
        let mut values: Vec<u64> = heard.edits().map(|it| *it.edit()).collect();
        values.sort_unstable();
        let at = |(part, of): (u32, u32)| {
            let wanted = (values.len() as u64 * u64::from(part)).div_ceil(of.into()).max(1);
            values.get(usize::try_from(wanted - 1).ok()?).map(|value| rounded(*value))
        };
        (values.len() as u128, FRACTIONS.map(at))
    }
}

fn quantiles(values: &Distribution) -> Read {
    (values.len(), FRACTIONS.map(|(part, of)| values.quantile(part, of)))
}

/// The middle of all values that have the same length and the same six leading binary digits.
fn rounded(value: u64) -> u64 {
    let lost = (64 - value.leading_zeros()).saturating_sub(6);
    let least = value >> lost << lost;
    least + (1 << lost) / 2
}

fn edits() -> impl Strategy<Value = u64> {
    (0..64u32, any::<u64>()).prop_map(|(shift, value)| value >> shift)
}

alone!(
    Alone,
    Histogram,
    Times,
    |times, _, value| times.record(*value).expect("there is room"),
    |times| quantiles(&times.read())
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Times>(edits()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes());
}
