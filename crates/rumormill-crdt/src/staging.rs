//! A row that arrives in pieces.

use serde::Serialize;

use crate::{
    Candidate, Cell, Content, Head, HeadVerifier, Refused, RowDelta, RowId, Version, cells::Cells,
    delta::Since, row::Row, row::hash_of,
};

/// A row that arrives in pieces, complete up to `covered`. Never read, served or digested (I3).
#[derive(Clone, Debug)]
pub(crate) struct Staging<K, V> {
    cells: Cells<K, V>,
    covered: Version,
    floor: Version,
    /// The greatest head of any piece taken.
    target: Head,
    /// What the row will hold by then, if the owner's word for it was checked.
    named: Option<Content>,
}

/// Which of two stagings of a row is further along: the target first, then the floor, then what
/// is covered.
pub(crate) type Rank = (Version, Version, Version);

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Staging<K, V> {
    /// Opens a staging at version 0 for the piece of a whole row, with that piece's floor.
    pub(crate) fn empty(delta: &RowDelta<K, V>) -> Self {
        let target = delta.head().clone();
        Self { cells: Cells::new(), covered: 0, floor: target.floor, target, named: None }
    }

    /// Opens a staging that continues the visible row.
    pub(crate) fn continuing(row: &Row<K, V>, target: &Head) -> Self {
        Self {
            cells: row.copy_cells(),
            covered: row.version(),
            floor: row.head().floor,
            target: target.clone(),
            named: None,
        }
    }

    /// The rank of a staging just opened for `delta`, once it has taken it.
    pub(crate) fn rank_with(delta: &RowDelta<K, V>, floor: Version) -> Rank {
        (delta.head().version, delta.head().floor.max(floor), delta.to())
    }

    pub(crate) const fn rank(&self) -> Rank {
        (self.target.version, self.floor, self.covered)
    }

    /// Takes in a piece, or refuses it and changes nothing.
    pub(crate) fn take(&mut self, delta: &RowDelta<K, V>) -> Result<(), Refused> {
        delta.continues(self.covered, self.floor)?;
        if delta.to() <= self.covered {
            return Err(Refused::StaleStaging);
        }
        let floor = self.floor.max(delta.head().floor);
        let plan = self.cells.plan(self.covered, delta.from(), floor, delta.cells());
        self.cells.carry_out(plan, self.covered, delta.cells());
        self.covered = delta.to();
        self.floor = floor;
        if delta.head().version > self.target.version {
            self.target = delta.head().clone();
            self.named = None;
        }
        Ok(())
    }

    pub(crate) const fn since(&self) -> Since {
        Since::copy(self.covered, self.floor)
    }

    pub(crate) const fn covered(&self) -> Version {
        self.covered
    }

    pub(crate) const fn target(&self) -> &Head {
        &self.target
    }

    pub(crate) const fn is_complete(&self) -> bool {
        self.covered >= self.target.version
    }

    /// Says whether the cells add up to the target's hash.
    pub(crate) fn adds_up(&self) -> bool {
        self.floor == self.target.floor
            && hash_of(self.cells.hash(), self.floor) == self.target.hash
    }

    /// The content that a piece names, if that is what was checked for the target.
    pub(crate) fn named(&self, content: Option<&Content>) -> Option<Content> {
        self.named.filter(|named| Some(named) == content)
    }

    /// Takes note that the owner's word for the content was checked, if it is for the target.
    pub(crate) fn note_named(&mut self, head: &Head, named: Option<Content>) {
        if self.target == *head {
            self.named = named.or(self.named);
        }
        self.cells.keep_sums();
    }

    /// Shows a verifier the row that has come together, unless the content is the one that was
    /// checked for the target.
    pub(crate) fn verify(
        &self,
        id: RowId,
        verifier: &mut dyn HeadVerifier<K, V>,
    ) -> Result<(), Refused> {
        let content = self.cells.content(self.floor);
        if self.named == Some(content) {
            return Ok(());
        }
        let get = |key: &K| self.cells.cell(key).and_then(|cell| cell.value.as_ref());
        verifier.verify(&Candidate::new(id, &self.target, content, true, &get))
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.cells.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(crate) fn into_row(self, id: RowId) -> Row<K, V> {
        Row::from_cells(id, self.target, self.cells)
    }
}
