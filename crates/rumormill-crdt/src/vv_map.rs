//! The version-vector map: the one CRDT of which all others are readings.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use serde::Serialize;
use smallvec::{SmallVec, smallvec};

use crate::{
    Cell, Head, Life, Limits, Refused, ReplicaId, Row, RowDelta, RowId, Space, Timestamp, Version,
    VersionVector, delta::Since, hash::row_hash, staging::Staging,
};

/// A table with one row per life and space. Its value is, for every row, the content its owner
/// gave it at the greatest version heard of.
///
/// One life writes here, its own; rows of others are copies. Versions within a row only grow, a
/// row's content is a function of its id and version, and join takes each row at its greater
/// version, so join is associative, commutative, idempotent and monotone (I9).
///
/// The idea of rows that only their owner writes, compared by version vectors, is Scuttlebutt's
/// (van Renesse, Dumitriu, Gough and Thomas, LADIS 2008, section 3). Floors, staged swaps and
/// dependencies are ours; `docs/architecture.md` gives the rules by number.
///
/// Cloning is cheap and takes a snapshot: rows are shared until written. Only one of the clones
/// may go on writing, or one life would give one version two contents (I1).
///
/// ```
/// use rumormill_crdt::{Life, Limits, ReplicaId, Space, Timestamp, VvMap};
///
/// let life = |replica| Life { replica: ReplicaId(replica), epoch: 1 };
/// let mut ann = VvMap::<&str, u32>::new(life(1), Limits::DEFAULT);
/// let mut bob = VvMap::<&str, u32>::new(life(2), Limits::DEFAULT);
/// ann.write(Space::SHARED, Timestamp(1)).set("load", 40);
/// for delta in ann.delta_since(&bob.version_vector()) {
///     bob.admit(&delta).expect("a copy at version 0 takes any whole row");
/// }
/// assert_eq!(bob.version_vector(), ann.version_vector());
/// ```
#[derive(Clone, Debug)]
pub struct VvMap<K, V> {
    life: Life,
    limits: Limits,
    rows: BTreeMap<RowId, Entry<K, V>>,
    /// Row ids by the moment of their last change.
    changes: BTreeMap<u64, RowId>,
    /// The moment of the last change; counts changes of this table since it was made.
    moment: u64,
    fingerprint: u64,
    stagings: BTreeMap<RowId, Staging<K, V>>,
    staged_cells: usize,
    /// Stagings that are complete and wait for rows they depend on.
    waiting: BTreeSet<RowId>,
}

#[derive(Clone, Debug)]
struct Entry<K, V> {
    row: Arc<Row<K, V>>,
    changed: u64,
}

/// A moment in the life of one table value: what changed after it can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bookmark(u64);

/// A row that became visible at a greater version. One call may list a row twice, first as it
/// was taken and then as it had waited for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The row.
    pub id: RowId,
    /// The version it was visible at before; 0 if it was not.
    pub from: Version,
}

/// What became of a delta that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The rows that grew: often the delta's own, sometimes none, sometimes a whole group of
    /// rows that had waited for each other.
    pub grown: SmallVec<[Growth; 1]>,
    /// Where the delta's row stands.
    pub progress: Progress,
}

