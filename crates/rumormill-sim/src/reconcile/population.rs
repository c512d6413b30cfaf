//! The rows that two nodes hold, and how they come to differ.

use std::sync::Arc;

use rumormill_core::crdt::{
    Bytes, DeltaParts, Key, Life, Limits, ReplicaId, Row, RowDelta, RowId, Space, Table, Timestamp,
    Version,
};

use super::Reconcile;
use crate::link::Chance;

/// Versions are drawn up to this one.
const VERSION_MAX: u64 = 10_000;

/// A gap that 16 bits cannot say is at least this, and less than the second more.
const BIG_GAP_MIN: u64 = 1 << 16;
const BIG_GAP_SPREAD: u64 = 100_000;

/// What a row's id takes: a space, a replica and an epoch.
const ID_LEN: u64 = 1 + 8 + 8;

/// What asking for a row takes, about: its id and a version.
const REQUEST_LEN: u64 = 20;

/// The rows that two nodes hold, at the greatest version of both.
pub(super) struct Population {
    rows: Vec<(RowId, Version)>,
    chance: Chance,
}

impl Population {
    pub(super) fn draw(rows: usize, seed: u64) -> Self {
        let mut new = Self { rows: Vec::with_capacity(rows), chance: Chance::new(!seed) };
        for _ in 0..rows {
            let row = new.draw_row();
            new.rows.push(row);
        }
        new
    }

    /// Makes all rows.
    pub(super) fn rows(&self, stamped: Timestamp) -> impl Iterator<Item = Arc<Row<Key, Bytes>>> {
        self.rows.iter().map(move |&(id, version)| row_at(id, version, stamped))
    }

    /// What naming each row with its version takes, and asking for half of those that differ.
    pub(super) fn version_vector_bytes(&self, differ: usize) -> u64 {
        let entry = |&(_, version): &(RowId, Version)| ID_LEN + varint_len(version);
        let there: u64 = self.rows.iter().map(entry).sum();
        there + (differ / 2) as u64 * REQUEST_LEN
    }

    /// Makes rows differ, and returns what either side has ahead of the other.
    pub(super) fn differ(
        &mut self,
        reconcile: &Reconcile,
        stamped: Timestamp,
    ) -> [Vec<Arc<Row<Key, Bytes>>>; 2] {
        let part = |percent: usize| reconcile.differ * percent / 100;
        let (unknown, big) = (part(reconcile.unknown_pct), part(reconcile.big_gap_pct));
        let mut ahead = [Vec::new(), Vec::new()];
        for number in 0..reconcile.differ - unknown {
            let gap = if number < big { self.draw_big_gap() } else { self.draw_gap() };
            let (id, version) = self.pick(number);
            *version += gap;
            let row = grown(id, *version, gap, stamped);
            self.draw_side(&mut ahead).push(row);
        }
        for _ in 0..unknown {
            let (id, version) = self.draw_row();
            self.rows.push((id, version));
            self.draw_side(&mut ahead).push(row_at(id, version, stamped));
        }
        ahead
    }

    /// Draws a row that was not among the first `number`, and puts it there.
    fn pick(&mut self, number: usize) -> (RowId, &mut Version) {
        let rest = self.rows.len() - number;
        let drawn = usize::try_from(self.chance.below(rest as u64)).expect("below a length");
        self.rows.swap(number, number + drawn);
        let (id, version) = &mut self.rows[number];
        (*id, version)
    }

    fn draw_row(&mut self) -> (RowId, Version) {
        let life = Life { replica: ReplicaId(self.chance.draw()), epoch: self.chance.draw() };
        (RowId { space: Space::SHARED, life }, 1 + self.chance.below(VERSION_MAX))
    }

    fn draw_side<'a, T>(&mut self, sides: &'a mut [T; 2]) -> &'a mut T {
        let [ann, bob] = sides;
        if self.chance.happens(0.5) { ann } else { bob }
    }

    /// 1, 2, 3, ... with chance 1/2, 1/4, 1/8, ...
    fn draw_gap(&mut self) -> u64 {
        1 + u64::from(self.chance.draw().leading_zeros())
    }

    fn draw_big_gap(&mut self) -> u64 {
        BIG_GAP_MIN + self.chance.below(BIG_GAP_SPREAD)
    }
}

