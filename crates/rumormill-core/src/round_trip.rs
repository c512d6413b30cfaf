//! How long answers take.

use core::time::Duration;

/// The shortest wait for an answer: less is lost in the noise of operating systems.
const TIMEOUT_MIN: Duration = Duration::from_millis(20);

/// How long answers take, of all peers together: Jacobson's estimator ("Congestion Avoidance and
/// Control", SIGCOMM 1988, appendix A), as in RFC 6298, sections 2 and 3. Only answers to what was
/// asked once count, since of others nobody knows which question they answer (Karn and Partridge,
/// SIGCOMM 1987).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoundTrip {
    measured: Option<Measured>,
}

#[derive(Clone, Copy, Debug)]
struct Measured {
    mean: Duration,
    deviation: Duration,
}

impl RoundTrip {
    /// Takes note of an answer that took so long.
    pub(crate) fn observe(&mut self, took: Duration) {
        self.measured = Some(match self.measured {
            None => Measured { mean: took, deviation: took / 2 },
            Some(Measured { mean, deviation }) => Measured {
                mean: (mean.saturating_mul(7).saturating_add(took)) / 8,
                deviation: (deviation.saturating_mul(3).saturating_add(mean.abs_diff(took))) / 4,
            },
        });
    }

    /// How long to wait for an answer, and `longest` at most; that long if nothing is known.
    pub(crate) fn timeout(&self, longest: Duration) -> Duration {
        let enough = |it: Measured| it.mean.saturating_add(it.deviation.saturating_mul(4));
        self.measured.map_or(longest, |it| enough(it).max(TIMEOUT_MIN).min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_what_answers_take() {
        let millis = Duration::from_millis;
        let mut round_trip = RoundTrip::default();
        assert_eq!(round_trip.timeout(millis(300)), millis(300), "nothing is known");
        round_trip.observe(millis(40));
        assert_eq!(round_trip.timeout(millis(300)), millis(120));
        (0..40).for_each(|_| round_trip.observe(millis(40)));
        assert_eq!(round_trip.timeout(millis(300)).as_millis(), 40, "they always take 40 ms");
        (0..40).for_each(|_| round_trip.observe(millis(2)));
        assert_eq!(round_trip.timeout(millis(300)), TIMEOUT_MIN);
        (0..40).for_each(|_| round_trip.observe(Duration::MAX));
        assert_eq!(round_trip.timeout(millis(300)), millis(300));
    }
}