/// Where a row stands after a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing in the delta was news.
    Known,
    /// The row is visible at the delta's head.
    Visible,
    /// The row is staged; pieces after `covered` are still missing.
    Staged {
        /// Complete up to here.
        covered: Version,
    },
    /// The row is complete and waits for rows that its head depends on.
    Waiting,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> VvMap<K, V> {
    /// Makes an empty table in which `life` writes.
    #[must_use]
    pub fn new(life: Life, limits: Limits) -> Self {
        Self {
            life,
            limits,
            rows: BTreeMap::new(),
            changes: BTreeMap::new(),
            moment: 0,
            fingerprint: 0,
            stagings: BTreeMap::new(),
            staged_cells: 0,
            waiting: BTreeSet::new(),
        }
    }

    /// Ends the life that wrote here and begins `life`; rows written so far are frozen.
    ///
    /// # Panics
    ///
    /// If `life` is not later than the one that ends: lives never share versions (I1).
    pub fn begin_life(&mut self, life: Life) {
        assert!(
            life.replica != self.life.replica || life.epoch > self.life.epoch,
            "a new life of {:?} needs an epoch above {:x}",
            life.replica,
            self.life.epoch
        );
        self.life = life;
    }

    /// Opens one's own row in `space` for writing; `timestamp` is what the new head will carry.
    pub fn write(&mut self, space: Space, timestamp: Timestamp) -> RowWriter<'_, K, V> {
        let id = RowId { space, life: self.life };
        RowWriter { table: self, id, timestamp }
    }

    /// Takes in a delta from anybody (I2 to I5, I13).
    ///
    /// A delta that reaches its head and whose dependencies are held is applied at once; any
    /// other is staged until it does. Taking in the same delta again is a no-op.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why; visible rows are as they were.
    pub fn admit(&mut self, delta: &RowDelta<K, V>) -> Result<Admission, Refused> {
        let id = delta.id();
        let known = self.rows.get(&id).map(|entry| entry.row.head());
        if let Some(head) = known.filter(|head| !delta.is_news_to(head)) {
            let same_version = head.version == delta.head().version;
            return if same_version && head.hash != delta.head().hash {
                Err(Refused::Hash)
            } else {
                Ok(Admission { grown: SmallVec::new(), progress: Progress::Known })
            };
        }
        if id.life == self.life {
            return Err(Refused::OwnRow);
        }
        if self.is_superseded(id) {
            return Err(Refused::OldLife);
        }
        if known.is_none() && self.rows.len() >= self.limits.rows_max {
            return Err(Refused::TableFull);
        }
        if delta.head().dependencies.len() > self.limits.dependencies_max {
            return Err(Refused::TooManyDependencies);
        }
        if delta.is_complete() && self.holds_dependencies(delta.head()) {
            match self.apply_whole(delta) {
                Err(Refused::Gap { .. } | Refused::Floor) => {}
                Err(refused) => return Err(refused),
                Ok(growth) => {
                    let mut grown = smallvec![growth];
                    self.settle(id, &mut grown);
                    return Ok(Admission { grown, progress: Progress::Visible });
                }
            }
        }
        self.stage(delta)
    }

    /// Takes each row of `other` at the greater version and returns the rows that grew.
    ///
    /// Costs O(rows) comparisons and shares the rows it takes; one's own rows are never taken.
    /// Stagings stay out of it.
    pub fn join(&mut self, other: &Self) -> Vec<Growth> {
        let mut grown = Vec::new();
        for (&id, theirs) in &other.rows {
            let from = self.version(id);
            if theirs.row.version() > from && id.life != self.life && !self.is_superseded(id) {
                self.show(Arc::clone(&theirs.row));
                grown.push(Growth { id, from });
            }
        }
        let mut settled = SmallVec::new();
        for growth in &grown {
            self.settle(growth.id, &mut settled);
        }
        grown.extend(settled);
        grown
    }

    /// Takes in rows at rest, from a disk or another table in the same process.
    ///
    /// Rows must come from one closed table (I13), as [`rows`](Self::rows) of any table is.
    /// Rows held at the same or a greater version stay, one's own rows are never taken.
    pub fn restore(&mut self, rows: impl IntoIterator<Item = Arc<Row<K, V>>>) -> Vec<Growth> {
        let mut stored = Self::new(self.life, self.limits);
        for row in rows {
            let id = row.id();
            if stored.accepts(id) && row.version() > stored.version(id) {
                stored.show(row);
            }
        }
        self.join(&stored)
    }

    /// Returns, row by row, what a table with the given digest lacks. Costs O(rows) comparisons;
    /// to pay only for what changed, walk [`changed_since`](Self::changed_since).
    pub fn delta_since(&self, digest: &VersionVector) -> impl Iterator<Item = RowDelta<K, V>> {
        self.rows().filter_map(|row| row.delta_since(digest.version(row.id()), usize::MAX))
    }

    /// The digest of what is visible.
    #[must_use]
    pub fn version_vector(&self) -> VersionVector {
        self.rows().map(|row| (row.id(), row.version())).collect()
    }

    /// A hash of the version vector, kept up to date by every change. Tables that differ have
    /// the same fingerprint with probability 2^-64 per comparison, by accident; on purpose it
    /// takes no effort, since the hash has no secret key.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The life that writes here.
    #[must_use]
    pub const fn life(&self) -> Life {
        self.life
    }

    /// The bounds the table was made with.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns a row, if anything of it is visible.
    #[must_use]
    pub fn row(&self, id: RowId) -> Option<&Arc<Row<K, V>>> {
        self.rows.get(&id).map(|entry| &entry.row)
    }

    /// Returns the version a row is visible at; 0 if it is not.
    #[must_use]
    pub fn version(&self, id: RowId) -> Version {
        self.rows.get(&id).map_or(0, |entry| entry.row.version())
    }

    /// Walks all rows by id.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        self.rows.values().map(|entry| &entry.row)
    }

    /// Walks rows from `start` on, by id.
    pub fn rows_from(&self, start: RowId) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.rows.range(start..).map(|(_, entry)| &entry.row)
    }

    /// Walks the rows of one space by owner and life.
    pub fn rows_in(&self, space: Space) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let first = RowId::first_of(space, ReplicaId(0));
        let last = RowId::last_of(space, ReplicaId(u64::MAX));
        self.rows.range(first..=last).map(|(_, entry)| &entry.row)
    }

    /// Walks the rows of one replica in one space, from its first life to its newest.
    pub fn rows_of(
        &self,
        space: Space,
        replica: ReplicaId,
    ) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        let ids = RowId::first_of(space, replica)..=RowId::last_of(space, replica);
        self.rows.range(ids).map(|(_, entry)| &entry.row)
    }

    /// How many rows are visible.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Says whether no row is visible.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The present moment, to hand to [`changed_since`](Self::changed_since) later.
    #[must_use]
    pub const fn bookmark(&self) -> Bookmark {
        Bookmark(self.moment)
    }

    /// Walks the rows that changed after `bookmark`, least recently changed first. Costs O(log n)
    /// and then what changed, not what exists.
    pub fn changed_since(&self, bookmark: Bookmark) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let later = self.changes.range(bookmark.0.saturating_add(1)..);
        later.filter_map(|(_, id)| self.row(*id))
    }

    /// Returns what to ask of a row for: what follows the visible row, or what follows the staging
    /// if that is further along or can take what the visible row cannot.
    #[must_use]
    pub fn wanted_from(&self, id: RowId) -> Since {
        let head = self.rows.get(&id).map(|entry| entry.row.head());
        let visible = head.map_or(Since::default(), |head| Since::copy(head.version, head.floor));
        let staged = self.stagings.get(&id).map(Staging::since);
        let further = |it: &Since| it.version > visible.version || it.floor > visible.version;
        staged.filter(further).unwrap_or(visible)
    }

    /// Says whether a row is one that may be taken from others: not our own, and not of an ended
    /// life where only the newest counts.
    #[must_use]
    pub fn accepts(&self, id: RowId) -> bool {
        id.life != self.life && !self.is_superseded(id)
    }

    /// Returns the rows and versions that a waiting row lacks.
    pub fn missing_dependencies(&self, id: RowId) -> impl Iterator<Item = (RowId, Version)> {
        let staging = self.stagings.get(&id).filter(|staging| staging.is_complete());
        let dependencies = staging.into_iter().flat_map(|it| &it.target().dependencies);
        dependencies.map(|(on, at)| (*on, *at)).filter(|(on, at)| !self.holds(*on, *at))
    }

    /// Walks the ids of the rows being staged.
    pub fn staged(&self) -> impl Iterator<Item = RowId> {
        self.stagings.keys().copied()
    }

    /// Returns where the staging of a row stands and the head it is to reach. With
    /// [`staged_cells`](Self::staged_cells) for tools that tell one whole state from another,
    /// such as a model checker: a staging is no part of what the table says (I3).
    #[must_use]
    pub fn staging(&self, id: RowId) -> Option<(Since, &Head)> {
        self.stagings.get(&id).map(|staging| (staging.since(), staging.target()))
    }

    /// Walks the cells staged of a row, by key.
    pub fn staged_cells(&self, id: RowId) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.stagings.get(&id).into_iter().flat_map(Staging::cells)
    }

    /// Gives up on a row that arrives in pieces, because none came for long.
    pub fn drop_staging(&mut self, id: RowId) {
        self.waiting.remove(&id);
        if let Some(staging) = self.stagings.remove(&id) {
            self.staged_cells -= staging.len();
        }
    }

    fn apply_whole(&mut self, delta: &RowDelta<K, V>) -> Result<Growth, Refused> {
        let id = delta.id();
        let from = self.version(id);
        match self.rows.get_mut(&id) {
            Some(entry) => {
                // Checked before `make_mut`, so that a refusal copies no shared row.
                entry.row.check_whole(delta)?;
                Arc::make_mut(&mut entry.row).apply_whole(delta)?;
                self.note_change(id, from);
            }
            None => {
                let mut row = Row::new(id);
                row.apply_whole(delta)?;
                self.show(Arc::new(row));
            }
        }
        Ok(Growth { id, from })
    }

    fn stage(&mut self, delta: &RowDelta<K, V>) -> Result<Admission, Refused> {
        let id = delta.id();
        if self.staged_cells + delta.cells().len() > self.limits.staged_cells_max {
            return Err(Refused::StagingFull);
        }
        let mut staging = match self.stagings.remove(&id) {
            Some(staging) => self.continue_staging(staging, delta)?,
            None if self.stagings.len() >= self.limits.stagings_max => {
                return Err(Refused::StagingFull);
            }
            None => self.open_staging(delta)?,
        };
        self.waiting.remove(&id);
        if let Err(refused) = staging.take(delta) {
            self.keep_staging(id, staging);
            return Err(refused);
        }
        if !staging.is_complete() {
            let covered = staging.covered();
            self.keep_staging(id, staging);
            return Ok(Admission {
                grown: SmallVec::new(),
                progress: Progress::Staged { covered },
            });
        }
        if !staging.adds_up() {
            return Err(Refused::Hash);
        }
        self.keep_staging(id, staging);
        self.waiting.insert(id);
        let mut grown = SmallVec::new();
        self.swap_waiting(&mut grown);
        let progress =
            if self.waiting.contains(&id) { Progress::Waiting } else { Progress::Visible };
        Ok(Admission { grown, progress })
    }

    /// Decides what `delta` is to be added to: the staging there is, or a new one that would be
    /// further along. The staging there is was taken out of the table, and is put back if the
    /// delta fits neither.
    fn continue_staging(
        &mut self,
        staging: Staging<K, V>,
        delta: &RowDelta<K, V>,
    ) -> Result<Staging<K, V>, Refused> {
        let id = delta.id();
        let fits = delta.continues(staging.covered(), staging.rank().1);
        if fits.is_ok() && delta.to() > staging.covered() {
            self.staged_cells -= staging.len();
            return Ok(staging);
        }
        let visible_floor = self.rows.get(&id).map_or(0, |entry| entry.row.head().floor);
        let floor = if delta.from() == 0 { 0 } else { visible_floor };
        let further = Staging::rank_with(delta, floor) > staging.rank();
        if let Some(new) = further.then(|| self.open_staging(delta)).and_then(Result::ok) {
            self.staged_cells -= staging.len();
            return Ok(new);
        }
        self.stagings.insert(id, staging);
        Err(fits.err().unwrap_or(Refused::StaleStaging))
    }

    fn open_staging(&self, delta: &RowDelta<K, V>) -> Result<Staging<K, V>, Refused> {
        if delta.from() == 0 {
            return Ok(Staging::empty(delta));
        }
        let Some(entry) = self.rows.get(&delta.id()) else {
            return Err(Refused::Gap { version: 0 });
        };
        delta.continues(entry.row.version(), entry.row.head().floor)?;
        if self.staged_cells + entry.row.len() > self.limits.staged_cells_max {
            return Err(Refused::StagingFull);
        }
        Ok(Staging::continuing(&entry.row, delta.head()))
    }

    fn keep_staging(&mut self, id: RowId, staging: Staging<K, V>) {
        self.staged_cells += staging.len();
        self.stagings.insert(id, staging);
    }

    /// After `id` grew: drops what is staged for it and no longer ahead, and swaps in what waited.
    fn settle(&mut self, id: RowId, grown: &mut SmallVec<[Growth; 1]>) {
        if self.stagings.is_empty() {
            return;
        }
        let visible = self.version(id);
        if self.stagings.get(&id).is_some_and(|staging| staging.target().version <= visible) {
            self.drop_staging(id);
        }
        self.swap_waiting(grown);
    }

    /// Swaps in the greatest group of waiting rows whose dependencies are held or in the group.
    fn swap_waiting(&mut self, grown: &mut SmallVec<[Growth; 1]>) {
        let target = |id: &RowId| (*id, self.stagings[id].target().version);
        let mut group: BTreeMap<RowId, Version> = self.waiting.iter().map(target).collect();
        loop {
            let ready = |on: &RowId, at: Version| {
                self.holds(*on, at)
                    || group.get(on).is_some_and(|version| *version >= at)
                    || on.space.is_ephemeral() && group.keys().any(|id| id.supersedes(*on))
            };
            let stuck = |id: &&RowId| {
                let dependencies = &self.stagings[*id].target().dependencies;
                !dependencies.iter().all(|(on, at)| ready(on, *at))
            };
            let out: Vec<RowId> = group.keys().filter(stuck).copied().collect();
            if out.is_empty() {
                break;
            }
            group.retain(|id, _| !out.contains(id));
        }
        for (id, version) in group {
            let from = self.version(id);
            let floor = self.rows.get(&id).map_or(0, |entry| entry.row.head().floor);
            let staging = self.stagings.remove(&id);
            self.waiting.remove(&id);
            let Some(staging) = staging else { continue };
            self.staged_cells -= staging.len();
            if version > from && staging.target().floor >= floor && !self.is_superseded(id) {
                self.show(Arc::new(staging.into_row(id)));
                grown.push(Growth { id, from });
            }
        }
    }

    fn holds_dependencies(&self, head: &Head) -> bool {
        head.dependencies.iter().all(|(on, at)| self.holds(*on, *at))
    }

    /// Says whether a dependency is met: by the row itself, or by a newer life of its owner
    /// where only the newest counts.
    fn holds(&self, id: RowId, version: Version) -> bool {
        self.version(id) >= version || self.is_superseded(id)
    }

    fn is_superseded(&self, id: RowId) -> bool {
        let newest = || self.rows_of(id.space, id.life.replica).next_back();
        id.space.is_ephemeral() && newest().is_some_and(|row| row.id().life > id.life)
    }

    /// Makes a row visible and drops what it supersedes.
    fn show(&mut self, row: Arc<Row<K, V>>) {
        let id = row.id();
        let from = self.version(id);
        self.rows.entry(id).and_modify(|entry| entry.row = Arc::clone(&row)).or_insert_with(|| {
            let changed = 0;
            Entry { row, changed }
        });
        self.note_change(id, from);
        if id.space.is_ephemeral() {
            self.drop_older_lives(id);
        }
    }

    fn drop_older_lives(&mut self, id: RowId) {
        let older: SmallVec<[RowId; 1]> = self
            .rows_of(id.space, id.life.replica)
            .map(|row| row.id())
            .filter(|other| other.life < id.life)
            .collect();
        for id in older {
            if let Some(entry) = self.rows.remove(&id) {
                self.changes.remove(&entry.changed);
                let hash = row_hash(id, entry.row.version());
                self.fingerprint = self.fingerprint.wrapping_sub(hash);
            }
        }
        let lives = RowId::first_of(id.space, id.life.replica)..id;
        let staged: SmallVec<[RowId; 1]> = self.stagings.range(lives).map(|(id, _)| *id).collect();
        for id in staged {
            self.drop_staging(id);
        }
    }

    fn note_change(&mut self, id: RowId, from: Version) {
        let Some(entry) = self.rows.get_mut(&id) else { return };
        self.moment += 1;
        self.changes.remove(&entry.changed);
        self.changes.insert(self.moment, id);
        entry.changed = self.moment;
        if from > 0 {
            self.fingerprint = self.fingerprint.wrapping_sub(row_hash(id, from));
        }
        self.fingerprint = self.fingerprint.wrapping_add(row_hash(id, entry.row.version()));
    }
}

