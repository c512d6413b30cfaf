//! How long rows of ended lives are kept.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Space, Timestamp};

/// Something for each space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct PerSpace<T> {
    /// For [`Space::SELF`].
    pub of_self: T,
    /// For [`Space::SHARED`].
    pub shared: T,
    /// For [`Space::STATS`].
    pub stats: T,
    /// For every other space.
    pub others: T,
}

impl<T: Copy> PerSpace<T> {
    /// The same for each.
    #[must_use]
    pub const fn uniform(each: T) -> Self {
        Self { of_self: each, shared: each, stats: each, others: each }
    }

    /// What it is for one.
    #[must_use]
    pub const fn of(&self, space: Space) -> T {
        match space {
            Space::SELF => self.of_self,
            Space::SHARED => self.shared,
            Space::STATS => self.stats,
            Space(_) => self.others,
        }
    }

    /// Something else for each.
    #[must_use]
    pub fn map<U>(self, map: impl Fn(T) -> U) -> PerSpace<U> {
        PerSpace {
            of_self: map(self.of_self),
            shared: map(self.shared),
            stats: map(self.stats),
            others: map(self.others),
        }
    }
}

/// How long a row is kept after its owner last stamped it; nothing means for ever.
///
/// A life that runs stamps its rows anew before a fourth of the time is over, so a row that is
/// older belongs to a life that ended. Whether a row has expired is a function of its head and of
/// the wall clock: all replicas that agree on this type drop the same rows, within the skew of
/// their clocks. Keep it above 64 times the skew bound.
pub type Retention = PerSpace<Option<Duration>>;

/// What is stamped earlier has expired.
pub type Horizon = PerSpace<Timestamp>;

/// Horizons move in steps of this part of the retention, so that replicas drop rows at the same
/// time and not all the time.
const STEPS: u32 = 16;

/// The part of the retention after which a life that runs stamps its rows anew.
const REFRESH: u32 = 4;

impl Retention {
    /// Rows of ended lives are never dropped.
    pub const FOREVER: Self = Self::uniform(None);

    /// Data is kept for 30 days, addresses and names for one.
    pub const DEFAULT: Self = {
        let day = Duration::from_secs(86_400);
        Self { of_self: Some(day), ..Self::uniform(Some(day.saturating_mul(30))) }
    };

    /// What is stamped earlier than this has expired when the wall clock reads `unix`.
    #[must_use]
    pub fn horizon(&self, unix: Duration) -> Horizon {
        self.map(|kept| {
            let begun = kept.map(|kept| last_step(kept, unix).saturating_sub(kept));
            begun.map_or(Timestamp::default(), Timestamp::from_unix)
        })
    }

    /// What of our own is stamped earlier than this is to be stamped anew.
    #[must_use]
    pub fn refresh_horizon(&self, unix: Duration) -> Horizon {
        self.map(|kept| {
            let begun = kept.map(|kept| unix.saturating_sub(kept / REFRESH));
            begun.map_or(Timestamp::default(), Timestamp::from_unix)
        })
    }

    /// The time until a horizon moves; nothing if none does before the end of time.
    #[must_use]
    pub fn next_step(&self, unix: Duration) -> Option<Duration> {
        let spaces = [self.of_self, self.shared, self.stats, self.others];
        let next = |kept| last_step(kept, unix).checked_add(step(kept))?.checked_sub(unix);
        spaces.into_iter().flatten().filter_map(next).min()
    }
}

fn step(kept: Duration) -> Duration {
    (kept / STEPS).max(Duration::from_millis(1))
}

/// The last moment, not later than `unix`, at which the horizon moved.
fn last_step(kept: Duration, unix: Duration) -> Duration {
    let since = unix.as_nanos() % step(kept).as_nanos();
    unix.saturating_sub(Duration::from_nanos(u64::try_from(since).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_a_little_have_the_same_horizon_most_of_the_time() {
        let retention = Retention::uniform(Some(Duration::from_secs(160)));
        let horizon = |secs| retention.horizon(Duration::from_secs(secs)).shared.to_unix();
        assert_eq!(horizon(1_000), Duration::from_secs(840));
        assert_eq!(horizon(1_009), Duration::from_secs(840));
        assert_eq!(horizon(1_010), Duration::from_secs(850));
        assert_eq!(retention.next_step(Duration::from_secs(1_003)), Some(Duration::from_secs(7)));
        assert_eq!(Retention::FOREVER.next_step(Duration::from_secs(1)), None);
    }
}
