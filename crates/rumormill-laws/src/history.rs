//! What really happened: every edit, and what its author had heard of.

use std::collections::BTreeMap;

use rumormill_crdt::Life;

use crate::edit_set::EditSet;

/// Every edit of a history, in the order of making.
#[derive(Debug)]
pub(crate) struct History<E> {
    edits: Vec<Entry<E>>,
    by_author: BTreeMap<Life, Vec<usize>>,
}

#[derive(Debug)]
pub(crate) struct Entry<E> {
    pub(crate) author: Life,
    /// Which edit of its author, from 1.
    pub(crate) number: u64,
    pub(crate) edit: E,
    pub(crate) stamp: u64,
    /// What the author had heard of.
    pub(crate) seen: EditSet,
    /// That, and what the authors of those had heard of, and so on.
    pub(crate) past: EditSet,
}

impl<E> History<E> {
    pub(crate) fn new() -> Self {
        Self { edits: Vec::new(), by_author: BTreeMap::new() }
    }

    /// Notes an edit and returns its place.
    pub(crate) fn note(&mut self, author: Life, edit: E, stamp: u64, seen: EditSet) -> usize {
        let mut past = seen.clone();
        for place in seen.iter() {
            past.unite(&self.edits[place].past);
        }
        let place = self.edits.len();
        let own = self.by_author.entry(author).or_default();
        own.push(place);
        let number = own.len() as u64;
        self.edits.push(Entry { author, number, edit, stamp, seen, past });
        place
    }

    pub(crate) fn entry(&self, place: usize) -> &Entry<E> {
        &self.edits[place]
    }

    /// The places of all edits, by author and number.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.by_author.values().flatten().copied()
    }
}
