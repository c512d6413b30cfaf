//! Which cells decide how other rows are read, and so have to outlast them.

use alloc::{sync::Arc, vec::Vec};

use super::timestamp;
use crate::{Bytes, Key, KeyKind, Life, Row, Timestamp, Version, codec};

type TableRow = Arc<Row<Key, Bytes>>;

/// Moves to `kept` what has to stay of the rows of one space that `expired`: those that overrule
/// a cell of a row that stays. Without them, what was removed or overwritten would come back.
///
/// Where several rows overrule the same cell, the one stays that decides. Rows that overrule only
/// each other all go. The outcome depends on the rows alone, not on their order.
pub(crate) fn keep_overruling(kept: &mut Vec<TableRow>, mut expired: Vec<TableRow>) {
    loop {
        let stays = |row: &TableRow| row.iter().any(|(key, _)| decides(row, key, kept, &expired));
        let Some(next) = expired.iter().position(stays) else { return };
        kept.push(expired.swap_remove(next));
    }
}

/// Says whether a cell of an expired row overrules a cell of a kept row, and no other row does so
/// in its place.
fn decides(row: &TableRow, key: &Key, kept: &[TableRow], expired: &[TableRow]) -> bool {
    let Some(claim) = Claim::of(row, key) else { return false };
    let beats_kept = |other| Claim::of(other, key).is_none_or(|theirs| claim.beats(&theirs));
    let beats_expired = |other: &TableRow| {
        let first = row.id() > other.id();
        let yields = |theirs: Claim| claim.beats(&theirs) || (first && !theirs.beats(&claim));
        other.id() == row.id() || Claim::of(other, key).is_none_or(yields)
    };
    kept.iter().any(|other| claim.overrules(key, other))
        && kept.iter().all(beats_kept)
        && expired.iter().all(beats_expired)
}

/// What a cell says about cells of other rows.
enum Claim {
    /// An add is removed.
    Removes,
    /// What is stamped earlier under the same key does not count.
    Stamped(Timestamp, Life),
    /// What a life wrote up to a version is replaced.
    Until(Version),
    /// So many increments and decrements of a life do not count.
    Reset(u64, u64),
}

impl Claim {
    /// What a row claims under a key; nothing if it overrules nobody there.
    fn of(row: &TableRow, key: &Key) -> Option<Self> {
        let value = row.get(key)?;
        match key.kind()? {
            KeyKind::Kill => Some(Self::Removes),
            KeyKind::Lww | KeyKind::Field => {
                Some(Self::Stamped(timestamp((key, Some(value)))?, row.id().life))
            }
            KeyKind::Replaced => codec::decode(value).ok().map(Self::Until),
            KeyKind::Reset => codec::decode(value).ok().map(|(ups, downs)| Self::Reset(ups, downs)),
            KeyKind::Raw
            | KeyKind::Add
            | KeyKind::Counter
            | KeyKind::Increments
            | KeyKind::Value
            | KeyKind::Event
            | KeyKind::Window
            | KeyKind::Extremes
            | KeyKind::Buckets
            | KeyKind::Registers
            | KeyKind::Slot => None,
        }
    }

    /// Says whether this overrules something that another claim under the same key does not.
    fn beats(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stamped(at, by), Self::Stamped(other_at, other_by)) => {
                (at, by) > (other_at, other_by)
            }
            (Self::Until(until), Self::Until(other)) => until > other,
            (Self::Reset(ups, downs), Self::Reset(other_ups, other_downs)) => {
                ups > other_ups || downs > other_downs
            }
            _ => false,
        }
    }

    fn overrules(&self, key: &Key, other: &TableRow) -> bool {
        match self {
            Self::Removes => key.killed().is_some_and(|(life, version)| {
                let add = other.at(version).filter(|_| other.id().life == life);
                add.is_some_and(|(_, cell)| cell.value.is_some())
            }),
            Self::Stamped(..) => Self::of(other, key).is_some_and(|theirs| self.beats(&theirs)),
            Self::Until(until) => key.overruled().is_some_and(|(life, value)| {
                let cell = other.cell(&value).filter(|_| other.id().life == life);
                cell.is_some_and(|cell| cell.version <= *until)
            }),
            Self::Reset(..) => key.overruled().is_some_and(|(life, counter)| {
                other.id().life == life && other.get(&counter).is_some()
            }),
        }
    }
}