/// The row as its owner left it after `version` writes: the first set its one cell, the last set
/// it again, and all between stamped the row anew.
fn row_at(id: RowId, version: Version, stamped: Timestamp) -> Arc<Row<Key, Bytes>> {
    let mut owner = Table::new(id.life, Limits::DEFAULT);
    set(&mut owner, id, 1, stamped);
    if version > 1 {
        let stamped_anew = stamped_until(version - 1, &owner, id);
        owner = Table::new(Life::default(), Limits::DEFAULT);
        owner.restore([stamped_anew]);
        owner.begin_life(id.life);
        set(&mut owner, id, version, stamped);
    }
    Arc::clone(owner.row(id).expect("it was written"))
}

/// The same row where only the last `recent` writes fall into the period of its stamp: who holds it as it was
/// before those holds an earlier stamp.
fn grown(id: RowId, version: Version, recent: u64, stamped: Timestamp) -> Arc<Row<Key, Bytes>> {
    let row = row_at(id, version, stamped);
    let mut parts = row.delta_since(0, usize::MAX).expect("it was written").into_parts();
    parts.head.recent = recent;
    let whole = RowDelta::new(parts).expect("some of all writes are recent");
    Arc::new(Row::from_whole(&whole).expect("the cells are as they were"))
}

fn set(owner: &mut Table, id: RowId, version: Version, stamped: Timestamp) {
    let value = Bytes::copy_from(&version.to_be_bytes());
    let written = owner.write(id.space, stamped).set(Key::raw("at"), value);
    debug_assert_eq!(written, version, "a write takes the next version");
}

/// The row after its owner stamped it anew until it was at `version`, without walking there.
fn stamped_until(version: Version, owner: &Table, id: RowId) -> Arc<Row<Key, Bytes>> {
    let whole = owner.row(id).and_then(|row| row.delta_since(0, usize::MAX));
    let mut parts: DeltaParts<_, _> = whole.expect("it was written").into_parts();
    parts.to = version;
    parts.head.version = version;
    parts.head.recent = version;
    let whole = RowDelta::new(parts).expect("a later version of the same cells is sound");
    Arc::new(Row::from_whole(&whole).expect("the cells are as they were"))
}

/// What a version takes in postcard: 7 bits a byte.
fn varint_len(version: Version) -> u64 {
    u64::from((Version::BITS - version.leading_zeros()).div_ceil(7).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_its_owner_would_have_made_write_by_write() {
        let life = Life { replica: ReplicaId(7), epoch: 7 };
        let id = RowId { space: Space::SHARED, life };
        let stamped = Timestamp(5);
        let mut owner = Table::new(life, Limits::DEFAULT);
        set(&mut owner, id, 1, stamped);
        assert_eq!(owner.row(id), Some(&row_at(id, 1, stamped)));
        for _ in 2..9 {
            owner.write(id.space, stamped).touch();
        }
        set(&mut owner, id, 9, stamped);
        assert_eq!(owner.row(id), Some(&row_at(id, 9, stamped)));
    }

    #[test]
    fn as_many_rows_differ_as_were_asked_for() {
        let mut population = Population::draw(50, 1);
        let before = population.rows.clone();
        let reconcile = Reconcile {
            rows: 50,
            differ: 50,
            unknown_pct: 10,
            big_gap_pct: 20,
            loss: 0.0,
            runs: 1,
            cold: false,
        };
        let ahead = population.differ(&reconcile, Timestamp(5)).concat();
        let was = |id| before.iter().find(|row| row.0 == id).map(|row| row.1);
        let gaps = || ahead.iter().filter_map(|row| Some(row.version() - was(row.id())?));
        assert_eq!(ahead.len(), 50);
        assert_eq!(gaps().count(), 45);
        assert_eq!(gaps().filter(|gap| *gap >= BIG_GAP_MIN).count(), 10);
        assert!(gaps().all(|gap| gap > 0));
    }
}
