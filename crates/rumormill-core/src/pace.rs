//! How much longer things take in larger populations.

use core::time::Duration;

use crate::Config;

/// For how many periods a row stays hot in a population of `n`.
///
/// Each infected node sends `r * fanout` copies, so a share of about `e^(-r * fanout * q)` hears
/// nothing when a share `q` of datagrams arrives. For less than a tenth of a node missed and q =
/// 0.66, that is `r = 1.5 ln(10 n) / fanout`; the logarithm is rounded up to a power of two.
pub(crate) fn hot_periods(n: usize, fanout: usize) -> usize {
    let log2 = n.saturating_mul(10).ilog2() as usize + 1;
    // ln 2 * 1.5 is 1.04.
    (log2 * 104).div_ceil(100 * fanout.max(1)) + 1
}

/// The time a suspect has to refute among `n`: longer in larger populations, where news takes
/// longer.
pub(crate) fn refute_within(n: usize, config: &Config) -> Duration {
    let hundredths_of_log10 = (n.ilog2() * 30).max(100);
    let periods = config.suspicion_periods.saturating_mul(hundredths_of_log10);
    config.probe_every.saturating_mul(periods) / 100
}

/// How many datagrams a claim rides along in among `n`.
pub(crate) const fn claim_repeats(n: usize) -> u32 {
    4 * (n.ilog10() + 1)
}
