//! A counter of what happened lately.

use proptest::prelude::*;
use rumormill_crdt::{Column, Life, Space, Table, WindowCounter, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const COUNTER: Column<WindowCounter> = Column::new(Space::SHARED, "window");

/// The windows that are read: the bucket they end with, and how many buckets they have.
pub(crate) const WINDOWS: [(u64, u64); 5] = [(0, 1), (70, 3), (70, 200), (140, 64), (u64::MAX, 9)];

enum Window {}

/// Counts up in a bucket.
#[derive(Clone, Copy, Debug)]
struct Count {
    bucket: u64,
    by: u8,
}

impl Columns for Window {
    type Edit = Count;
    /// The totals in [`WINDOWS`].
    type Read = [u128; 5];

    fn edit(writer: &mut Writer<'_>, count: &Count) {
        COUNTER.add(writer, count.bucket, count.by.into()).expect("there is room");
    }

    fn read(table: &Table) -> [u128; 5] {
        WINDOWS.map(|(now, buckets)| COUNTER.read(table, now, buckets))
    }

    fn specified(heard: &Heard<'_, Count>) -> [u128; 5] {
        let counted: Vec<(Life, u64, u8)> =
            heard.edits().map(|it| (it.author(), it.edit().bucket, it.edit().by)).collect();
        WINDOWS.map(|window| in_window(&counted, window).map(|by| u128::from(*by)).sum())
    }
}

/// What lies in the window, unless its own life also did something in a bucket that lies a
/// multiple of 64 later.
pub(crate) fn in_window<V>(
    done: &[(Life, u64, V)],
    (now, buckets): (u64, u64),
) -> impl Iterator<Item = &V> {
    let overtaken = move |life: Life, bucket: u64| {
        let mut own = done.iter().filter(move |(other, ..)| *other == life);
        own.any(|(_, later, _)| *later > bucket && (later - bucket).is_multiple_of(64))
    };
    let inside = done.iter().filter(move |(life, bucket, _)| {
        *bucket <= now && now - bucket < buckets && !overtaken(*life, *bucket)
    });
    inside.map(|(.., what)| what)
}

/// Time buckets, not in order, some of which share a slot of the ring.
pub(crate) fn buckets() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 66..74u64, 2 => 2..10u64, 1 => 130..140u64, 1 => Just(u64::MAX)]
}

fn edits() -> impl Strategy<Value = Count> {
    (buckets(), 1..9u8).prop_map(|(bucket, by)| Count { bucket, by })
}

alone!(
    Alone,
    WindowCounter,
    Window,
    |value, _, count| {
        value.add(count.bucket, count.by.into()).expect("there is room");
    },
    |value| WINDOWS.map(|(now, buckets)| value.read(now, buckets))
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Window>(edits()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes());
}
