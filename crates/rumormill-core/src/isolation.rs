//! Noticing that nobody is heard, and asking about until somebody is.
//!
//! A node is *isolated* once no datagram of anybody was accepted for eight probe periods in which
//! it pinged members at least three times. Members ping it too, each once a round, so in a population
//! of any size something is heard about once a period, and eight periods of silence are no
//! accident even where most datagrams get lost. Time that the process slept does not count. Who
//! never knew anybody has nobody to hear of, and is not isolated: it keeps asking its seeds.

use core::time::Duration;

use crate::{Config, Instant, random::Random};

/// After so many probe periods of silence we are isolated.
const SILENT_PERIODS: u32 = 8;

/// Silence counts only if at least so many pings were sent in it.
const PINGS_MIN: u32 = 3;

/// The first wait before others are contacted again; it doubles.
const BACKOFF_MIN: Duration = Duration::from_millis(250);

/// The longest such wait: who is back finds somebody within little more than a second.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Since when nobody was heard, and whether that is long enough to say so.
#[derive(Debug)]
pub(crate) struct Isolation {
    heard_at: Instant,
    /// How many pings were sent since.
    pings: u32,
    /// When others are contacted next, while we are isolated.
    recontact: Option<Recontact>,
}

#[derive(Debug)]
struct Recontact {
    next_at: Instant,
    backoff: Duration,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Whether we are isolated from this moment on.
    pub(crate) is_new: bool,
}

impl Isolation {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { heard_at: now, pings: 0, recontact: None }
    }

    pub(crate) const fn is_isolated(&self) -> bool {
        self.recontact.is_some()
    }

    /// Takes note of a ping that is on its way.
    pub(crate) const fn handle_ping(&mut self) {
        self.pings = self.pings.saturating_add(1);
    }

    /// Takes note that somebody was heard. Says whether that ends an isolation.
    pub(crate) const fn handle_sign_of_life(&mut self, now: Instant) -> bool {
        self.heard_at = now;
        self.pings = 0;
        self.recontact.take().is_some()
    }

    /// Takes note that we slept: nobody could be heard.
    pub(crate) fn handle_sleep(&mut self, slept: Duration) {
        self.heard_at = self.heard_at + slept;
    }

    /// Says whether others are to be contacted by now.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        config: &Config,
        random: &mut Random,
    ) -> Option<Due> {
        self.poll_timeout(config).filter(|due| *due <= now)?;
        let is_new = self.recontact.is_none();
        let backoff = self.recontact.as_ref().map_or(BACKOFF_MIN, |it| it.backoff);
        let next_at = now + random.around(backoff);
        let backoff = backoff.saturating_mul(2).min(BACKOFF_MAX);
        self.recontact = Some(Recontact { next_at, backoff });
        Some(Due { is_new })
    }

    pub(crate) fn poll_timeout(&self, config: &Config) -> Option<Instant> {
        let silent_until = || self.heard_at + config.probe_every.saturating_mul(SILENT_PERIODS);
        let is_asking = self.pings >= PINGS_MIN;
        let recontact = self.recontact.as_ref().map(|it| it.next_at);
        recontact.or_else(|| is_asking.then(silent_until))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::new(Duration::from_millis(millis))
    }

    fn silent_after(pings: u32) -> Isolation {
        let mut isolation = Isolation::new(at(0));
        (0..pings).for_each(|_| isolation.handle_ping());
        isolation
    }

    #[test]
    fn silence_counts_for_who_asks() {
        let (config, mut random) = (Config::DEFAULT, Random::new(1));
        assert_eq!(silent_after(2).handle_timeout(at(60_000), &config, &mut random), None);
        let mut isolation = silent_after(3);
        assert_eq!(isolation.poll_timeout(&config), Some(at(8_000)));
        assert_eq!(isolation.handle_timeout(at(7_999), &config, &mut random), None);
        isolation.handle_sleep(Duration::from_secs(60));
        assert_eq!(isolation.handle_timeout(at(67_999), &config, &mut random), None);
        let due = isolation.handle_timeout(at(68_000), &config, &mut random);
        assert_eq!(due, Some(Due { is_new: true }));
        assert!(isolation.handle_sign_of_life(at(69_000)));
        assert!(!isolation.handle_sign_of_life(at(69_000)), "it was told");
        assert_eq!(isolation.poll_timeout(&config), None);
    }

    #[test]
    fn others_are_asked_less_and_less_often() {
        let (config, mut random) = (Config::DEFAULT, Random::new(1));
        let mut isolation = silent_after(3);
        let mut asked = Vec::new();
        while asked.last().is_none_or(|last| *last < at(30_000)) {
            let now = isolation.poll_timeout(&config).expect("it goes on");
            assert!(isolation.handle_timeout(now, &config, &mut random).is_some());
            asked.push(now);
        }
        let waits: Vec<_> = asked.windows(2).map(|two| two[1].since(two[0]).as_millis()).collect();
        assert!(waits[0] < 300 && waits[1] > 400, "{waits:?}");
        assert!(waits[2..].iter().all(|wait| (900..=1_100).contains(wait)), "{waits:?}");
    }
}
