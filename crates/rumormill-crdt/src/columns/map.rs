//! A map in which the last write to a key wins.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::{Stamp, stand_alone};
use crate::{
    Column, ColumnType, Element, Key, KeyKind, Table, Timestamp, WriteError, Writer, codec,
};

stand_alone! {
    /// A map. Under each key lies the value of the edit of that key with the greatest
    /// (timestamp, life) of all edits heard of; nothing if that edit was a remove or there was
    /// none.
    ///
    /// One [`LwwRegister`](crate::LwwRegister) a key, each in a cell of its own, so that a change
    /// of one key travels alone. A remove is a stamped cell, so it beats older inserts that
    /// arrive late, and it stays as long as its row: use few keys over and over, not ever new
    /// ones. Values are plain: to merge below a key, make the key a pair and keep a field under
    /// each pair.
    ///
    /// ```
    /// use core::time::Duration;
    /// use rumormill_crdt::{Life, Map, ReplicaId};
    ///
    /// let mut ann = Map::<String, u8>::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = Map::<String, u8>::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.insert(Duration::from_secs(10), &"load".to_owned(), &40)?;
    /// bob.insert(Duration::from_secs(11), &"load".to_owned(), &75)?;
    /// bob.insert(Duration::from_secs(12), &"jobs".to_owned(), &3)?;
    /// ann.join(&bob);
    /// assert_eq!(ann.get(&"load".to_owned()), Some(75));
    /// assert_eq!(ann.read().len(), 2);
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    Map<K: Element, V: Element>
}

impl<K: Element + Ord, V: Element> Map<K, V> {
    /// Puts a value under a key; `unix` is what the wall clock reads.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if key and value are too long to travel.
    pub fn insert(&mut self, unix: Duration, key: &K, value: &V) -> Result<(), WriteError> {
        self.replica.edit(unix, |writer| Self::COLUMN.insert(writer, key, value))
    }

    /// Takes the value away from under a key. Says whether there was one.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn remove(&mut self, unix: Duration, key: &K) -> Result<bool, WriteError> {
        self.replica.edit(unix, |writer| Self::COLUMN.remove(writer, key))
    }

    /// Reads the value under a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        Self::COLUMN.get(self.replica.table(), key)
    }

    /// Reads all keys and values.
    #[must_use]
    pub fn read(&self) -> BTreeMap<K, V> {
        Self::COLUMN.read(self.replica.table())
    }
}

impl<K: Element + Ord, V: Element> Column<Map<K, V>> {
    /// Puts a value under a key.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] and [`WriteError::RowFull`].
    pub fn insert(&self, writer: &mut Writer<'_>, key: &K, value: &V) -> Result<(), WriteError> {
        let key = self.key(key).ok_or_else(|| WriteError::CellTooLong {
            len: usize::MAX,
            len_max: writer.table().limits().cell_len_max,
        })?;
        let timestamp = writer.timestamp();
        self.put(writer, key, &(timestamp, Some(value)))
    }

    /// Takes the value away from under a key, with a stamp that beats all edits heard of. Says
    /// whether there was one; if not, nothing is written.
    ///
    /// # Errors
    ///
    /// [`WriteError::RowFull`].
    pub fn remove(&self, writer: &mut Writer<'_>, key: &K) -> Result<bool, WriteError> {
        let Some(key) = self.key(key) else { return Ok(false) };
        if self.value(writer.table(), &key).is_none() {
            return Ok(false);
        }
        let timestamp = writer.timestamp();
        self.put(writer, key, &(timestamp, None::<V>))?;
        Ok(true)
    }

    /// Reads the value under a key. Costs a look-up in each row.
    #[must_use]
    pub fn get(&self, table: &Table, key: &K) -> Option<V> {
        self.value(table, &self.key(key)?)
    }

    /// Reads all keys and values.
    #[must_use]
    pub fn read(&self, table: &Table) -> BTreeMap<K, V> {
        let mut latest: BTreeMap<&[u8], (Stamp, Option<V>)> = BTreeMap::new();
        for (life, key, (timestamp, value)) in self.parts(table, KeyKind::Field) {
            let stamp: Stamp = (timestamp, life);
            match latest.get_mut(key) {
                Some(known) if known.0 > stamp => {}
                Some(known) => *known = (stamp, value),
                None => drop(latest.insert(key, (stamp, value))),
            }
        }
        let present = latest.into_iter().filter_map(|(key, (_, value))| Some((key, value?)));
        present.filter_map(|(key, value)| Some((codec::decode(key).ok()?, value))).collect()
    }

    fn value(&self, table: &Table, key: &Key) -> Option<V> {
        let cells = self.cells::<(Timestamp, Option<V>)>(table, key.clone());
        cells.max_by_key(|(life, (timestamp, _))| (*timestamp, *life))?.1.1
    }

    fn key(&self, key: &K) -> Option<Key> {
        let key = codec::encode_to_vec(key).ok()?;
        Some(Key::part(KeyKind::Field, self.name(), &key))
    }
}

impl<K: Element + Ord, V: Element> ColumnType for Map<K, V> {
    const KINDS: &'static [KeyKind] = &[KeyKind::Field];

    type Read = BTreeMap<K, V>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read(table)
    }

    fn is_cell(_: KeyKind, part: &[u8], value: &[u8]) -> bool {
        codec::decode::<K>(part).is_ok() && codec::decode::<(Timestamp, Option<V>)>(value).is_ok()
    }
}
