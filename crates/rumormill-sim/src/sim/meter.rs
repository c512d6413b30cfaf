//! What it takes to find out what differs.

use core::time::Duration;

use rumormill_core::Instant;

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
    /// What composing and handling them took, by the clock that was given.
    pub spent: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    clock: fn() -> Duration,
    conversation: Conversation,
}

impl Sim {
    /// Begins to measure the datagrams that find out what differs.
    ///
    /// `clock` reads how much time the thread has spent. What it reads goes into
    /// [`Conversation::spent`] and nowhere else: a run is the same with any clock.
    pub fn meter_digests(&mut self, clock: fn() -> Duration) {
        self.meter = Meter { clock, conversation: Conversation::default() };
    }

    /// What was measured so far.
    #[must_use]
    pub const fn conversation(&self) -> Conversation {
        self.meter.conversation
    }
}

impl Meter {
    /// The clock, if the call is one to be measured.
    pub(super) fn clock(&self, is_measured: bool) -> fn() -> Duration {
        if is_measured { self.clock } else { stopped }
    }

    pub(super) fn composed(&mut self, now: Instant, begun: Duration, len: usize) {
        let spent = (self.clock)().saturating_sub(begun);
        self.conversation.begun.get_or_insert(now.since_origin());
        self.conversation.framed_bytes += len as u64;
        self.conversation.spent += spent;
    }

    pub(super) fn handled(&mut self, now: Instant, spent: Duration) {
        self.conversation.found = Some(now.since_origin());
        self.conversation.spent += spent;
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self { clock: stopped, conversation: Conversation::default() }
    }
}

const fn stopped() -> Duration {
    Duration::ZERO
}
