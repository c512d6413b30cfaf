//! How much longer things take in larger populations.

use core::time::Duration;

use crate::{Config, DATAGRAM_LEN_MIN};

/// For how many periods a row stays hot in a population of `n`, when of 1,000 datagrams this many
/// arrive.
///
/// Each infected node tells `r * fanout` others, so a share of about `e^(-r * fanout * q)` hears
/// nothing when a share `q` of datagrams arrives. For less than a thousandth of a node missed
/// that is `r = ln(1,000 n) / (q * fanout)`; the logarithm is rounded up to a power of two.
pub(crate) fn hot_periods(n: usize, fanout: usize, arrives_per_mille: u32) -> usize {
    let log2 = n.saturating_mul(1_000).ilog2() as usize + 1;
    // ln 2 is 0.693.
    (log2 * 693).div_ceil(fanout.max(1) * arrives_per_mille.max(1) as usize)
}

/// How many may pass a rumor on to `fanout` others each, one after the other, before so many of
/// `n` have heard of it that naming it is cheaper: `n / ln n` of them (Mercier, Hayez and Matos,
/// "Optimal Epidemic Dissemination", 2017, section 4).
pub(crate) fn pushing_hops(n: usize, fanout: usize) -> u8 {
    // ln 2 is 0.693.
    let ln = (n.max(2).ilog2() as usize * 693).div_ceil(1_000);
    let enough = n / ln.max(1);
    let growth = fanout.saturating_add(1).max(2);
    let hops = enough.max(1).ilog(growth);
    u8::try_from(hops).unwrap_or(u8::MAX)
}

/// How long an answer takes at the least where everybody has our budget, and 16 datagrams wait
/// for it: whoever asks again sooner, or asks somebody else, adds to what keeps the answer waiting.
pub(crate) fn answers_within(config: &Config) -> Duration {
    let Some(rate) = config.bytes_per_second else { return Duration::ZERO };
    let nanos = 16 * DATAGRAM_LEN_MIN as u64 * 1_000_000_000 / u64::from(rate.get());
    Duration::from_nanos(nanos)
}

/// The time a suspect has to refute among `n` at the least: longer in larger populations, where
/// news takes longer. A few members take as long as 256, so that somebody who is held up for a
/// second or two is not given up: there is no haste among few.
pub(crate) fn refute_within(n: usize, config: &Config) -> Duration {
    let factors_of_16 = (log2_milli(n) / 4).max(2_000);
    let periods = config.suspicion_periods.saturating_mul(factors_of_16);
    config.probe_every.saturating_mul(periods) / 1_000
}

/// Thousandths of the binary logarithm, at most 87 too few: between powers of two it is a line.
fn log2_milli(n: usize) -> u32 {
    let n = n.max(1) as u128;
    let whole = n.ilog2();
    let fraction = u32::try_from(((n * 1_000) >> whole) - 1_000).unwrap_or(0);
    whole * 1_000 + fraction
}

/// How many datagrams a claim rides along in among `n`, where so many of 1,000 arrive.
pub(crate) fn claim_repeats(n: usize, arrives_per_mille: u32) -> u32 {
    4 * (n.ilog10() + 1) * 1_000 / arrives_per_mille.max(ARRIVES_MIN)
}

/// Where fewer of 1,000 datagrams arrive, no number of repetitions helps.
const ARRIVES_MIN: u32 = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_logarithms_are_right() {
        for n in 1..100_000u32 {
            let exact = f64::from(n).log2() * 1_000.0;
            let short = exact - f64::from(log2_milli(n as usize));
            assert!((-0.01..88.0).contains(&short), "{n}: {exact} {short}");
        }
        assert_eq!(log2_milli(usize::MAX), 63_999);
    }

    #[test]
    fn a_suspect_has_longer_in_larger_populations() {
        let millis = |n| refute_within(n, &Config::DEFAULT).as_millis();
        assert_eq!([2, 256, 1_000, 10_000].map(millis), [2_000, 2_000, 2_488, 3_305]);
    }

    #[test]
    fn what_gets_lost_is_said_more_often() {
        assert_eq!(
            [1_000, 500, 250, 0].map(|arrives| claim_repeats(1_000, arrives)),
            [16, 32, 64, 64]
        );
    }
}
