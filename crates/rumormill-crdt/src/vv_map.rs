//! The version-vector map: the one CRDT of which all others are readings.

mod admitting;
mod dropping;
mod joining;
mod quota;

use alloc::sync::Arc;

use serde::Serialize;
use smallvec::SmallVec;

use crate::{
    Cell, Change, Dependency, Head, Life, Limits, ReplicaId, Row, RowDelta, RowId, RowPool,
    RowWriter, Signature, Since, Space, Timestamp, Version, VersionVector,
    rows::{self, Rows},
    stagings::Stagings,
};

pub use self::{dropping::Dropped, quota::Share};

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
    rows: Rows<K, V>,
    stagings: Stagings<K, V>,
}

/// A moment in the life of one table value: what changed after it can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bookmark(u64);

impl<K: Ord + Clone + Serialize, V: Clone + Serialize> VvMap<K, V> {
    /// Makes an empty table in which `life` writes.
    #[must_use]
    pub fn new(life: Life, limits: Limits) -> Self {
        Self { life, limits, rows: Rows::new(), stagings: Stagings::new() }
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
        RowWriter::new(self, id, timestamp)
    }

    /// Returns, row by row, what a table with the given digest lacks. Costs O(rows) comparisons;
    /// to pay only for what changed, walk [`changed_since`](Self::changed_since).
    pub fn delta_since(&self, digest: &VersionVector) -> impl Iterator<Item = RowDelta<K, V>> {
        self.rows().filter_map(|row| row.delta_since(digest.version(row.id()), usize::MAX))
    }

    /// Returns, row by row, what a table with the given digest lacks, as far as all of it together
    /// takes at most `len_max` encoded bytes. A delta may be a piece of its row; for the rest, ask
    /// with what the other side [wants](Self::wanted_from).
    pub fn delta_within(
        &self,
        digest: &VersionVector,
        len_max: usize,
    ) -> impl Iterator<Item = RowDelta<K, V>> {
        let mut room = len_max;
        self.rows().filter_map(move |row| {
            let delta = row.delta_since(digest.version(row.id()), room)?;
            room -= delta.encoded_len();
            Some(delta)
        })
    }

    /// The digest of what is visible.
    #[must_use]
    pub fn version_vector(&self) -> VersionVector {
        self.rows().map(|row| (row.id(), row.version())).collect()
    }

