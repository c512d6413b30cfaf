//! How much longer things take in larger populations.

use core::time::Duration;

use crate::Config;

/// For how many periods a row stays hot in a population of `n`, when of 1,000 datagrams this many
/// arrive.
///
/// Each infected node tells `r * fanout` others, so a share of about `e^(-r * fanout * q)` hears
/// nothing when a share `q` of datagrams arrives. For less than a hundredth of a node missed that
/// is `r = ln(100 n) / (q * fanout)`; the logarithm is rounded up to a power of two.
pub(crate) fn hot_periods(n: usize, fanout: usize, arrives_per_mille: u32) -> usize {
    let log2 = n.saturating_mul(100).ilog2() as usize + 1;
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
