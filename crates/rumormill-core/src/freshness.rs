//! How much of what others have is here: measured, not promised. `docs/freshness.md` derives it.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

/// The most agreements that are remembered, each with another peer.
const AGREEMENTS_MAX: usize = 64;

/// Through which settled cut a table agreed with how many distinct random peers.
///
/// Each probe carries the fingerprint of its sender's table as it was at a *cut*, a moment by which
/// what had been written should have spread. Where it is equal to ours at that cut, the two tables
/// agreed on everything that was written before. A peer is counted once, with its latest cut, and
/// only if there was no disagreement since with anybody; at most the 64 peers of the latest
/// agreements are counted. What is counted stays until the next comparison, so who hears nobody has
/// a freshness that ages.
///
/// Times are those of wall clocks since the Unix epoch: cuts by those of the writers, which differ
/// from ours by no more than [`Config::skew_max`](crate::Config::skew_max); a cut is a multiple of
/// 1.024 s. Fingerprints have 16 bytes; that unequal tables agree by accident is not counted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Latest first, one a peer.
    cuts: Vec<Duration>,
    now: Duration,
    population: usize,
}

impl Freshness {
    /// The latest cut through which this table agreed with a peer; nothing if it agreed with none
    /// yet.
    #[must_use]
    pub fn through(&self) -> Option<Duration> {
        self.through_with(1)
    }

    /// The latest cut through which this table agreed with at least `peers` peers, each at that cut
    /// or a later one; nothing if it did not agree with as many.
    #[must_use]
    pub fn through_with(&self, peers: usize) -> Option<Duration> {
        self.cuts.get(peers.max(1) - 1).copied()
    }

    /// How long ago that cut was by our wall clock.
    #[must_use]
    pub fn age_with(&self, peers: usize) -> Option<Duration> {
        self.through_with(peers).map(|cut| self.now.saturating_sub(cut))
    }

    /// How long ago the latest cut was; see [`through`](Self::through).
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age_with(1)
    }

    /// How many distinct peers this table agreed with, 64 at most.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.cuts.len()
    }

    /// How many distinct peers this table agreed with at `cut` or later.
    #[must_use]
    pub fn peers_through(&self, cut: Duration) -> usize {
        self.cuts.partition_point(|it| *it >= cut)
    }

    /// How many members there are that have not left, ourselves included.
    #[must_use]
    pub const fn population(&self) -> usize {
        self.population
    }

    /// A bound on the chance that this table lacks a write made before `cut` that a share of at least
    /// `held_by` of the others held when we were compared: `(1 - held_by)^m`, with
    /// the number `m` of [peers](Self::peers_through) it agreed with. `held_by` is clamped to 0 to 1.
    ///
    /// It holds for peers that are as likely to be compared with as any other, as those are who probe
    /// in rounds. It says nothing of what hardly anybody has: for a share near 0 it is near 1.
    ///
    /// ```
    /// # use rumormill_core::Freshness;
    /// fn is_good_enough(it: &Freshness) -> bool {
    ///     // At most one in a thousand, for what half of the others had.
    ///     it.through_with(10).is_some_and(|cut| it.missing_chance(cut, 0.5) < 0.001)
    /// }
    /// ```
    #[must_use]
    pub fn missing_chance(&self, cut: Duration, held_by: f64) -> f64 {
        let misses = 1.0 - held_by.clamp(0.0, 1.0);
        (0..self.peers_through(cut)).fold(1.0, |chance, _| chance * misses)
    }
}

/// The peers that agreed with us since anybody last disagreed.
#[derive(Debug)]
pub(crate) struct Agreements<A> {
    /// Latest last.
    agreements: VecDeque<(A, Duration)>,
    /// Whether somebody disagreed since the last agreement.
    is_broken: bool,
}

impl<A: Clone + PartialEq> Agreements<A> {
    pub(crate) const fn new() -> Self {
        Self { agreements: VecDeque::new(), is_broken: false }
    }

