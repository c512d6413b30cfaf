//! The rows that arrive in pieces, or wait for others.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use serde::Serialize;

use crate::{
    Candidate, Cell, Content, Dependency, Head, HeadVerifier, Life, Limits, Refused, Row, RowDelta,
    RowId, Since, Version, rows::Rows, staging::Staging,
};

/// All stagings of a table, one per row, within the limits.
///
/// Invariant: `cells` counts the cells of all; `waiting` names those that are complete.
#[derive(Clone, Debug)]
pub(crate) struct Stagings<K, V> {
    by_row: BTreeMap<RowId, Staging<K, V>>,
    cells: usize,
    waiting: BTreeSet<RowId>,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> Stagings<K, V> {
    pub(crate) const fn new() -> Self {
        Self { by_row: BTreeMap::new(), cells: 0, waiting: BTreeSet::new() }
    }

    /// Takes in a piece of a row and returns how far the row is covered; or refuses the piece, and
    /// then nothing visible changed. A row that is complete but does not add up, or is not verified, is dropped.
    pub(crate) fn take(
        &mut self,
        delta: &RowDelta<K, V>,
        visible: Option<&Row<K, V>>,
        limits: &Limits,
        mut verifier: Option<&mut dyn HeadVerifier<K, V>>,
    ) -> Result<Version, Refused> {
        let id = delta.id();
        if self.cells + delta.cells().len() > limits.staged_cells_max {
            return Err(Refused::StagingFull);
        }
        let named = match &mut verifier {
            Some(verifier) => self.verify_piece(delta, &mut **verifier)?,
            None => None,
        };
        let mut staging = match self.by_row.remove(&id) {
            Some(staging) => self.go_on(staging, delta, visible, limits)?,
            None if self.arriving() >= limits.stagings_max => return Err(Refused::StagingFull),
            None => self.open(delta, visible, limits)?,
        };
        self.waiting.remove(&id);
        let taken = staging.take(delta);
        if verifier.is_some() {
            staging.note_named(delta.head(), named);
        }
        if staging.is_complete() {
            if !staging.adds_up() {
                return Err(Refused::Hash);
            }
            if let Some(verifier) = verifier {
                staging.verify(id, verifier)?;
            }
            self.waiting.insert(id);
        }
        let covered = staging.covered();
        self.cells += staging.len();
        self.by_row.insert(id, staging);
        taken.map(|()| covered)
    }

    /// Checks the head of a piece, before anything is staged for it, and returns the content that its
    /// owner names with it. What is staged towards the same head already was checked. A row that may
    /// be the one that names the owner's key is checked when it is whole.
    fn verify_piece(
        &self,
        delta: &RowDelta<K, V>,
        verifier: &mut dyn HeadVerifier<K, V>,
    ) -> Result<Option<Content>, Refused> {
        let (id, head) = (delta.id(), delta.head());
        if delta.is_complete() {
            return Ok(None);
        }
        let staged = self.by_row.get(&id).filter(|staging| staging.target() == head);
        if let Some(named) = staged.and_then(|staging| staging.named(delta.content())) {
            return Ok(Some(named));
        }
        let content = *delta.content().ok_or(Refused::Signature)?;
        let listed = |key: &K| delta.cells().iter().find(|cell| cell.key == *key);
        let get = |key: &K| listed(key).and_then(|cell| cell.value.as_ref());
        match verifier.verify(&Candidate::new(id, head, content, false, &get)) {
            Ok(()) => Ok(Some(content)),
            Err(Refused::UnknownKey) if id.space.is_ephemeral() => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    /// Decides what `delta` is to be added to: the staging there is, or a new one that would be
    /// further along. The staging there is was taken out, and is put back if the delta fits
    /// neither.
    fn go_on(
        &mut self,
        staging: Staging<K, V>,
        delta: &RowDelta<K, V>,
        visible: Option<&Row<K, V>>,
        limits: &Limits,
    ) -> Result<Staging<K, V>, Refused> {
        let Since { version, floor } = staging.since();
        let fits = delta.continues(version, floor);
        if fits.is_ok() && delta.to() > version {
            self.cells -= staging.len();
            return Ok(staging);
        }
        let visible_floor = visible.map_or(0, |row| row.head().floor);
        let floor = if delta.from() == 0 { 0 } else { visible_floor };
        let further = Staging::rank_with(delta, floor) > staging.rank();
        let new = further.then(|| self.open(delta, visible, limits)).and_then(Result::ok);
        if let Some(new) = new {
            self.cells -= staging.len();
            return Ok(new);
        }
        self.by_row.insert(delta.id(), staging);
        Err(fits.err().unwrap_or(Refused::StaleStaging))
    }

    fn open(
        &self,
        delta: &RowDelta<K, V>,
        visible: Option<&Row<K, V>>,
        limits: &Limits,
    ) -> Result<Staging<K, V>, Refused> {
        if delta.from() == 0 {
            return Ok(Staging::empty(delta));
        }
        let Some(row) = visible else {
            return Err(Refused::Gap { version: 0 });
        };
        delta.continues(row.version(), row.head().floor)?;
        if self.cells + row.len() > limits.staged_cells_max {
            return Err(Refused::StagingFull);
        }
        Ok(Staging::continuing(row, delta.head()))
    }

    /// Takes out the greatest group of waiting rows whose dependencies are held or in the group
    /// (I13), as far as they are ahead of what is visible.
    pub(crate) fn take_ready(&mut self, rows: &Rows<K, V>) -> Vec<Row<K, V>> {
        // Whoever depends on a row that is neither held nor waiting is stuck, and so is whoever
        // depends on the stuck.
        let mut stuck: BTreeSet<RowId> = BTreeSet::new();
        let mut to_follow = Vec::new();
        let mut dependents: BTreeMap<RowId, Vec<RowId>> = BTreeMap::new();
        for &id in &self.waiting {
            for (on, at) in self.unmet(id, rows) {
                match self.waiting_for(on, at) {
                    Some(waiting) => dependents.entry(waiting).or_default().push(id),
                    None if stuck.insert(id) => to_follow.push(id),
                    None => {}
                }
            }
        }
        while let Some(id) = to_follow.pop() {
            let dependents = dependents.remove(&id).unwrap_or_default();
            to_follow.extend(dependents.into_iter().filter(|id| stuck.insert(*id)));
        }
        let ready: Vec<RowId> = self.waiting.difference(&stuck).copied().collect();
        ready.into_iter().filter_map(|id| self.take_out(id, rows)).collect()
    }

    /// Says whether a waiting row depends on nothing but rows that are held or wait as well. If it
    /// does not, its coming has made no row ready.
    pub(crate) fn may_be_ready(&self, id: RowId, rows: &Rows<K, V>) -> bool {
        self.unmet(id, rows).all(|(on, at)| self.waiting_for(on, at).is_some())
    }

    /// The dependencies of a row that no visible row meets.
    fn unmet(&self, id: RowId, rows: &Rows<K, V>) -> impl Iterator<Item = (RowId, Dependency)> {
        let dependencies = self.target(id).into_iter().flat_map(|target| &target.dependencies);
        dependencies.map(|(on, at)| (*on, *at)).filter(|(on, at)| !rows.meet(*on, *at))
    }

    /// The waiting row that would meet a dependency: the row itself, or a later life of its owner
    /// where only the newest counts.
    fn waiting_for(&self, on: RowId, at: Dependency) -> Option<RowId> {
        let itself = self.waiting.get(&on).copied();
        let later = || {
            let lives = on..=RowId::last_of(on.space, on.life.replica);
            self.waiting.range(lives).next_back().copied().filter(|_| on.space.is_ephemeral())
        };
        let reaches =
            |id: &RowId| self.target(*id).is_some_and(|target| target.version >= at.version);
        itself.filter(reaches).or_else(|| later().filter(|id| id.supersedes(on)))
    }

    /// How many rows still lack pieces.
    fn arriving(&self) -> usize {
        self.by_row.len() - self.waiting.len()
    }

    fn take_out(&mut self, id: RowId, rows: &Rows<K, V>) -> Option<Row<K, V>> {
        let staging = self.remove(id)?;
        let floor = rows.head(id).map_or(0, |head| head.floor);
        let target = staging.target();
        let is_ahead = target.version > rows.version(id) && target.floor >= floor;
        (is_ahead && !rows.supersede(id)).then(|| staging.into_row(id))
    }

    /// Drops the staging of a row.
    pub(crate) fn remove(&mut self, id: RowId) -> Option<Staging<K, V>> {
        self.waiting.remove(&id);
        let staging = self.by_row.remove(&id)?;
        self.cells -= staging.len();
        Some(staging)
    }

    /// Drops the stagings of earlier lives of the replica in the space of `id`.
    pub(crate) fn drop_older_lives(&mut self, id: RowId) {
        let first = RowId::first_of(id.space, id.life.replica);
        let older: Vec<RowId> = self.by_row.range(first..id).map(|(id, _)| *id).collect();
        for id in older {
            self.remove(id);
        }
    }

    /// Drops the stagings of one replica's rows.
    pub(crate) fn drop_lives(&mut self, gone: impl Fn(Life) -> bool) {
        let doomed: Vec<RowId> = self.ids().filter(|id| gone(id.life)).collect();
        for id in doomed {
            self.remove(id);
        }
    }

    pub(crate) fn since(&self, id: RowId) -> Option<Since> {
        self.by_row.get(&id).map(Staging::since)
    }

    /// How many cells of a row are staged.
    pub(crate) fn len_of(&self, id: RowId) -> usize {
        self.by_row.get(&id).map_or(0, Staging::len)
    }

    /// The greatest head of any piece taken of a row.
    pub(crate) fn target(&self, id: RowId) -> Option<&Head> {
        self.by_row.get(&id).map(Staging::target)
    }

    /// Walks the cells staged of a row, by key.
    pub(crate) fn cells(&self, id: RowId) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.by_row.get(&id).into_iter().flat_map(Staging::cells)
    }

    /// Says whether a row is complete and waits for others.
    pub(crate) fn is_waiting(&self, id: RowId) -> bool {
        self.waiting.contains(&id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = RowId> {
        self.by_row.keys().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_row.is_empty()
    }
}
