//! What must hold around the admission of one delta by one table, whatever the model.

use std::fmt::Debug;

use rumormill_crdt::{Admission, Life, Progress, Refused, RowDelta, RowId, Version, VvMap};
use serde::Serialize;

use crate::explore::{Check, ensure};

/// I2: versions and floors of the rows that `before` shows have not gone back.
pub(crate) fn i2_monotone<K, V>(before: &VvMap<K, V>, after: &VvMap<K, V>) -> Check
where
    K: Ord + Clone + Serialize,
    V: Clone + Serialize,
{
    before.rows().try_for_each(|row| {
        let id = row.id();
        let was = (row.version(), row.head().floor);
        let is = after.row(id).map(|row| (row.version(), row.head().floor));
        ensure(is.is_some_and(|is| is.0 >= was.0 && is.1 >= was.1), || {
            format!("I2: (version, floor) of {id:?} went from {was:?} to {is:?}")
        })
    })
}

/// I4: what is admitted, and what is not. Around the admission of a delta from somebody honest.
pub(crate) fn i4_admission<K, V>(
    before: &VvMap<K, V>,
    after: &VvMap<K, V>,
    delta: &RowDelta<K, V>,
    outcome: &Result<Admission, Refused>,
) -> Check
where
    K: Ord + Clone + Serialize + Debug,
    V: Clone + Serialize + Debug,
{
    let id = delta.id();
    let head = before.row(id).map(|row| row.head());
    let (version, floor) = head.map_or((0, 0), |head| (head.version, head.floor));
    let its_floor = delta.head().floor;
    let admitted = delta.to() > version
        && delta.from() <= version
        && (its_floor <= floor || its_floor <= version)
        && !(version < floor && its_floor < floor);
    let closed = delta.head().dependencies.iter().all(|(on, at)| holds(before, *on, at.version));
    let shown = after.version(id);
    let fits = match outcome {
        Ok(Admission { progress: Progress::Known, .. }) => delta.to() <= version,
        Ok(Admission { progress: Progress::Visible, .. }) => shown >= delta.head().version,
        Ok(Admission { progress: Progress::Waiting, .. }) => !closed && shown == version,
        Ok(Admission { progress: Progress::Staged { .. }, .. })
        | Err(Refused::Gap { .. } | Refused::Floor | Refused::OldFloor | Refused::StaleStaging) => {
            shown == version && !(admitted && closed && delta.is_complete())
        }
        Err(Refused::Evicted) => is_evicted(before, id.life),
        Err(
            Refused::Hash
            | Refused::OwnRow
            | Refused::OldLife
            | Refused::StagingFull
            | Refused::TableFull
            | Refused::TooManyDependencies
            | Refused::TooLarge
            | Refused::Clock(_)
            | Refused::CellAfterHead
            | Refused::OtherHead
            | Refused::Signature
            | Refused::UnknownKey
            | Refused::NotAdmitted
            | Refused::OverQuota
            | Refused::TooFast
            | Refused::TooMuchToVerify
            | Refused::Expired,
        ) => false,
    };
    ensure(fits, || {
        format!("I4: at v{version} floor {floor}, {} of somebody honest: {outcome:?}", named(delta))
    })
}

/// A delta in a few words.
pub(crate) fn named<K, V>(delta: &RowDelta<K, V>) -> String {
    let head = delta.head();
    let floor = if head.floor == 0 { String::new() } else { format!(" floor {}", head.floor) };
    format!("({},{}] of v{}{floor}", delta.from(), delta.to(), head.version)
}

/// How a table shows and stages a row, in a few words.
pub(crate) fn standing<K, V>(table: &VvMap<K, V>, id: RowId) -> String
where
    K: Ord + Clone + Serialize,
    V: Clone + Serialize,
{
    let mut said = format!("v{}", table.version(id));
    if let Some(floor) = table.row(id).map(|row| row.head().floor).filter(|floor| *floor > 0) {
        said += &format!(" floor {floor}");
    }
    if let Some((since, target)) = table.staging(id) {
        said += &format!(", stages up to {} of v{}", since.version, target.version);
        if since.floor > 0 {
            said += &format!(" floor {}", since.floor);
        }
    }
    said
}

/// Says whether a dependency is met: by the row, or because its owner was evicted.
pub(crate) fn holds<K, V>(table: &VvMap<K, V>, on: RowId, version: Version) -> bool
where
    K: Ord + Clone + Serialize,
    V: Clone + Serialize,
{
    table.version(on) >= version || is_evicted(table, on.life)
}

pub(crate) fn is_evicted<K, V>(table: &VvMap<K, V>, life: Life) -> bool
where
    K: Ord + Clone + Serialize,
    V: Clone + Serialize,
{
    table.evicted().any(|replica| replica == life.replica)
}
