//! The hybrid logical clock (I10).
//!
//! Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks" (OPODIS 2014), section
//! 3, packed into 64 bits as its section 6 suggests: 48 bits of milliseconds since the Unix epoch
//! and 16 bits that count events within one millisecond. Where the count would overflow, it
//! carries into the milliseconds, so time never repeats; the clock then runs ahead of the wall
//! clock until that catches up.

use core::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::codec::fixed;

/// A moment of the hybrid logical clock. Greater is later.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Timestamp(#[serde(with = "fixed")] pub u64);

const COUNT_BITS: u32 = 16;

/// A period has so many bits of milliseconds: 1.024 seconds.
const PERIOD_BITS: u32 = 10;

impl Timestamp {
    /// The first moment of the millisecond in which the wall clock reads `unix`.
    ///
    /// Times past the year 10889 count as the last millisecond that 48 bits can say.
    #[must_use]
    pub fn from_unix(unix: Duration) -> Self {
        let millis_max = u64::MAX >> COUNT_BITS;
        let millis = u64::try_from(unix.as_millis()).unwrap_or(millis_max).min(millis_max);
        Self(millis << COUNT_BITS)
    }

    /// The wall-clock part, as time since the Unix epoch.
    #[must_use]
    pub const fn to_unix(self) -> Duration {
        Duration::from_millis(self.0 >> COUNT_BITS)
    }
}

impl Timestamp {
    /// The length of a period.
    pub const PERIOD: Duration = Duration::from_millis(1 << PERIOD_BITS);

    /// The number of the period that the timestamp falls into, counted from the Unix epoch.
    /// Replicas whose tables are still in motion compare what they held when a period began.
    #[must_use]
    pub const fn period(self) -> u64 {
        self.0 >> (COUNT_BITS + PERIOD_BITS)
    }
}

/// A timestamp further ahead of the wall clock than the skew bound. It was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockAhead {
    /// How far ahead of our wall clock.
    pub by: Duration,
}

/// A replica's clock: never behind any timestamp of state the replica accepted, never asked to
/// run ahead of the wall clock by more than the skew bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    last: Timestamp,
}

impl Clock {
    /// Takes the next timestamp: greater than all taken and witnessed so far.
    ///
    /// Saturates at the greatest timestamp, which lies past the year 10889.
    pub fn tick(&mut self, unix: Duration) -> Timestamp {
        let next = Timestamp(self.last.0.saturating_add(1));
        self.last = next.max(Timestamp::from_unix(unix));
        self.last
    }

    /// Says whether `seen` may be accepted when the wall clock reads `unix`.
    ///
    /// # Errors
    ///
    /// [`ClockAhead`] if `seen` is more than `skew_max` ahead of the wall clock.
    pub fn check(seen: Timestamp, unix: Duration, skew_max: Duration) -> Result<(), ClockAhead> {
        let by = seen.to_unix().saturating_sub(Timestamp::from_unix(unix).to_unix());
        if by > skew_max { Err(ClockAhead { by }) } else { Ok(()) }
    }

    /// Moves on to `seen`, a timestamp in state that was accepted.
    pub fn witness(&mut self, seen: Timestamp) {
        self.last = self.last.max(seen);
    }

    /// The last timestamp taken or witnessed.
    #[must_use]
    pub const fn last(&self) -> Timestamp {
        self.last
    }
}

impl fmt::Display for ClockAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a timestamp lies {:?} ahead of our clock, more than the skew bound; \
             refused, check both wall clocks",
            self.by
        )
    }
}

impl core::error::Error for ClockAhead {}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Duration = Duration::from_secs(43_200);

    #[test]
    fn time_never_repeats_even_when_the_wall_clock_goes_back() {
        let mut clock = Clock::default();
        let first = clock.tick(NOON);
        let second = clock.tick(NOON);
        let third = clock.tick(NOON - Duration::from_secs(60));
        assert!(first < second && second < third);
        assert_eq!(first.to_unix(), NOON);
        assert_eq!(third.to_unix(), NOON);
    }

    #[test]
    fn a_clock_a_year_ahead_is_refused() {
        let year = Duration::from_secs(365 * 86_400);
        let second = Duration::from_secs(1);
        let ahead = Timestamp::from_unix(NOON + year);
        assert_eq!(Clock::check(ahead, NOON, second), Err(ClockAhead { by: year }));
        assert_eq!(Clock::check(Timestamp::from_unix(NOON + second), NOON, second), Ok(()));
    }

    #[test]
    fn the_end_of_time_saturates() {
        let mut clock = Clock::default();
        clock.witness(Timestamp(u64::MAX));
        assert_eq!(clock.tick(Duration::MAX), Timestamp(u64::MAX));
    }
}
