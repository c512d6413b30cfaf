//! A table together with the clock of the life that writes in it.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    Admission, Bookmark, Bytes, Clock, DeltaCell, Dropped, EditStep, Growth, Head, HeadVerifier,
    Horizon, Key, Life, Limits, Progress, Refused, ReplicaId, Retention, Row, RowDelta, RowId,
    RowPool, Signature, Space, Table, Timestamp, VersionVector, Writer,
    columns::{self, or_set, overruling},
};

/// A table together with the clock of the life that writes in it: what a node replicates and what
/// every stand-alone type is made of.
///
/// With serde it is its life, who is evicted, its horizon and its rows, whole; what is staged and the
/// limits stay behind. What is read back has the default limits. Only one of the two may go on editing, or the other must
/// [begin a life](Self::begin_life) of its own first (I1).
#[derive(Clone, Debug)]
pub struct Replica {
    table: Table,
    clock: Clock,
}

impl Replica {
    /// Makes an empty replica for `life`.
    #[must_use]
    pub fn new(life: Life, limits: Limits) -> Self {
        Self { table: Table::new(life, limits), clock: Clock::default() }
    }

    /// Edits the table in one's own rows; `unix` is what the wall clock reads.
    pub fn edit<R>(&mut self, unix: Duration, edit: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        edit(&mut Writer::new(&mut self.table, &mut self.clock, unix))
    }

