//! How often histories met what they are there to meet.

use std::collections::BTreeMap;

use rumormill_crdt::{Admission, Key, KeyKind, Progress, Refused, RowId, Space, Table};

use super::{step::Disk, truth::TableRow};

/// Counts of what happened, by name. A property over histories in which nothing happens would
/// hold for nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// All that must happen for the properties to mean anything.
    pub(crate) const NAMES: [&str; 22] = [
        "nothing in it was news",
        "applied at once",
        "staged",
        "a staging was completed",
        "waits for dependencies",
        "a group was swapped in as one",
        "refused: gap",
        "refused: floor",
        "refused: old floor",
        "refused: stale staging",
        "refused: old life",
        "refused: clock",
        "somebody else's insert was removed",
        "one's own insert was removed",
        "a kill was collected",
        "a writer had as many dependencies as it may",
        "a floor was raised",
        "restart in place",
        "restart with the disk",
        "restart with a stale disk",
        "restart without the disk",
        "a flight outlived the healing",
    ];

    pub(crate) fn count(&mut self, name: &'static str) {
        debug_assert!(Self::NAMES.contains(&name), "{name} is a listed name");
        *self.0.entry(name).or_default() += 1;
    }

    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Adds the counts of another history.
    pub(crate) fn add(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    /// Counts what became of a delta.
    pub(crate) fn note(&mut self, was_staged: bool, outcome: &Result<Admission, Refused>) {
        if outcome.as_ref().is_ok_and(|admission| admission.grown.len() > 1) {
            self.count("a group was swapped in as one");
        }
        let name = match outcome.as_ref().map(|admission| admission.progress) {
            Ok(Progress::Known) => "nothing in it was news",
            Ok(Progress::Visible) if was_staged => "a staging was completed",
            Ok(Progress::Visible) => "applied at once",
            Ok(Progress::Staged { .. }) => "staged",
            Ok(Progress::Waiting) => "waits for dependencies",
            Err(Refused::Gap { .. }) => "refused: gap",
            Err(Refused::Floor) => "refused: floor",
            Err(Refused::OldFloor) => "refused: old floor",
            Err(Refused::StaleStaging) => "refused: stale staging",
            Err(Refused::OldLife) => "refused: old life",
            Err(Refused::Clock(_)) => "refused: clock",
            Err(
                Refused::Hash
                | Refused::OwnRow
                | Refused::StagingFull
                | Refused::TableFull
                | Refused::TooManyDependencies
                | Refused::TooLarge
                | Refused::CellAfterHead
                | Refused::OtherHead
                | Refused::Signature
                | Refused::UnknownKey
                | Refused::NotAdmitted
                | Refused::OverQuota
                | Refused::TooFast
                | Refused::TooMuchToVerify
                | Refused::Evicted
                | Refused::Expired,
            ) => return,
        };
        self.count(name);
    }

    /// Counts what a write did to the owner's row.
    pub(crate) fn note_write(&mut self, before: &Table, after: &Table) {
        let own = RowId { space: Space::SHARED, life: after.life() };
        let (Some(old), Some(new)) = (before.row(own), after.row(own)) else { return };
        let wrote = old.version() != new.version();
        let dependencies = new.head().dependencies.len();
        if new.head().dependencies != old.head().dependencies {
            self.count("a kill was collected");
        } else if wrote && new.tombstones() > old.tombstones() {
            self.count("one's own insert was removed");
        } else if wrote && dependencies >= after.limits().dependencies_max {
            self.count("a writer had as many dependencies as it may");
        }
        if new.head().floor > old.head().floor {
            self.count("a floor was raised");
        }
        let kills = |row: &TableRow| {
            row.iter().filter(|(key, cell)| is_kill(key) && cell.value.is_some()).count()
        };
        if kills(new) > kills(old) {
            self.count("somebody else's insert was removed");
        }
    }

    pub(crate) fn note_restart(&mut self, disk: Disk) {
        self.count(match disk {
            Disk::Kept => "restart in place",
            Disk::Fresh => "restart with the disk",
            Disk::Stale => "restart with a stale disk",
            Disk::Lost => "restart without the disk",
        });
    }
}

fn is_kill(key: &Key) -> bool {
    key.kind() == Some(KeyKind::Kill)
}
