//! What it takes to find out what differs.

use core::time::Duration;

use rumormill_core::{Instant, Stats, forging::Weight};

use super::Sim;

/// What the datagrams took that find out what differs, since [`Sim::meter_digests`] was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Conversation {
    /// When the first was sent.
    pub begun: Option<Duration>,
    /// When the last arrived.
    pub found: Option<Duration>,
    /// Bytes of whole datagrams, frames and all other messages in them included.
    pub framed_bytes: u64,
    /// What these datagrams, and those with rows, were spent on.
    pub weight: Weight,
    /// What composing and handling them took, by the clock that was given. Where rows filled the
    /// rest of such a datagram, what they took is left out: as much for each as rows took in
    /// datagrams of their own.
    pub spent: Duration,
}

/// What a datagram carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Load {
    /// Whether it helps to find out what differs.
    pub(super) is_digest: bool,
    /// How many row deltas.
    pub(super) rows: u64,
}

impl Load {
    /// What a datagram carries that was composed between two readings of its sender's statistics.
    pub(super) const fn between(before: &Stats, after: &Stats) -> Self {
        Self {
            is_digest: after.digest_datagrams_sent > before.digest_datagrams_sent,
            rows: after.deltas_sent - before.deltas_sent,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    is_on: bool,
    clock: fn() -> Duration,
    conversation: Conversation,
    composing: Rows,
    handling: Rows,
}

/// What rows took in datagrams of their own, and how many rode along with digests.
#[derive(Clone, Copy, Debug, Default)]
struct Rows {
    spent: Duration,
    alone: u64,
    along: u64,
}

impl Sim {
    /// Begins to measure the datagrams that find out what differs.
    ///
    /// `clock` reads how much time the thread has spent. What it reads goes into
    /// [`Conversation::spent`] and nowhere else: a run is the same with any clock.
    pub fn meter_digests(&mut self, clock: fn() -> Duration) {
        self.meter = Meter { is_on: true, clock, ..Meter::default() };
    }

    /// What was measured so far.
    #[must_use]
    pub fn conversation(&self) -> Conversation {
        let Meter { conversation, composing, handling, .. } = self.meter;
        let rows = composing.spent_along() + handling.spent_along();
        Conversation { spent: conversation.spent.saturating_sub(rows), ..conversation }
    }
}

impl Meter {
    /// Says whether anything is measured.
    pub(super) const fn is_on(&self) -> bool {
        self.is_on
    }

    pub(super) const fn clock(&self) -> fn() -> Duration {
        self.clock
    }

    pub(super) fn composed(&mut self, now: Instant, load: Load, begun: Duration, datagram: &[u8]) {
        let spent = (self.clock)().saturating_sub(begun);
        self.composing.note(load, spent);
        if let Some(weight) = self.weight_of(load, datagram) {
            self.conversation.weight = self.conversation.weight + weight;
        }
        if load.is_digest {
            self.conversation.begun.get_or_insert(now.since_origin());
            self.conversation.framed_bytes += datagram.len() as u64;
            self.conversation.spent += spent;
        }
    }

    fn weight_of(&self, load: Load, datagram: &[u8]) -> Option<Weight> {
        let counts = self.is_on && (load.is_digest || load.rows > 0);
        if counts { Weight::of(datagram) } else { None }
    }

    pub(super) fn handled(&mut self, now: Instant, load: Load, spent: Duration) {
        self.handling.note(load, spent);
        if load.is_digest {
            self.conversation.found = Some(now.since_origin());
            self.conversation.spent += spent;
        }
    }
}

impl Rows {
    fn note(&mut self, load: Load, spent: Duration) {
        if load.is_digest {
            self.along += load.rows;
        } else if load.rows > 0 {
            self.alone += load.rows;
            self.spent += spent;
        }
    }

    fn spent_along(&self) -> Duration {
        let nanos = self.spent.as_nanos() * u128::from(self.along);
        let nanos = nanos.checked_div(u128::from(self.alone)).unwrap_or(0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Default for Meter {
    fn default() -> Self {
        let (composing, handling) = (Rows::default(), Rows::default());
        let is_on = false;
        Self { is_on, clock: stopped, conversation: Conversation::default(), composing, handling }
    }
}

const fn stopped() -> Duration {
    Duration::ZERO
}
