//! The least and the greatest value of late.

use proptest::prelude::*;
use rumormill_crdt::{Column, Life, MinMax, Space, Table, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{
    alone::alone,
    ran::check,
    window_counter::{WINDOWS, buckets, in_window},
};

const ENDS: Column<MinMax> = Column::new(Space::SHARED, "ends");

enum Ends {}

/// Records a value in a bucket.
#[derive(Clone, Copy, Debug)]
struct Record {
    bucket: u64,
    value: i8,
}

impl Columns for Ends {
    type Edit = Record;
    /// The extremes in [`WINDOWS`].
    type Read = [Option<(i64, i64)>; 5];

    fn edit(writer: &mut Writer<'_>, record: &Record) {
        ENDS.record(writer, record.bucket, record.value.into()).expect("there is room");
    }

    fn read(table: &Table) -> Self::Read {
        WINDOWS.map(|(now, buckets)| ENDS.read(table, now, buckets))
    }

    fn specified(heard: &Heard<'_, Record>) -> Self::Read {
        let edits = heard.edits();
        let recorded: Vec<(Life, u64, i64)> =
            edits.map(|it| (it.author(), it.edit().bucket, it.edit().value.into())).collect();
        WINDOWS.map(|window| {
            let least = in_window(&recorded, window).min()?;
            Some((*least, *in_window(&recorded, window).max()?))
        })
    }
}

fn edits() -> impl Strategy<Value = Record> {
    (buckets(), any::<i8>()).prop_map(|(bucket, value)| Record { bucket, value })
}

alone!(
    Alone,
    MinMax,
    Ends,
    |value, _, record| {
        value.record(record.bucket, record.value.into()).expect("there is room");
    },
    |value| WINDOWS.map(|(now, buckets)| value.read(now, buckets))
);

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Ends>(edits()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes());
}