    /// A hash of the version vector, kept up to date by every change: the sum over all rows of the
    /// version times a hash of the id. Tables that differ have the same fingerprint with
    /// probability 2^-64 per comparison, by accident; on purpose it takes no effort, since the hash
    /// has no secret key.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.rows.fingerprint()
    }

    /// The [fingerprint](Self::fingerprint) without the rows of the life that writes here: what
    /// somebody has who holds the same but for these.
    #[must_use]
    pub fn fingerprint_of_others(&self) -> u64 {
        let own = self.own_rows().map(|id| rows::share(id, self.version(id)));
        own.fold(self.fingerprint(), u64::wrapping_sub)
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
        self.rows.get(id)
    }

    /// Returns the version a row is visible at; 0 if it is not.
    #[must_use]
    pub fn version(&self, id: RowId) -> Version {
        self.rows.version(id)
    }

    /// Walks all rows by id.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        self.rows.iter()
    }

    /// Walks rows from `start` on, by id.
    pub fn rows_from(&self, start: RowId) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.rows.from(start)
    }

    /// Walks the rows of one space by owner and life.
    pub fn rows_in(&self, space: Space) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.rows.in_space(space)
    }

    /// Walks the rows of one replica in one space, from its first life to its newest.
    pub fn rows_of(
        &self,
        space: Space,
        replica: ReplicaId,
    ) -> impl DoubleEndedIterator<Item = &Arc<Row<K, V>>> {
        self.rows.of(space, replica)
    }

    /// How many rows are visible.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Says whether no row is visible.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// The present moment, to hand to [`changed_since`](Self::changed_since) later.
    #[must_use]
    pub const fn bookmark(&self) -> Bookmark {
        Bookmark(self.rows.moment())
    }

    /// Walks the rows that changed after `bookmark`, least recently changed first. Costs O(log n)
    /// and then what changed, not what exists; where more changed than a sixteenth of the rows and 64, it
    /// may cost a look at all rows.
    pub fn changed_since(&self, bookmark: Bookmark) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        self.rows.changed_after(bookmark.0)
    }

    /// Returns the rows that changed after `bookmark`, dropped ones too, by id. Nothing if too much
    /// has changed since to tell: then look at all rows. The latest 64 changes can always be told.
    #[must_use]
    pub fn changes_since(&self, bookmark: Bookmark) -> Option<SmallVec<[Change; 2]>> {
        self.rows.changes_after(bookmark.0)
    }

    /// Has the rows that changed after `since` share their memory with equal rows of other tables.
    /// Nothing else changes; the next write of a row, by its owner or by a delta, copies it first.
    pub fn share_rows(&mut self, since: Bookmark, pool: &mut RowPool<K, V>)
    where
        Cell<V>: PartialEq,
    {
        self.rows.share(since.0, pool);
    }

    /// Returns the number of a visible row. It stays the same while the row is there; later it
    /// may stand for another row.
    #[must_use]
    pub fn number(&self, id: RowId) -> Option<u32> {
        self.rows.number(id)
    }

    /// Returns the row with a number.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Option<&Arc<Row<K, V>>> {
        self.rows.numbered(number)
    }

    /// Returns what to ask of a row for: what follows the visible row, or what follows the staging
    /// if that is further along or can take what the visible row cannot.
    #[must_use]
    pub fn wanted_from(&self, id: RowId) -> Since {
        let head = self.rows.head(id);
        let visible = head.map_or(Since::default(), |head| Since::copy(head.version, head.floor));
        let staged = self.stagings.since(id);
        let further = |it: &Since| it.version > visible.version || it.floor > visible.version;
        staged.filter(further).unwrap_or(visible)
    }

    /// Says whether a row is one that may be taken from others: not our own, and not of an ended
    /// life where only the newest counts.
    #[must_use]
    pub fn accepts(&self, id: RowId) -> bool {
        id.life != self.life && !self.rows.supersede(id) && !self.rows.is_evicted(id.life.replica)
    }

    /// Returns the rows and versions that a waiting row lacks.
    pub fn missing_dependencies(&self, id: RowId) -> impl Iterator<Item = (RowId, Dependency)> {
        let target = self.stagings.target(id).filter(|_| self.stagings.is_waiting(id));
        let dependencies = target.into_iter().flat_map(|target| &target.dependencies);
        dependencies.map(|(on, at)| (*on, *at)).filter(|(on, at)| !self.rows.meet(*on, *at))
    }

    /// Says whether pieces of a row are staged.
    #[must_use]
    pub fn is_staged(&self, id: RowId) -> bool {
        self.stagings.since(id).is_some()
    }

    /// Walks the ids of the rows being staged.
    pub fn staged(&self) -> impl Iterator<Item = RowId> {
        self.stagings.ids()
    }

    /// Returns where the staging of a row stands and the head it is to reach. With
    /// [`staged_cells`](Self::staged_cells) for tools that tell one whole state from another,
    /// such as a model checker: a staging is no part of what the table says (I3).
    #[must_use]
    pub fn staging(&self, id: RowId) -> Option<(Since, &Head)> {
        self.stagings.since(id).zip(self.stagings.target(id))
    }

    /// Walks the cells staged of a row, by key.
    pub fn staged_cells(&self, id: RowId) -> impl Iterator<Item = (&K, &Cell<V>)> {
        self.stagings.cells(id)
    }

    /// Gives up on a row that arrives in pieces, because none came for long.
    pub fn drop_staging(&mut self, id: RowId) {
        self.stagings.remove(id);
    }

    /// Makes a row visible and drops what it supersedes.
    fn show(&mut self, row: Arc<Row<K, V>>) {
        let id = row.id();
        self.rows.show(row);
        self.drop_superseded_by(id);
    }

    /// The rows of the life that writes here whose heads are not signed.
    pub fn unsigned_own_rows(&self) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let own = self.own_rows().filter_map(|id| self.row(id));
        own.filter(|row| row.head().signature.is_none())
    }

    /// Adds the signature of one of our own rows, as it is. The next write takes it off again.
    pub fn sign(&mut self, space: Space, signature: Signature) {
        let id = RowId { space, life: self.life };
        if self.version(id) > 0 {
            self.rows.change(id, |row| row.sign(signature));
        }
    }

    /// Writes in one of our own rows.
    pub(crate) fn change_own<R>(
        &mut self,
        id: RowId,
        write: impl FnOnce(&mut Row<K, V>) -> R,
    ) -> R {
        debug_assert_eq!(id.life, self.life, "a life writes its own rows only");
        let result = self.rows.change(id, write);
        self.drop_superseded_by(id);
        result
    }

    fn drop_superseded_by(&mut self, id: RowId) {
        if id.space.is_ephemeral() {
            // The row of the life that writes here stays even if a later life is known, or its
            // versions would be minted a second time (I1).
            self.rows.drop_older_lives(id, self.life);
            self.stagings.drop_older_lives(id);
        }
    }
}

/// Equal if they show the same rows; who writes where, stagings and history do not count.
impl<K: Ord + Clone + Serialize, V: Clone + Serialize> PartialEq for VvMap<K, V>
where
    Row<K, V>: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.rows().eq(other.rows())
    }
}
