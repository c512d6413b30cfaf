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

/// How long the answers of one peer take, in four bytes: both numbers in units of 64 microseconds,
/// up to four seconds. A mean of 0 says that nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PeerRoundTrip {
    mean: u16,
    deviation: u16,
}

impl PeerRoundTrip {
    /// Takes note of an answer that took so long.
    pub(crate) fn observe(&mut self, took: Duration) {
        let mut round_trip = self.get();
        round_trip.observe(took);
        if let Some(Measured { mean, deviation }) = round_trip.measured {
            *self = Self { mean: units(mean).max(1), deviation: units(deviation) };
        }
    }

    /// What stands for how far away it is; the most if nothing is known.
    pub(crate) const fn distance(self) -> u16 {
        if self.mean == 0 { u16::MAX } else { self.mean }
    }

    /// What is known of it, or else of all peers together.
    pub(crate) fn or(self, everybody: RoundTrip) -> RoundTrip {
        if self.mean == 0 { everybody } else { self.get() }
    }

    fn get(self) -> RoundTrip {
        let span = |units: u16| Duration::from_micros(u64::from(units) * MICROS_PER_UNIT);
        let measured = Measured { mean: span(self.mean), deviation: span(self.deviation) };
        RoundTrip { measured: (self.mean > 0).then_some(measured) }
    }
}

const MICROS_PER_UNIT: u64 = 64;

fn units(span: Duration) -> u16 {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    u16::try_from(micros.div_ceil(MICROS_PER_UNIT)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bytes_are_as_good() {
        let millis = Duration::from_millis;
        assert_eq!(size_of::<PeerRoundTrip>(), 4);
        let (mut exact, mut compact) = (RoundTrip::default(), PeerRoundTrip::default());
        let longest = Duration::from_secs(3);
        assert_eq!(compact.or(exact).timeout(longest), longest, "nothing is known");
        for took in [40, 40, 55, 38, 41, 300, 45, 42, 41, 700, 700, 700].map(millis) {
            exact.observe(took);
            compact.observe(took);
            let waits = [exact, compact.or(RoundTrip::default())].map(|it| it.timeout(longest));
            assert!(waits[0].abs_diff(waits[1]) < millis(3), "{waits:?}");
        }
        (0..40).for_each(|_| compact.observe(Duration::MAX));
        assert_eq!(compact.or(exact).timeout(longest), longest);
    }

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
