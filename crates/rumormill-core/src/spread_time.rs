//! How long news takes to reach us.

use core::time::Duration;

use crate::{Config, Instant, pace};

/// For how long the slowest news is remembered, at least; at most twice as long.
const MEMORY: Duration = Duration::from_secs(16);

/// Of 1,000 datagrams so many arrive where nothing is known of the network.
const LOSSY: u32 = 700;

/// However slow news is, no more of the past than this is left to rumors.
const LAG_MAX: Duration = Duration::from_secs(16);

/// How old rumors are when they reach us, by the clocks of those who wrote them and ours.
#[derive(Debug)]
pub(crate) struct SpreadTime {
    /// The greatest age in this stretch of time, and in the one before.
    slowest: [Duration; 2],
    next_at: Instant,
}

impl SpreadTime {
    pub(crate) fn new(now: Instant) -> Self {
        Self { slowest: [Duration::ZERO; 2], next_at: now + MEMORY }
    }

    /// Takes note of a rumor of that age.
    pub(crate) fn observe(&mut self, age: Duration) {
        self.slowest[0] = self.slowest[0].max(age);
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        if self.next_at <= now {
            self.slowest = [Duration::ZERO, self.slowest[0]];
            self.next_at = now + MEMORY;
        }
    }

    /// How long a write takes to be everywhere, with a fourth to spare. Where nothing was
    /// measured lately it is for how long a rumor is passed on.
    pub(crate) fn lag(&self, population: usize, config: &Config) -> Duration {
        let measured = self.slowest[0].max(self.slowest[1]);
        let periods = u32::try_from(pace::hot_periods(population, config.fanout, LOSSY));
        let expected = || config.rumor_every.saturating_mul(periods.unwrap_or(u32::MAX));
        let slowest = if measured.is_zero() { expected() } else { measured };
        let slack = slowest / 4;
        slowest.saturating_add(slack).min(LAG_MAX).max(config.rumor_every.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_rumor_counts_and_is_forgotten() {
        let config = Config::DEFAULT;
        let mut spread = SpreadTime::new(Instant::default());
        let guess = spread.lag(1_000, &config);
        assert!(guess > Duration::from_secs(1) && guess < Duration::from_secs(2), "{guess:?}");
        spread.observe(Duration::from_millis(800));
        spread.observe(Duration::from_millis(400));
        assert_eq!(spread.lag(1_000, &config), Duration::from_secs(1));
        let at = |seconds| Instant::new(Duration::from_secs(seconds));
        spread.handle_time(at(16));
        assert_eq!(spread.lag(1_000, &config), Duration::from_secs(1));
        spread.handle_time(at(32));
        assert_eq!(spread.lag(1_000, &config), guess);
        spread.observe(Duration::from_secs(3_600));
        assert_eq!(spread.lag(1_000, &config), LAG_MAX);
    }
}
