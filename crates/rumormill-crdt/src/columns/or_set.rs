//! A set in which removal removes what was observed.

use alloc::{collections::BTreeSet, vec::Vec};
use core::time::Duration;

use super::stand_alone;
use crate::{
    Bytes, Column, ColumnType, Dependency, Element, Head, Key, KeyKind, Life, RowId, Space, Table,
    Timestamp, Version, WriteError, Writer, codec,
};

stand_alone! {
    /// A set. An element is in it if some life's latest insert of it that was heard of has been
    /// removed by no edit heard of. A remove removes the inserts its replica saw in the set, so an
    /// insert concurrent with a remove wins. A life that obeyed the removal of its own insert
    /// passes it on with its row.
    ///
    /// Shapiro, Preguica, Baquero and Zawirski, "A comprehensive study of Convergent and
    /// Commutative Replicated Data Types" (INRIA RR-7506, 2011), section 3.3.5, with the life and
    /// version of a write as its unique tag. One's own insert is removed by erasing it. Somebody
    /// else's is removed by a *kill*, a cell in one's own row that names it; the kill is dropped
    /// once the owner has erased the insert, and whoever shows our row after that must hold the
    /// owner's row without the insert (I13). So tombstones go without anybody knowing who is in
    /// the population, and what was removed stays removed (I8).
    OrSet<T: Element>
}

impl<T: Element + Ord> OrSet<T> {
    /// Adds an element.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if the element is too long to travel.
    pub fn insert(&mut self, element: &T) -> Result<(), WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.insert(writer, element))
    }

    /// Removes an element. Says whether it was there.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn remove(&mut self, element: &T) -> Result<bool, WriteError> {
        self.replica.edit(Duration::ZERO, |writer| Self::COLUMN.remove(writer, element))
    }

    /// Says whether an element is in the set.
    #[must_use]
    pub fn contains(&self, element: &T) -> bool {
        Self::COLUMN.contains(self.replica.table(), element)
    }

    /// Reads all elements.
    #[must_use]
    pub fn read(&self) -> BTreeSet<T> {
        Self::COLUMN.read(self.replica.table())
    }

    /// Does one's own share of collecting removed elements; call it now and then after joins.
    /// Changes no read, here or elsewhere. Says whether anything was collected.
    pub fn collect(&mut self) -> bool {
        let rows: Vec<_> = self.replica.table().rows().map(|row| row.id()).collect();
        self.replica.collect(rows)
    }
}

impl<T: Element + Ord> Column<OrSet<T>> {
    /// Adds an element.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] and [`WriteError::RowFull`].
    pub fn insert(&self, writer: &mut Writer<'_>, element: &T) -> Result<(), WriteError> {
        let key = self.key(element).ok_or_else(|| WriteError::CellTooLong {
            len: usize::MAX,
            len_max: writer.table().limits().cell_len_max,
        })?;
        writer.set(self.space(), key, Bytes::default()).map(drop)
    }

    /// Removes the inserts of an element that are seen in the set. Says whether there were any.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`]; inserts met before the row was full are removed.
    pub fn remove(&self, writer: &mut Writer<'_>, element: &T) -> Result<bool, WriteError> {
        let Some(key) = self.key(element) else { return Ok(false) };
        let adds: Vec<_> = self.live_adds(writer.table(), &key).collect();
        for &(life, version) in &adds {
            if life == writer.life() {
                writer.erase(self.space(), &key);
            } else {
                writer.set(self.space(), Key::kill(life, version), Bytes::default())?;
            }
        }
        Ok(!adds.is_empty())
    }

    /// Says whether an element is in the set.
    #[must_use]
    pub fn contains(&self, table: &Table, element: &T) -> bool {
        self.key(element).is_some_and(|key| self.live_adds(table, &key).next().is_some())
    }

