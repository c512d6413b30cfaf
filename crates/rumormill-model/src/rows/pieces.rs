//! The intervals of a row that an honest sender may send.

use std::collections::BTreeMap;

use rumormill_crdt::{DeltaParts, Since, Version};

use super::{CellDelta, CellRow};
use crate::explore::{Broken, Check, ensure};

/// How much of what a copy lacks is sent at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Whole,
    EveryVersion,
}

/// Every interval of the row's versions.
pub(super) fn pieces(row: &CellRow) -> Result<Vec<CellDelta>, Broken> {
    let floor = row.head().floor;
    let mut pieces = Vec::new();
    for version in 0..row.version() {
        let Some(lacking) = row.delta_since(Since { version, floor }, usize::MAX) else {
            return Err(Broken(format!("I5: of v{}, nothing follows v{version}", row.version())));
        };
        for to in lacking.from() + 1..=row.version() {
            pieces.push(cut(lacking.clone(), to)?);
        }
    }
    Ok(pieces)
}

/// The delta that a copy gets which asks for what follows `since`; nothing if it has it all.
pub(super) fn next(row: &CellRow, since: Since, how: Cut) -> Result<Option<CellDelta>, Broken> {
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
pub(super) fn i5_completeness(row: &CellRow, delta: &CellDelta) -> Check {
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

fn cut(delta: CellDelta, to: Version) -> Result<CellDelta, Broken> {
    let mut parts: DeltaParts<_, _> = delta.into_parts();
    parts.to = to;
    parts.cells.retain(|cell| cell.version <= to);
    CellDelta::new(parts).map_err(|why| Broken(format!("I5: a part of a sound delta: {why}")))
}