    /// Edits the table, and returns besides what was done, so that it can be
    /// [done again](crate::EditStep::repeat).
    pub fn edit_recorded<R>(
        &mut self,
        unix: Duration,
        edit: impl FnOnce(&mut Writer<'_>) -> R,
    ) -> (R, Vec<EditStep>) {
        let mut steps = Vec::new();
        let writer = Writer::new(&mut self.table, &mut self.clock, unix);
        let result = edit(&mut writer.recording(&mut steps));
        (result, steps)
    }

    /// Takes in a delta from anybody.
    ///
    /// # Errors
    ///
    /// [`Refused::Clock`] if the delta's timestamp is more than `skew_max` ahead of the wall
    /// clock (I10), else as [`VvMap::admit`](crate::VvMap::admit). Nothing visible changed.
    pub fn admit(
        &mut self,
        unix: Duration,
        skew_max: Duration,
        delta: &RowDelta<Key, Bytes>,
    ) -> Result<Admission, Refused> {
        self.check(unix, skew_max, delta)?;
        let admission = self.table.admit(delta)?;
        self.clock.witness(delta.head().timestamp);
        self.let_the_expired_go(delta.id(), admission)
    }

    /// Takes in a delta from anybody, in a population that signs.
    ///
    /// # Errors
    ///
    /// As [`admit`](Self::admit), and as [`VvMap::admit_signed`](crate::VvMap::admit_signed).
    pub fn admit_signed(
        &mut self,
        unix: Duration,
        skew_max: Duration,
        delta: &RowDelta<Key, Bytes>,
        verifier: &mut dyn HeadVerifier<Key, Bytes>,
    ) -> Result<Admission, Refused> {
        self.check(unix, skew_max, delta)?;
        let admission = self.table.admit_signed(delta, verifier)?;
        // Of what is staged nobody has verified the stamp yet.
        for row in admission.grown.iter().filter_map(|growth| self.table.row(growth.id)) {
            self.clock.witness(row.head().timestamp);
        }
        self.let_the_expired_go(delta.id(), admission)
    }

    /// Takes note that others were told of one of our own rows as it is: what is written next is a growth
    /// of its own, which those know where it begins. See [`Row::sequel`](crate::Row::sequel).
    pub fn mark_told(&mut self, id: RowId) {
        if id.life == self.table.life() && self.table.version(id) > 0 {
            self.table.change_own(id, Row::mark_told);
        }
    }

    /// Adds the signature of our own row in a space.
    pub fn sign(&mut self, space: Space, signature: Signature) {
        self.table.sign(space, signature);
    }

    fn check(
        &self,
        unix: Duration,
        skew_max: Duration,
        delta: &RowDelta<Key, Bytes>,
    ) -> Result<(), Refused> {
        let stamped = delta.head().timestamp;
        Clock::check(stamped, unix, skew_max).map_err(Refused::Clock)?;
        self.check_sizes(delta)?;
        let later = |cell| columns::timestamp(cell).is_some_and(|it| it > stamped);
        if delta.cells().iter().any(|cell| later((&cell.key, cell.value.as_ref()))) {
            return Err(Refused::CellAfterHead);
        }
        self.check_age(delta)
    }

    /// A whole row that would go at once is not taken in.
    fn check_age(&self, delta: &RowDelta<Key, Bytes>) -> Result<(), Refused> {
        let (id, head) = (delta.id(), delta.head());
        let is_whole = delta.from() == 0 && delta.is_complete();
        let is_news = is_whole && self.table.version(id) == 0 && !introduces(id, head);
        if !is_news || !self.table.is_expired(id.space, head.timestamp) {
            return Ok(());
        }
        let mut kept: Vec<_> = self.table.rows_in(id.space).cloned().collect();
        let held = kept.len();
        overruling::keep_overruling(&mut kept, [Arc::new(Row::from_whole(delta)?)].into());
        if kept.len() > held { Ok(()) } else { Err(Refused::Expired) }
    }

    /// Of a row that came in pieces, or waited for others, nobody knew what it overrules until it was
    /// whole. If it has expired, and overrules nothing, it goes before anybody reads it: what removed
    /// its cells may have gone before.
    fn let_the_expired_go(
        &mut self,
        id: RowId,
        mut admission: Admission,
    ) -> Result<Admission, Refused> {
        loop {
            let new = admission.grown.iter().filter(|growth| growth.from == 0);
            let expired: Vec<RowId> =
                new.map(|growth| growth.id).filter(|id| self.has_expired(*id)).collect();
            if expired.is_empty() {
                return Ok(admission);
            }
            let dropped = self.table.drop_unless(expired, overruling::keep_overruling);
            if dropped.gone.is_empty() {
                return Ok(admission);
            }
            admission.grown.retain(|growth| !dropped.gone.contains(&growth.id));
            admission.grown.extend(dropped.grown);
            if dropped.gone.contains(&id) {
                if admission.grown.is_empty() {
                    return Err(Refused::Expired);
                }
                admission.progress = Progress::Known;
            }
        }
    }

    fn has_expired(&self, id: RowId) -> bool {
        let head = self.table.row(id).map(|row| row.head());
        head.is_some_and(|head| {
            !introduces(id, head) && self.table.is_expired(id.space, head.timestamp)
        })
    }

    /// What nobody could pass on, or no table could hold, is not taken in.
    fn check_sizes(&self, delta: &RowDelta<Key, Bytes>) -> Result<(), Refused> {
        let Limits { cell_len_max, cells_max, .. } = *self.table.limits();
        let len = |cell: &DeltaCell<Key, Bytes>| {
            cell.key.len() + cell.value.as_ref().map_or(0, |value| value.len())
        };
        let held = self.table.row(delta.id()).map_or(0, |row| row.len());
        // Cells that replace others count twice here, so twice the limit is never too little.
        let too_many = held + delta.cells().len() > cells_max.saturating_mul(2);
        let too_long = delta.cells().iter().any(|cell| len(cell) > cell_len_max);
        if too_many || too_long { Err(Refused::TooLarge) } else { Ok(()) }
    }

    /// Takes in all that `other` holds and returns the rows that grew. For values of one program;
    /// what strangers send goes through [`admit`](Self::admit), which checks clocks.
    pub fn join(&mut self, other: &Self) -> Vec<Growth> {
        let grown = self.table.join(&other.table);
        self.witness(&grown);
        grown
    }

    /// Takes in rows at rest. See [`VvMap::restore`](crate::VvMap::restore).
    pub fn restore(&mut self, rows: impl IntoIterator<Item = Arc<Row<Key, Bytes>>>) -> Vec<Growth> {
        let grown = self.table.restore(rows);
        self.witness(&grown);
        grown
    }

    /// Ends the present life and begins `life`. See
    /// [`VvMap::begin_life`](crate::VvMap::begin_life).
    ///
    /// # Panics
    ///
    /// If `life` is not later than the one that ends.
    pub fn begin_life(&mut self, life: Life) {
        self.table.begin_life(life);
    }

    /// Keeps rows of this life from expiring, and drops rows of ended lives that have, unless they
    /// overrule something that stays: an element removed, a value overwritten. Call it when the
    /// wall clock has passed [`Retention::next_step`].
    ///
    /// A row is stamped anew by a write of its own, once a fourth of the retention is over, or when
    /// a row it depends on is gone.
    pub fn expire(&mut self, unix: Duration, retention: &Retention) -> Dropped {
        let dropped = self.table.expire(retention.horizon(unix), overruling::keep_overruling);
        let refresh = retention.refresh_horizon(unix);
        let own: Vec<_> = self.table.own_rows().collect();
        for id in own {
            let Some(head) = self.table.row(id).map(|row| row.head()) else { continue };
            let is_old = head.timestamp < refresh.of(id.space);
            if is_old || self.depends_on_the_gone(head) {
                self.touch(unix, id.space);
            }
        }
        dropped
    }

    /// Drops every row of a replica and refuses all of its lives. See
    /// [`VvMap::evict`](crate::VvMap::evict).
    pub fn evict(&mut self, replica: ReplicaId) -> Dropped {
        self.table.evict(replica)
    }

    /// Takes an eviction back.
    pub fn pardon(&mut self, replica: ReplicaId) {
        self.table.pardon(replica);
    }

    /// The rows that this life has let expire, because it did not run for so long: others have
    /// dropped them, so it must [start over](Self::start_over). A row of an ephemeral space, where
    /// nothing is removed by others, may simply be stamped anew.
    pub fn expired_own_rows(&self, unix: Duration, retention: &Retention) -> Vec<RowId> {
        let horizon = retention.horizon(unix);
        let stamped = |id: &RowId| self.table.row(*id).map(|row| row.head().timestamp);
        let is_old = |id: &RowId| stamped(id).is_some_and(|stamp| stamp < horizon.of(id.space));
        let durable = self.table.own_rows().filter(|id| !id.space.is_ephemeral());
        durable.filter(is_old).collect()
    }

    /// Drops every row and begins `life`. See [`VvMap::start_over`](crate::VvMap::start_over).
    ///
    /// # Panics
    ///
    /// If `life` is not later than the one that ends.
    pub fn start_over(&mut self, life: Life) -> Dropped {
        self.table.start_over(life)
    }

    fn depends_on_the_gone(&self, head: &Head) -> bool {
        head.dependencies.iter().any(|(on, at)| self.table.is_gone(*on, *at))
    }

    fn touch(&mut self, unix: Duration, space: Space) {
        let timestamp = self.clock.tick(unix);
        self.table.write(space, timestamp).touch();
    }

    /// Does an owner's share of collecting removed set elements, after `grown` rows changed:
    /// erases one's own adds that those rows kill, and one's own kills of adds that are gone from
    /// those rows. Says whether anything was written.
    pub fn collect(&mut self, grown: impl IntoIterator<Item = RowId>) -> bool {
        let mut wrote = false;
        for id in grown {
            wrote |= or_set::collect(&mut self.table, self.clock.last(), id);
        }
        wrote
    }

    /// Forgets one's own tombstones up to `before` in `space`. Says whether there were any.
    pub fn forget(&mut self, space: Space, before: u64) -> bool {
        self.table.write(space, self.clock.last()).forget(before)
    }

    /// Returns, row by row, what a table with the given digest lacks.
    pub fn delta_since(
        &self,
        digest: &VersionVector,
    ) -> impl Iterator<Item = RowDelta<Key, Bytes>> {
        self.table.delta_since(digest)
    }

    /// Returns, row by row, as much of what a table with the given digest lacks as takes at most
    /// `len_max` encoded bytes.
    pub fn delta_within(
        &self,
        digest: &VersionVector,
        len_max: usize,
    ) -> impl Iterator<Item = RowDelta<Key, Bytes>> {
        self.table.delta_within(digest, len_max)
    }

    /// The table, to read from.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Has the rows that changed after `since` share their memory with equal rows of other tables:
    /// see [`VvMap::share_rows`](crate::VvMap::share_rows).
    pub fn share_rows(&mut self, since: Bookmark, pool: &mut RowPool<Key, Bytes>) {
        self.table.share_rows(since, pool);
    }

    /// The last timestamp taken or witnessed.
    #[must_use]
    pub const fn last_timestamp(&self) -> Timestamp {
        self.clock.last()
    }

    /// Gives up on a row that arrives in pieces.
    pub fn drop_staging(&mut self, id: RowId) {
        self.table.drop_staging(id);
    }

    fn witness(&mut self, grown: &[Growth]) {
        for row in grown.iter().filter_map(|growth| self.table.row(growth.id)) {
            self.clock.witness(row.head().timestamp);
        }
    }
}

impl Serialize for Replica {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<_> = self.table.delta_since(&VersionVector::default()).collect();
        let evicted: Vec<_> = self.table.evicted().collect();
        let horizon = Some(self.table.horizon()).filter(|it| *it != Horizon::default());
        (self.table.life(), evicted, horizon, rows).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Replica {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Form = (Life, Vec<ReplicaId>, Option<Horizon>, Vec<RowDelta<Key, Bytes>>);
        let (life, evicted, horizon, rows) = Form::deserialize(deserializer)?;
        let mut table = Table::new(life, Limits::DEFAULT);
        // The table is empty yet, so nothing is dropped.
        evicted.into_iter().for_each(|replica| drop(table.evict(replica)));
        table.expire(horizon.unwrap_or_default(), overruling::keep_overruling);
        let table = table.read_back(&rows).map_err(D::Error::custom)?;
        let mut clock = Clock::default();
        table.rows().for_each(|row| clock.witness(row.head().timestamp));
        Ok(Self { table, clock })
    }
}

/// Whether the owner says by which key its rows are verified, older ones too, which may come after
/// it.
fn introduces(id: RowId, head: &Head) -> bool {
    id.space == Space::SELF && head.signature.is_some()
}