    /// Reads all elements.
    #[must_use]
    pub fn read(&self, table: &Table) -> BTreeSet<T> {
        let kills = kills(table, self.space());
        let mut elements = BTreeSet::new();
        for row in table.rows_in(self.space()) {
            let life = row.id().life;
            let adds = row.range(Key::part(KeyKind::Add, self.name(), &[])..);
            let of_this_set = adds.map_while(|(key, version, _)| {
                Some((key.part_of(KeyKind::Add, self.name())?, version))
            });
            let live = of_this_set.filter(|(_, version)| !kills.contains(&(life, *version)));
            elements.extend(live.filter_map(|(element, _)| codec::decode(element).ok()));
        }
        elements
    }

    /// Walks the inserts under `key` that nobody is known to have removed.
    fn live_adds<'t>(
        &self,
        table: &'t Table,
        key: &Key,
    ) -> impl Iterator<Item = (Life, Version)> + use<'t, T> {
        let (space, key) = (self.space(), key.clone());
        let adds = table.rows_in(space).filter_map(move |row| {
            let cell = row.cell(&key)?;
            cell.value.as_ref().map(|_| (row.id().life, cell.version))
        });
        adds.filter(move |&(life, version)| {
            let kill = Key::kill(life, version);
            !table.rows_in(space).any(|row| row.get(&kill).is_some())
        })
    }

    fn key(&self, element: &T) -> Option<Key> {
        let element = codec::encode_to_vec(element).ok()?;
        Some(Key::part(KeyKind::Add, self.name(), &element))
    }
}

impl<T: Element + Ord> ColumnType for OrSet<T> {
    const KINDS: &'static [KeyKind] = &[KeyKind::Add];

    type Read = BTreeSet<T>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(_: KeyKind, part: &[u8], _: &[u8]) -> bool {
        codec::decode::<T>(part).is_ok()
    }
}

/// The inserts that some row in `space` kills.
fn kills(table: &Table, space: Space) -> BTreeSet<(Life, Version)> {
    let rows = table.rows_in(space);
    let cells = rows.flat_map(|row| row.range(Key::kill(Life::default(), 0)..));
    cells.filter_map(|(key, ..)| key.killed()).collect()
}

/// Does an owner's share of collecting, after the row `id` changed. Says whether it wrote.
pub(crate) fn collect(table: &mut Table, timestamp: Timestamp, id: RowId) -> bool {
    let own = RowId { space: id.space, life: table.life() };
    let (Some(ours), Some(theirs)) = (table.row(own), table.row(id)) else { return false };
    if id == own {
        return false;
    }
    let their_kills = theirs.range(kills_of(own.life)).filter_map(|(key, ..)| key.killed());
    let killed: Vec<Key> = their_kills
        .filter_map(|(_, version)| ours.at(version))
        .filter(|(key, cell)| key.kind() == Some(KeyKind::Add) && cell.value.is_some())
        .map(|(key, _)| key.clone())
        .collect();
    let our_kills = ours.range(kills_of(id.life));
    let obeyed: Vec<Key> = our_kills
        .filter(|(key, ..)| {
            key.killed().is_some_and(|(_, version)| {
                version <= theirs.version() && theirs.at(version).is_none()
            })
        })
        .map(|(key, ..)| key.clone())
        .collect();
    let Head { version, timestamp: stamped, .. } = *theirs.head();
    let dependency = (id, Dependency { version, timestamp: stamped });
    let dependencies = &ours.head().dependencies;
    let room =
        dependencies.contains_key(&id) || dependencies.len() < table.limits().dependencies_max;

    let mut writer = table.write(id.space, timestamp);
    let mut wrote = false;
    for key in &killed {
        wrote |= writer.erase(key);
    }
    for key in obeyed.iter().filter(|_| room) {
        wrote |= writer.erase_depending(key, Some(dependency));
    }
    wrote
}

/// The keys under which a row kills inserts of `life`.
fn kills_of(life: Life) -> core::ops::RangeInclusive<Key> {
    Key::kill(life, 0)..=Key::kill(life, Version::MAX)
}
