//! What really happened: every edit, and every version that an owner gave a row.

use std::collections::BTreeMap;

use rumormill_core::crdt::{Life, RowId, Timestamp, Version};

use super::edit_set::EditSet;

/// Every edit, and every version that an owner gave a row.
#[derive(Debug)]
pub(crate) struct History<E> {
    edits: Vec<Entry<E>>,
    /// The edits of each row, in the order of their versions.
    by_row: BTreeMap<RowId, Vec<(Version, usize)>>,
    /// The hash of each row at each version that its owner gave it.
    minted: BTreeMap<(RowId, Version), u64>,
    /// How many rows there ever were.
    rows: usize,
    /// What the owner of a row had heard of when it gave it a version.
    sights: BTreeMap<RowId, Vec<(Version, EditSet)>>,
}

#[derive(Debug)]
struct Entry<E> {
    row: RowId,
    version: Version,
    stamp: Timestamp,
    edit: E,
    seen: EditSet,
}

/// The edits that a copy has heard of: those whose rows it holds at their version or a later one.
/// What a specification is a function of.
#[derive(Debug)]
pub struct Heard<'h, E> {
    pub(crate) history: &'h History<E>,
    pub(crate) heard: &'h EditSet,
    pub(crate) versions: &'h BTreeMap<RowId, Version>,
}

/// An edit, seen by somebody who has heard of it.
#[derive(Debug)]
pub struct HeardEdit<'h, E> {
    history: &'h History<E>,
    place: usize,
}

impl<E> History<E> {
    pub(crate) const fn new() -> Self {
        Self {
            edits: Vec::new(),
            by_row: BTreeMap::new(),
            minted: BTreeMap::new(),
            rows: 0,
            sights: BTreeMap::new(),
        }
    }

    /// Notes an edit, the version that its row has since, and in sight of which others it was made.
    /// Returns its place.
    pub(crate) fn note(
        &mut self,
        (row, version): (RowId, Version),
        stamp: Timestamp,
        edit: E,
        seen: EditSet,
    ) -> usize {
        let place = self.edits.len();
        self.by_row.entry(row).or_default().push((version, place));
        self.edits.push(Entry { row, version, stamp, edit, seen });
        place
    }

    /// The places of the edits that took a row from one version to another.
    pub(crate) fn between(
        &self,
        row: RowId,
        before: Version,
        version: Version,
    ) -> impl Iterator<Item = usize> {
        let edits = self.by_row.get(&row).map_or(&[][..], Vec::as_slice);
        let first = edits.partition_point(|(at, _)| *at <= before);
        edits[first..].iter().take_while(move |(at, _)| *at <= version).map(|(_, place)| *place)
    }

    /// Notes what a row was when its owner first gave it a version.
    pub(crate) fn mint(&mut self, row: RowId, version: Version, hash: u64) {
        if self.newest(row) == 0 {
            self.rows += 1;
        }
        self.minted.entry((row, version)).or_insert(hash);
    }

    pub(crate) fn minted(&self, row: RowId, version: Version) -> Option<u64> {
        self.minted.get(&(row, version)).copied()
    }

    fn newest(&self, row: RowId) -> Version {
        let last = self.minted.range((row, 0)..=(row, Version::MAX)).next_back();
        last.map_or(0, |((_, version), _)| *version)
    }

    /// Notes what an owner had heard of when it gave its row a version, and before that: what it
    /// obeyed stays obeyed, even if the row that said so is dropped.
    pub(crate) fn note_sight(&mut self, row: RowId, version: Version, heard: &EditSet) {
        let sights = self.sights.entry(row).or_default();
        let mut seen = sights.last().map(|(_, seen)| seen.clone()).unwrap_or_default();
        seen.unite(heard);
        if sights.last().is_none_or(|(_, last)| *last != seen) {
            sights.push((version, seen));
        }
    }

    /// Whether a stamp is later than those of all these edits (I10).
    pub(crate) fn is_later(&self, stamp: Timestamp, seen: &EditSet) -> Result<(), String> {
        let mut edits = seen.iter().map(|place| &self.edits[place]);
        let later = edits.find(|edit| edit.stamp >= stamp);
        later.map_or(Ok(()), |it| {
            Err(format!("an edit at {stamp:?} had heard of {:?} at {:?}", it.row, it.stamp))
        })
    }

    /// How many rows there ever were.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    fn at(&self, place: usize) -> HeardEdit<'_, E> {
        HeardEdit { history: self, place }
    }
}

impl<'h, E> Heard<'h, E> {
    /// Walks the edits in the order in which they were made.
    pub fn edits(&self) -> impl Iterator<Item = HeardEdit<'h, E>> + use<'_, 'h, E> {
        self.heard.iter().map(|place| self.history.at(place))
    }

    /// Walks the edits that the owner of a row had heard of when it left the row as it is held
    /// here. An owner that obeyed a removal passes it on with its own row: whoever holds that need
    /// not have heard of the remover.
    pub fn passed_on_with(
        &self,
        row: RowId,
    ) -> impl Iterator<Item = HeardEdit<'h, E>> + use<'_, 'h, E> {
        let held = self.versions.get(&row).copied().unwrap_or(0);
        let sights = self.history.sights.get(&row).map_or(&[][..], Vec::as_slice);
        let sight = sights.partition_point(|(at, _)| *at <= held).checked_sub(1);
        let seen = sight.map(|sight| &sights[sight].1);
        seen.into_iter().flat_map(EditSet::iter).map(|place| self.history.at(place))
    }
}

impl<'h, E> HeardEdit<'h, E> {
    /// What was done.
    #[must_use]
    pub fn edit(&self) -> &'h E {
        &self.history.edits[self.place].edit
    }

    /// The life that did it.
    #[must_use]
    pub fn author(&self) -> Life {
        self.row().life
    }

    /// The row that says so.
    #[must_use]
    pub fn row(&self) -> RowId {
        self.history.edits[self.place].row
    }

    /// The row's timestamp once it was done.
    #[must_use]
    pub fn stamp(&self) -> Timestamp {
        self.history.edits[self.place].stamp
    }

    /// The version that its row has since.
    #[must_use]
    pub fn version(&self) -> Version {
        self.history.edits[self.place].version
    }

    /// Says whether its author had heard of `other`.
    #[must_use]
    pub fn saw(&self, other: &Self) -> bool {
        self.history.edits[self.place].seen.contains(other.place)
    }
}

impl<E> Clone for HeardEdit<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for HeardEdit<'_, E> {}
