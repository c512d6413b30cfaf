//! Types that are ways to read a table of rows.

use std::{fmt::Debug, time::Duration};

use proptest::strategy::Strategy;
use rumormill_crdt::{
    Bytes, Key, Life, Limits, Refused, Replica, ReplicaId, Row, RowDelta, Since, Table,
    VersionVector, Writer, codec,
};

use crate::{ByDelta, Collects, Crdt, Deltas, Evicts, Heard, Laws};

/// A way to edit and read a table: a column, several columns together, or anything else that is
/// made of a table's rows.
pub trait Columns: 'static {
    /// What a user can do. To be done in one space.
    type Edit: Clone + Debug + 'static;

    /// All that a user can read.
    type Read: PartialEq + Debug;

    /// Edits one's own rows. What cannot be done there does nothing.
    fn edit(writer: &mut Writer<'_>, edit: &Self::Edit);

    /// Reads everything there is to read.
    fn read(table: &Table) -> Self::Read;

    /// What a replica that has heard of these edits has to read.
    fn specified(heard: &Heard<'_, Self::Edit>) -> Self::Read;

    /// What the history is to say of an edit. See [`Crdt::resolve`].
    #[must_use]
    fn resolve(edit: &Self::Edit, _heard: &Heard<'_, Self::Edit>) -> Self::Edit {
        edit.clone()
    }
}

/// The laws of a way to edit and read a table. Rows travel one by one, in pieces if they are long,
/// are collected and forgotten, and are checked for everything but
/// [`removal`](Laws::removal), which has to be told what edits insert.
///
/// Not for columns of an ephemeral space, where a restart is meant to lose what was said before.
///
/// ```
/// use rumormill_crdt::{Column, GCounter, PnCounter, Space, Table, Writer};
/// use rumormill_laws::{Columns, Heard, laws_of_rows};
///
/// const CALLS: Column<GCounter> = Column::new(Space::STATS, "calls");
/// const LOAD: Column<PnCounter> = Column::new(Space::STATS, "load");
///
/// /// A call raises the load while it lasts.
/// enum Agent {}
///
/// impl Columns for Agent {
///     type Edit = bool;
///     type Read = (u128, i128);
///
///     fn edit(writer: &mut Writer<'_>, begins: &bool) {
///         let counted = if *begins { CALLS.add(writer, 1) } else { Ok(()) };
///         counted.and_then(|()| LOAD.add(writer, if *begins { 1 } else { -1 })).unwrap();
///     }
///     fn read(table: &Table) -> (u128, i128) {
///         (CALLS.read(table), LOAD.read(table))
///     }
///     fn specified(heard: &Heard<'_, bool>) -> (u128, i128) {
///         let begun = heard.edits().filter(|it| *it.edit()).count() as u128;
///         let all = heard.edits().count() as i128;
///         (begun, 2 * begun as i128 - all)
///     }
/// }
///
/// laws_of_rows::<Agent>(proptest::bool::ANY).histories(200).check();
/// ```
pub fn laws_of_rows<C: Columns>(
    edits: impl Strategy<Value = C::Edit> + 'static,
) -> Laws<Rows<C>, ByDelta> {
    Laws::new(edits.boxed()).sizes().collection().eviction()
}

/// A replica whose table is edited and read through `C`.
pub struct Rows<C> {
    replica: Replica,
    columns: std::marker::PhantomData<C>,
}

/// How many bytes of cells a piece of a row has room for, at least.
const PIECE_LEN: usize = 48;

/// Into how many pieces a long row is cut, about.
const PIECES: usize = 4;

impl<C> Rows<C> {
    /// The table.
    #[must_use]
    pub const fn table(&self) -> &Table {
        self.replica.table()
    }

    /// What the wall clock reads: clocks of different lives are up to two seconds apart.
    const fn wall(&self) -> Duration {
        let apart = self.table().life().epoch.wrapping_mul(7_919) % 2_000;
        Duration::from_millis(1_000_000_000 + apart)
    }
}

impl<C: Columns> Crdt for Rows<C> {
    type Edit = C::Edit;
    type Read = C::Read;

    fn new(life: Life) -> Self {
        Self { replica: Replica::new(life, Limits::DEFAULT), columns: std::marker::PhantomData }
    }

    fn edit(&mut self, edit: &C::Edit) {
        self.replica.edit(self.wall(), |writer| C::edit(writer, edit));
    }

    fn join(&mut self, other: &Self) {
        self.replica.join(&other.replica);
    }

    fn read(&self) -> C::Read {
        C::read(self.table())
    }

    fn specified(heard: &Heard<'_, C::Edit>) -> C::Read {
        C::specified(heard)
    }

    fn same(&self, other: &Self) -> bool {
        self.table() == other.table()
    }

    fn restart(disk: &Self, life: Life) -> Self {
        let mut value = Self::new(life);
        disk.table().evicted().for_each(|replica| drop(value.replica.evict(replica)));
        value.join(disk);
        value
    }

    fn stamp(&self) -> u64 {
        self.replica.last_timestamp().0
    }

    fn resolve(edit: &C::Edit, heard: &Heard<'_, C::Edit>) -> C::Edit {
        C::resolve(edit, heard)
    }
}

impl<C: Columns> Deltas for Rows<C> {
    type Digest = VersionVector;
    type Delta = RowDelta<Key, Bytes>;

    fn digest(&self) -> VersionVector {
        self.table().version_vector()
    }

    fn deltas_since(&self, digest: &VersionVector) -> Vec<Self::Delta> {
        let rows = self.table().rows();
        rows.flat_map(|row| pieces(row, digest.version(row.id()))).collect()
    }

    /// What a staging stands in the way of is taken in all the same: in place of the timeout that
    /// a node would wait for.
    fn admit(&mut self, delta: &Self::Delta) {
        let (now, any_skew) = (self.wall(), Duration::MAX);
        let taken = self.replica.admit(now, any_skew, delta);
        if let Err(Refused::StaleStaging | Refused::OldFloor) = taken {
            self.replica.drop_staging(delta.id());
            // Refused again, it is lost, as a datagram may be.
            let _ = self.replica.admit(now, any_skew, delta);
        }
    }
}

impl<C: Columns> Evicts for Rows<C> {
    fn evict(&mut self, replica: ReplicaId) {
        self.replica.evict(replica);
    }
}

impl<C: Columns> Collects for Rows<C> {
    fn collect(&mut self) {
        let rows: Vec<_> = self.table().rows().map(|row| row.id()).collect();
        self.replica.collect(rows);
    }

    fn forget(&mut self, before: u64) {
        let life = self.table().life();
        let own = self.table().rows().map(|row| row.id()).filter(|id| id.life == life);
        let spaces: Vec<_> = own.map(|id| id.space).collect();
        for space in spaces {
            self.replica.forget(space, before);
        }
    }
}

/// What a copy at a version lacks of a row, in pieces.
fn pieces(row: &Row<Key, Bytes>, from: u64) -> Vec<RowDelta<Key, Bytes>> {
    let mut since = Since::from(from);
    let mut pieces = Vec::new();
    loop {
        let whole = row.delta_since(since, usize::MAX);
        let Some(whole) = whole else { return pieces };
        let cells = || whole.cells().iter().map(codec::encoded_len);
        let longest = cells().max().unwrap_or(0);
        let (len, of_cells) = (codec::encoded_len(&whole), cells().sum::<usize>());
        let room = PIECE_LEN.max(longest).max(of_cells / PIECES);
        let piece = row.delta_since(since, len - of_cells + 2 + room).unwrap_or(whole);
        since = Since { version: piece.to(), floor: piece.head().floor };
        pieces.push(piece);
    }
}

impl<C> Clone for Rows<C> {
    fn clone(&self) -> Self {
        Self { replica: self.replica.clone(), columns: std::marker::PhantomData }
    }
}

impl<C> Debug for Rows<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rows").field(self.table()).finish()
    }
}
