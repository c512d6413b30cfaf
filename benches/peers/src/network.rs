//! A network in virtual time, for state machines that leave sending and waiting to the program.

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The least and the most that anything takes on its way, as between our nodes.
const DELAY: std::ops::RangeInclusive<u64> = 500..=2_000;

/// How long traffic is counted after the last node was reached: as long as ours.
pub(crate) const AFTERMATH: Duration = Duration::from_secs(3);

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// What is on its way, and when it arrives.
pub(crate) struct Network<E> {
    now: Duration,
    /// By time, then by the order in which it was sent.
    queue: BTreeMap<(Duration, u64), E>,
    number: u64,
    random: StdRng,
    loss_pct: u32,
    bytes: u64,
}

impl<E> Network<E> {
    pub(crate) fn new(seed: u64, loss_pct: u32) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self { now: Duration::ZERO, queue: BTreeMap::new(), number: 0, random, loss_pct, bytes: 0 }
    }

    pub(crate) const fn now(&self) -> Duration {
        self.now
    }

    /// All bytes sent so far, what got lost included.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sends something of so many bytes, which arrives or gets lost.
    pub(crate) fn send(&mut self, len: usize, event: E) {
        self.bytes += len as u64;
        let delay = Duration::from_micros(self.random.random_range(DELAY));
        if self.random.random_range(0..100) >= self.loss_pct {
            self.after(delay, event);
        }
    }

    /// Has something happen later.
    pub(crate) fn after(&mut self, delay: Duration, event: E) {
        self.number += 1;
        self.queue.insert((self.now + delay, self.number), event);
    }

    /// A time below a second, at random.
    pub(crate) fn some_time(&mut self) -> Duration {
        Duration::from_micros(self.random.random_range(0..1_000_000))
    }

    /// The next thing that happens before `end`; if there is none, it is `end` then.
    pub(crate) fn next_before(&mut self, end: Duration) -> Option<E> {
        let next = self.queue.first_entry().filter(|it| it.key().0 <= end);
        match next {
            Some(entry) => {
                let ((at, _), event) = entry.remove_entry();
                self.now = at;
                Some(event)
            }
            None => {
                self.now = end;
                None
            }
        }
    }
}

/// In the unit of the table.
pub(crate) fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

/// The figures of an update that reached so many of all nodes, the last of them after so long, with so many
/// bytes a node. It never reached all if that are fewer.
pub(crate) fn spread_figures(
    reached: usize,
    nodes: usize,
    latest: Duration,
    sent: f64,
) -> Vec<f64> {
    let all = if reached == nodes { millis(latest) } else { f64::NAN };
    vec![100.0 * reached as f64 / nodes as f64, all, sent]
}
