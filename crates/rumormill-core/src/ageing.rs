//! When rows of ended lives are dropped.

use core::time::Duration;

use rumormill_crdt::{Bookmark, Retention, Table};

/// Knows when the horizon moves next, and what we wrote since we last heard of anybody.
#[derive(Debug)]
pub(crate) struct Ageing {
    /// When the horizon moves next, by the wall clock; nothing if it never does.
    next_at: Option<Duration>,
    contact: Bookmark,
}

impl Ageing {
    pub(crate) fn new(unix: Duration, retention: &Retention) -> Self {
        let mut new = Self { next_at: None, contact: Bookmark::default() };
        new.wait(unix, retention);
        new
    }

    /// Waits for the next step of the horizon.
    pub(crate) fn wait(&mut self, unix: Duration, retention: &Retention) {
        self.next_at = retention.next_step(unix).and_then(|wait| unix.checked_add(wait));
    }

    pub(crate) fn is_due(&self, unix: Duration) -> bool {
        self.next_at.is_some_and(|next_at| next_at <= unix)
    }

    pub(crate) const fn next_at(&self) -> Option<Duration> {
        self.next_at
    }

    pub(crate) const fn handle_sign_of_life(&mut self, table: &Table) {
        self.contact = table.bookmark();
    }

    /// The moment after which nobody was heard of.
    pub(crate) const fn last_contact(&self) -> Bookmark {
        self.contact
    }
}
