//! The intervals of a row that an honest sender may send.

use std::{collections::BTreeMap, fmt::Debug};

use rumormill_crdt::{DeltaParts, Row, RowDelta, Since, Version};
use serde::Serialize;

use crate::explore::{Broken, Check, ensure};

/// What keys and values of a table must be able to do here.
pub(crate) trait Part: Ord + Clone + Serialize + Debug {}

impl<T: Ord + Clone + Serialize + Debug> Part for T {}

/// How much of what a copy lacks is sent at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    Whole,
    EveryVersion,
}

/// Every interval of the row's versions, each with what it must list (I5).
pub(crate) fn pieces<K: Part, V: Part>(row: &Row<K, V>) -> Result<Vec<RowDelta<K, V>>, Broken> {
    let floor = row.head().floor;
    let mut pieces = Vec::new();
    for version in 0..row.version() {
        let Some(lacking) = row.delta_since(Since { version, floor }, usize::MAX) else {
            return Err(Broken(format!("I5: of v{}, nothing follows v{version}", row.version())));
        };
        for to in lacking.from() + 1..=row.version() {
            let piece = cut(lacking.clone(), to)?;
            i5_completeness(row, &piece)?;
            pieces.push(piece);
        }
    }
    Ok(pieces)
}

/// The delta that a copy gets which asks for what follows `since`; nothing if it has it all.
pub(crate) fn next<K: Part, V: Part>(
    row: &Row<K, V>,
    since: Since,
    how: Cut,
) -> Result<Option<RowDelta<K, V>>, Broken> {
    let Some(lacking) = row.delta_since(since, usize::MAX) else { return Ok(None) };
    match how {
        Cut::Whole => Ok(Some(lacking)),
        Cut::EveryVersion => {
            let to = lacking.from() + 1;
            cut(lacking, to).map(Some)
        }
    }
}

/// I5: a delta lists every cell that the sender holds in its interval, and no other.
fn i5_completeness<K: Part, V: Part>(row: &Row<K, V>, delta: &RowDelta<K, V>) -> Check {
    let inside = |version: Version| delta.from() < version && version <= delta.to();
    let held: BTreeMap<Version, _> = row
        .iter()
        .filter(|(_, cell)| inside(cell.version))
        .map(|(key, cell)| (cell.version, (key, cell.value.as_ref())))
        .collect();
    let cells = delta.cells().iter();
    let listed = cells.map(|cell| (cell.version, (&cell.key, cell.value.as_ref()))).collect();
    ensure(held == listed, || format!("I5: of {held:?}, {listed:?} were listed"))
}

fn cut<K: Part, V: Part>(delta: RowDelta<K, V>, to: Version) -> Result<RowDelta<K, V>, Broken> {
    let mut parts: DeltaParts<_, _> = delta.into_parts();
    parts.to = to;
    parts.cells.retain(|cell| cell.version <= to);
    RowDelta::new(parts).map_err(|why| Broken(format!("I5: a part of a sound delta: {why}")))
}
