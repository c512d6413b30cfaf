//! The summary of a table under one hash key.

use rumormill_crdt::{RowId, Table};
use rumormill_sketch::{HashKey, KeyHash, KeyIndex, Size, Summary};

use super::{
    basis::KeyNumber,
    settling::{Settling, Step},
};

/// The fewest triples of cells that are kept: room for any sketch of one datagram.
const TRIPLES_MIN: u16 = 256;

/// One triple of cells is kept for so many rows: enough to find half of them, with which it costs
/// less to compare all.
const ROWS_PER_TRIPLE: usize = 4;

/// The summary of a table at the base cut, under one hash key, and the way back from hashes to
/// rows.
#[derive(Debug)]
pub(crate) struct Keyed {
    pub(crate) number: KeyNumber,
    key: HashKey,
    pub(crate) summary: Summary,
    /// The numbers of rows.
    pub(crate) index: KeyIndex<u32>,
}

impl Keyed {
    pub(crate) fn new(
        number: KeyNumber,
        secret: [u8; 16],
        table: &Table,
        settling: &Settling,
    ) -> Self {
        let mut new = Self {
            number,
            key: number.key(secret),
            summary: Summary::new(size_for(table.len())),
            index: KeyIndex::new(),
        };
        for row in table.rows() {
            let id = row.id();
            let to = settling.version_at(id, row.version(), settling.base());
            new.take(Step { id, from: 0, to });
            new.index.extend(table.number(id).map(|number| (new.hash(id), number)));
        }
        new
    }

    pub(crate) fn hash(&self, id: RowId) -> KeyHash {
        self.key.hash(&id.to_bytes())
    }

    pub(crate) fn take(&mut self, step: Step) {
        self.summary.update(self.hash(step.id), step.from, step.to);
    }

    /// Makes room for differences among more rows, if there are many more.
    pub(crate) fn fit(&mut self, table: &Table, settling: &Settling) {
        if self.summary.sketch().size() < size_for(table.len()) {
            let index = core::mem::take(&mut self.index);
            self.summary = Summary::new(size_for(table.len()));
            for row in table.rows() {
                let (id, version) = (row.id(), row.version());
                let to = settling.version_at(id, version, settling.base());
                self.take(Step { id, from: 0, to });
            }
            self.index = index;
        }
    }
}

fn size_for(rows: usize) -> Size {
    let triples = u16::try_from(rows / ROWS_PER_TRIPLE).unwrap_or(u16::MAX);
    let triples = triples.clamp(TRIPLES_MIN, Size::MAX.triples()).next_power_of_two();
    Size::of_triples(triples).unwrap_or(Size::MAX)
}
