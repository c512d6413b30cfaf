//! Spreading what is new.
//!
//! Rumor mongering of Demers et al., "Epidemic Algorithms for Replicated Database Maintenance"
//! (PODC 1987), section 1.4, blind with a counter: a row that grew is hot for a number of
//! periods that depends on the population. A row becomes hot only by growing, so a quiet
//! population falls silent. Whom rumors miss, anti-entropy reaches.

use alloc::collections::BTreeMap;

use rumormill_crdt::{RowId, Version};

use crate::{
    Address, Config, Instant, Mode, membership::Membership, outbox::Outbox, random::Random,
};

/// The most rows that are hot at a time; more are left to anti-entropy.
const HOT_MAX: usize = 4_096;

/// The rows that grew lately.
#[derive(Debug)]
pub(crate) struct Rumor {
    hot: BTreeMap<RowId, Hot>,
    next_at: Instant,
}

#[derive(Debug)]
struct Hot {
    /// The version before the row became hot.
    from: Version,
    periods_left: usize,
}

impl Rumor {
    pub(crate) fn new(now: Instant, config: &Config, random: &mut Random) -> Self {
        let first = config.rumor_every / 1_024 * u32::try_from(random.below(1_024)).unwrap_or(0);
        Self { hot: BTreeMap::new(), next_at: now + first }
    }

    /// Makes a row hot that grew from version `from`.
    pub(crate) fn handle_growth(&mut self, id: RowId, from: Version, periods: usize) {
        if let Some(hot) = self.hot.get_mut(&id) {
            hot.periods_left = periods;
        } else if self.hot.len() < HOT_MAX {
            self.hot.insert(id, Hot { from, periods_left: periods });
        }
    }

    /// Sends all hot rows to whoever asks for rumors.
    pub(crate) fn handle_pull<A: Address>(&self, from: &A, out: &mut Outbox<A>) {
        for (id, hot) in &self.hot {
            out.offer(from, *id, hot.from);
        }
    }

    /// Sends hot rows to random peers, or asks peers for theirs, once per period.
    pub(crate) fn handle_timeout<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        if self.next_at > now {
            return;
        }
        self.next_at = now + random.around(config.rumor_every);
        let pushes = config.mode != Mode::Pull && !self.hot.is_empty();
        let pulls = config.mode != Mode::Push;
        if pushes || pulls {
            for peer in members.draw(random, config.fanout) {
                if pulls {
                    out.pull(&peer);
                }
                if pushes {
                    self.handle_pull(&peer, out);
                }
            }
        }
        self.hot.retain(|_, hot| {
            hot.periods_left = hot.periods_left.saturating_sub(1);
            hot.periods_left > 0
        });
    }

    pub(crate) fn is_hot(&self, id: RowId) -> bool {
        self.hot.contains_key(&id)
    }

    pub(crate) const fn poll_timeout(&self) -> Instant {
        self.next_at
    }
}

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