    /// Takes note that a peer's table was equal to ours at a cut. After a disagreement others count
    /// no more: where unequal comparisons are left out, equal ones prove little.
    pub(crate) fn agree(&mut self, peer: &A, cut: Duration) {
        if core::mem::take(&mut self.is_broken) {
            self.agreements.clear();
        }
        let known = self.agreements.iter().position(|(it, _)| it == peer);
        let before = known.and_then(|at| self.agreements.remove(at)).map(|(_, cut)| cut);
        if self.agreements.len() >= AGREEMENTS_MAX {
            self.agreements.pop_front();
        }
        self.agreements.push_back((peer.clone(), before.map_or(cut, |before| before.max(cut))));
    }

    /// Takes note that a peer's table was another than ours. What others agreed with before stands
    /// until the next agreement.
    pub(crate) const fn disagree(&mut self) {
        self.is_broken = true;
    }

    /// Forgets everything: our table is a new one.
    pub(crate) fn clear(&mut self) {
        self.agreements.clear();
    }

    pub(crate) fn freshness(&self, now: Duration, population: usize) -> Freshness {
        let mut cuts: Vec<_> = self.agreements.iter().map(|(_, cut)| *cut).collect();
        cuts.sort_unstable_by(|a, b| b.cmp(a));
        Freshness { cuts, now, population }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_peer_counts_once_with_its_latest_cut() {
        let mut agreements = Agreements::new();
        for (peer, cut) in [(1, 10), (2, 11), (1, 13), (3, 12), (2, 9)] {
            agreements.agree(&peer, cut * SECOND);
        }
        let it = agreements.freshness(20 * SECOND, 5);
        assert_eq!((it.peers(), it.population()), (3, 5));
        assert_eq!([1, 2, 3, 4].map(|m| it.through_with(m)), [13, 12, 11, 0].map(some_second));
        assert_eq!((it.through(), it.age()), (Some(13 * SECOND), Some(7 * SECOND)));
        assert_eq!([14, 13, 12, 0].map(|cut| it.peers_through(cut * SECOND)), [0, 1, 2, 3]);
        assert_eq!(it.missing_chance(12 * SECOND, 0.5), 0.25);
        assert_eq!([0.0, 1.0, 7.0].map(|share| it.missing_chance(SECOND, share)), [1.0, 0.0, 0.0]);
    }

    fn some_second(cut: u32) -> Option<Duration> {
        (cut > 0).then_some(cut * SECOND)
    }

    #[test]
    fn a_disagreement_begins_the_count_anew() {
        let mut agreements = Agreements::new();
        (0..100).for_each(|peer| agreements.agree(&peer, peer * SECOND));
        let peers = |agreements: &Agreements<u32>| agreements.freshness(SECOND, 1).peers();
        assert_eq!(peers(&agreements), AGREEMENTS_MAX);
        agreements.disagree();
        assert_eq!(peers(&agreements), AGREEMENTS_MAX, "it was so");
        agreements.agree(&1, SECOND);
        assert_eq!(peers(&agreements), 1);
    }

    /// In 20,000 populations of 50 others, of whom a share holds what we lack, so many comparisons
    /// in a row find nothing.
    #[test]
    fn the_bound_holds_for_peers_at_random() {
        const RUNS: u32 = 20_000;
        let mut random = Random::new(1);
        for (holders, most) in [(5, 40), (25, 8), (40, 4)] {
            let mut lacking = [0u32; 64];
            for _ in 0..RUNS {
                let mut agreements = Agreements::new();
                for cut in 0..most {
                    let peer = random.below(50);
                    if peer < holders {
                        break;
                    }
                    agreements.agree(&peer, cut * SECOND);
                    // It is asked after each comparison how fresh the table is.
                    let peers = agreements.freshness(SECOND, 51).peers();
                    if u32::try_from(peers).is_ok_and(|peers| peers == cut + 1) {
                        lacking[peers] += 1;
                    }
                }
            }
            for (peers, lacking) in (0i32..).zip(lacking).skip(1) {
                let bound = (1.0 - holders as f64 / 50.0).powi(peers);
                let measured = f64::from(lacking) / f64::from(RUNS);
                let noise = 4.0 * (bound / f64::from(RUNS)).sqrt();
                assert!(measured <= bound + noise, "{holders} {peers}: {measured} {bound}");
                let is_first = peers == 1;
                assert!(!is_first || measured > bound - noise, "{holders}: {measured} {bound}");
            }
        }
    }
}
