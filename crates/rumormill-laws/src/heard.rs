//! What a specification is a function of: the edits heard of.

use std::fmt;

use rumormill_crdt::Life;

use crate::{edit_set::EditSet, history::History};

/// The edits that a replica has heard of, and which of them were made in sight of which: what a
/// specification is a function of.
///
/// This is the visibility relation of Burckhardt, Gotsman, Yang and Zawirski, "Replicated Data
/// Types: Specification, Verification, Optimality" (POPL 2014), cut off at what one replica has
/// heard of. It knows no states, no messages and no clocks.
#[derive(Debug)]
pub struct Heard<'h, E> {
    history: &'h History<E>,
    heard: &'h EditSet,
    /// For each life, what it had heard of when it collected. See [`HeardEdit::observers`].
    passed_on: Vec<(Life, EditSet)>,
}

/// The name of an edit: whose, and which of that life's edits, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EditId {
    /// The life that made the edit.
    pub author: Life,
    /// Which of its edits, from 1.
    pub number: u64,
}

/// An edit, seen by somebody who has heard of it.
#[derive(Debug)]
pub struct HeardEdit<'h, E> {
    heard: &'h Heard<'h, E>,
    place: usize,
}

impl<'h, E> Heard<'h, E> {
    pub(crate) const fn new(
        history: &'h History<E>,
        heard: &'h EditSet,
        passed_on: Vec<(Life, EditSet)>,
    ) -> Self {
        Self { history, heard, passed_on }
    }

    /// Walks the edits by author, and those of one author in the order it made them.
    pub fn edits(&self) -> impl Iterator<Item = HeardEdit<'_, E>> {
        let places = self.history.places().filter(|place| self.heard.contains(*place));
        places.map(|place| HeardEdit { heard: self, place })
    }
}

impl<'h, E> HeardEdit<'h, E> {
    /// What was done, as [`Crdt::resolve`](crate::Crdt::resolve) left it.
    #[must_use]
    pub fn edit(&self) -> &'h E {
        &self.heard.history.entry(self.place).edit
    }

    /// The name of the edit.
    #[must_use]
    pub fn id(&self) -> EditId {
        let entry = self.heard.history.entry(self.place);
        EditId { author: entry.author, number: entry.number }
    }

    /// The life that made it.
    #[must_use]
    pub fn author(&self) -> Life {
        self.id().author
    }

    /// What [`Crdt::stamp`](crate::Crdt::stamp) gave at its author once it was made. Never less
    /// than that of an edit its author had heard of; a type that stamps nothing has 0 everywhere.
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.heard.history.entry(self.place).stamp
    }

    /// Says whether its author had heard of `other` when making it.
    #[must_use]
    pub fn saw(&self, other: &Self) -> bool {
        self.heard.history.entry(self.place).seen.contains(other.place)
    }

    /// Says whether it comes after `other` in the causal order: its author had heard of it, or of
    /// an edit that comes after it.
    #[must_use]
    pub fn follows(&self, other: &Self) -> bool {
        self.heard.history.entry(self.place).past.contains(other.place)
    }

    /// Walks the edits known here to have been made in sight of this one, by author and number.
    ///
    /// Known are those heard of, and those that this edit's author had heard of when it last
    /// collected, if that was heard of. Where parts of a state travel one by one, an owner that
    /// obeyed a removal passes it on with its own part, and whoever has that part since need not
    /// have heard of the remover.
    pub fn observers(&self) -> impl Iterator<Item = HeardEdit<'h, E>> {
        let (heard, place) = (self.heard, self.place);
        let author = self.author();
        let told = move |other: &usize| {
            let mut passed_on = heard.passed_on.iter();
            heard.heard.contains(*other)
                || passed_on.any(|(life, seen)| *life == author && seen.contains(*other))
        };
        let in_sight = move |other: &usize| heard.history.entry(*other).seen.contains(place);
        let places = heard.history.places().filter(in_sight).filter(told);
        places.map(|place| HeardEdit { heard, place })
    }
}

impl<E> Clone for HeardEdit<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for HeardEdit<'_, E> {}

impl fmt::Debug for EditId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}#{}", self.author, self.number)
    }
}