/// Equal if they show the same rows; who writes where, stagings and history do not count.
impl<K, V> PartialEq for VvMap<K, V>
where
    Row<K, V>: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.rows.len() == other.rows.len()
            && self.rows.values().zip(other.rows.values()).all(|(a, b)| a.row == b.row)
    }
}

/// One's own row, open for writing. Each call is one write and takes one version (I1).
#[derive(Debug)]
pub struct RowWriter<'t, K, V> {
    table: &'t mut VvMap<K, V>,
    id: RowId,
    timestamp: Timestamp,
}

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> RowWriter<'_, K, V> {
    /// Puts a value under a key and returns the version that names the write.
    pub fn set(&mut self, key: K, value: V) -> Version {
        let timestamp = self.timestamp;
        self.mutate(|row| row.write(timestamp, key, Some(value)))
    }

    /// Takes the value away from under a key, leaving a tombstone with its own version. Does
    /// nothing if there is no value.
    pub fn erase(&mut self, key: &K) -> bool {
        self.erase_depending(key, None)
    }

    /// Like [`erase`](Self::erase); from this version on, the row may only be shown where the
    /// named row is held at the named version or a later one (I13).
    pub fn erase_depending(&mut self, key: &K, on: Option<(RowId, Version)>) -> bool {
        if self.row().and_then(|row| row.get(key)).is_none() {
            return false;
        }
        let timestamp = self.timestamp;
        self.mutate(|row| {
            if let Some((on, at)) = on {
                row.depend(on, at);
            }
            row.write(timestamp, key.clone(), None);
        });
        true
    }

    /// Drops the tombstones with version <= `before` and raises the floor, in one write. Does
    /// nothing, and returns false, if there are none.
    pub fn forget(&mut self, before: Version) -> bool {
        if self.row().is_none_or(|row| row.tombstones() == 0) {
            return false;
        }
        let timestamp = self.timestamp;
        self.mutate(|row| row.forget(timestamp, before))
    }

    /// The row as it stands; nothing if it was never written.
    #[must_use]
    pub fn row(&self) -> Option<&Row<K, V>> {
        self.table.row(self.id).map(|row| &**row)
    }

    fn mutate<R>(&mut self, write: impl FnOnce(&mut Row<K, V>) -> R) -> R {
        let id = self.id;
        let from = self.table.version(id);
        let entry = self
            .table
            .rows
            .entry(id)
            .or_insert_with(|| Entry { row: Arc::new(Row::new(id)), changed: 0 });
        let result = write(Arc::make_mut(&mut entry.row));
        if entry.row.version() > from {
            self.table.note_change(id, from);
            if from == 0 && id.space.is_ephemeral() {
                self.table.drop_older_lives(id);
            }
        }
        result
    }
}
