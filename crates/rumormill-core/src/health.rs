//! How well we do ourselves.
//!
//! Dadgar, Phillips and Currey, "Lifeguard: Local Health Awareness for More Accurate Failure
//! Detection" (DSN-W 2018), section IV-A: who is slow to hear takes others for dead, so a node that
//! has signs of being slow takes more time to judge. We count two signs more than the paper: that
//! we were woken late, and that what we have to say waits for the budget.

use core::time::Duration;

use crate::{Config, Instant};

/// The worst there is.
const SCORE_MAX: u8 = 8;

/// To be woken later than this is no sign of anything.
const LATE_MIN: Duration = Duration::from_millis(100);

/// How well we do ourselves, from 0, well, to 8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    score: u8,
    /// We were late lately, and nothing heals until then.
    late_until: Instant,
}

impl Health {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { score: 0, late_until: now }
    }

    pub(crate) const fn score(self) -> u8 {
        self.score
    }

    /// What a span is for somebody as slow as we are.
    pub(crate) fn stretch(self, span: Duration) -> Duration {
        span.saturating_mul(u32::from(self.score) + 1)
    }

    /// Takes note that nobody answered us, or that somebody missed our answer.
    pub(crate) const fn worsen(&mut self) {
        if self.score < SCORE_MAX {
            self.score += 1;
        }
    }

    /// Takes note that a probe was answered.
    pub(crate) fn heal(&mut self, now: Instant) {
        if self.late_until <= now {
            self.score = self.score.saturating_sub(1);
        }
    }

    /// Takes note that we were woken late, or in time. It counts once in a probe period.
    pub(crate) fn handle_lateness(&mut self, now: Instant, late: Duration, config: &Config) {
        if is_late(late, config) && self.late_until <= now {
            self.worsen();
            self.late_until = now + config.probe_every;
        }
    }
}

/// Says whether somebody who wakes so late has slept, or was kept from its work: for half as long
/// as others have to answer.
pub(crate) fn is_late(late: Duration, config: &Config) -> bool {
    late > LATE_MIN.max(config.probe_timeout / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_late_again_and_again_gets_slower_and_then_heals() {
        let config = Config::DEFAULT;
        let at = |millis| Instant::new(Duration::from_millis(millis));
        let mut health = Health::new(at(0));
        health.handle_lateness(at(0), Duration::from_millis(90), &config);
        assert_eq!(health.score(), 0, "nobody is that exact");
        for second in 0..20 {
            let late = Duration::from_millis(400);
            health.handle_lateness(at(second * 1_000), late, &config);
            health.handle_lateness(at(second * 1_000 + 1), late, &config);
            health.heal(at(second * 1_000 + 500));
        }
        assert_eq!(health.score(), 8);
        assert_eq!(health.stretch(Duration::from_secs(1)), Duration::from_secs(9));
        (20..40).for_each(|second| health.heal(at(second * 1_000)));
        assert_eq!(health.score(), 0);
    }
}
