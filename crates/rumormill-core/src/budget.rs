//! How many bytes may leave now.
//!
//! A token bucket (RFC 2697 has the words) in two parts. A quarter of the bytes, and of the burst,
//! is kept for liveness and claims: who is there has to stay known however much else there is to
//! say. What of that part is not used goes to everybody.

use core::{num::NonZeroU32, time::Duration};

use crate::{Instant, node::DATAGRAM_LEN_MIN};

/// The least room to compose a datagram of liveness and claims in.
const URGENT_LEN_MIN: usize = 300;

/// A burst is at least so many bytes.
const BURST_MIN: u64 = 2 * DATAGRAM_LEN_MIN as u64;

/// Which messages may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Everything,
    /// Liveness and claims.
    Urgent,
}

/// What may leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) scope: Scope,
    pub(crate) len_max: usize,
}

/// How many bytes may leave.
#[derive(Debug)]
pub(crate) struct Budget {
    buckets: Option<Buckets>,
}

/// Bytes times nanoseconds per second, so that nothing is rounded.
type Tokens = u128;

const SECOND: Tokens = 1_000_000_000;

#[derive(Debug)]
struct Buckets {
    rate: NonZeroU32,
    /// For everything.
    shared: Tokens,
    /// For liveness and claims.
    urgent: Tokens,
    /// When they were filled last.
    filled_at: Instant,
}

impl Budget {
    pub(crate) fn new(now: Instant, rate: Option<NonZeroU32>) -> Self {
        let full = |rate| {
            let (shared, urgent) = capacities(rate);
            Buckets { rate, shared, urgent, filled_at: now }
        };
        Self { buckets: rate.map(full) }
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        if let Some(buckets) = &mut self.buckets {
            buckets.fill(now);
        }
    }

    /// What may leave now.
    pub(crate) fn allowance(&self) -> Option<Allowance> {
        let scopes = [Scope::Everything, Scope::Urgent].into_iter();
        let mut allowances = scopes.map(|scope| Allowance { scope, len_max: self.room(scope) });
        allowances.find(|it| it.len_max >= len_min(it.scope))
    }

    /// Takes note of what left.
    pub(crate) fn spend(&mut self, scope: Scope, len: usize) {
        if let Some(buckets) = &mut self.buckets {
            let bucket = buckets.of_mut(scope);
            debug_assert!(*bucket >= tokens(len), "what leaves was allowed");
            *bucket = bucket.saturating_sub(tokens(len));
        }
    }

    /// The moment from which something may leave that may not yet.
    pub(crate) fn poll_timeout(&self, scope: Scope) -> Option<Instant> {
        let buckets = self.buckets.as_ref()?;
        let lacking = tokens(len_min(scope)).checked_sub(buckets.of(scope)).filter(|it| *it > 0)?;
        Some(buckets.filled_at + buckets.time_for(scope, lacking))
    }

    fn room(&self, scope: Scope) -> usize {
        let Some(buckets) = &self.buckets else { return usize::MAX };
        usize::try_from(buckets.of(scope) / SECOND).unwrap_or(usize::MAX)
    }
}

impl Buckets {
    fn fill(&mut self, now: Instant) {
        let elapsed = now.since(self.filled_at).as_nanos();
        self.filled_at = self.filled_at.max(now);
        let all = elapsed * Tokens::from(self.rate.get());
        let (shared_max, urgent_max) = capacities(self.rate);
        let urgent = self.urgent + all / 4;
        self.urgent = urgent.min(urgent_max);
        let left_over = urgent - self.urgent;
        self.shared = (self.shared + (all - all / 4) + left_over).min(shared_max);
    }

    /// How long it takes until a bucket has so much more.
    fn time_for(&self, scope: Scope, lacking: Tokens) -> Duration {
        let share = match scope {
            Scope::Everything => 3,
            Scope::Urgent => 1,
        };
        let nanos = (lacking * 4).div_ceil(share * Tokens::from(self.rate.get())) + 1;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    const fn of(&self, scope: Scope) -> Tokens {
        match scope {
            Scope::Everything => self.shared,
            Scope::Urgent => self.urgent,
        }
    }

    const fn of_mut(&mut self, scope: Scope) -> &mut Tokens {
        match scope {
            Scope::Everything => &mut self.shared,
            Scope::Urgent => &mut self.urgent,
        }
    }
}

/// What the buckets hold: an eighth of a second's bytes, or two datagrams.
fn capacities(rate: NonZeroU32) -> (Tokens, Tokens) {
    let burst = Tokens::from((u64::from(rate.get()) / 8).max(BURST_MIN)) * SECOND;
    (burst - burst / 4, burst / 4)
}

const fn len_min(scope: Scope) -> usize {
    match scope {
        Scope::Everything => DATAGRAM_LEN_MIN,
        Scope::Urgent => URGENT_LEN_MIN,
    }
}

const fn tokens(len: usize) -> Tokens {
    len as Tokens * SECOND
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::new(Duration::from_millis(millis))
    }

    fn budget(rate: u32) -> Budget {
        Budget::new(at(0), NonZeroU32::new(rate))
    }

    /// Sends as much as may leave, as soon as it may: when, and how many bytes.
    fn run(budget: &mut Budget, until: Instant, scopes: &[Scope]) -> Vec<(Instant, Scope, usize)> {
        let mut sent = Vec::new();
        let mut now = at(0);
        while now <= until {
            budget.handle_time(now);
            for &scope in scopes {
                while budget.room(scope) >= len_min(scope) {
                    let len = budget.room(scope).min(1_300);
                    budget.spend(scope, len);
                    sent.push((now, scope, len));
                }
            }
            let next = scopes.iter().filter_map(|scope| budget.poll_timeout(*scope)).min();
            let next = next.expect("an empty bucket says when it is full enough");
            assert!(next > now, "a deadline is never in the past");
            now = next;
        }
        sent
    }

    #[test]
    fn no_window_holds_more_than_its_time_and_the_burst() {
        for rate in [1, 900, 2_000, 100_000, u32::MAX / 1_000] {
            let mut budget = budget(rate);
            let sent = run(&mut budget, at(3_000), &[Scope::Everything, Scope::Urgent]);
            let burst = (u64::from(rate) / 8).max(2_400);
            for (nth, (from, ..)) in sent.iter().enumerate().step_by(1 + sent.len() / 100) {
                let mut bytes = 0;
                for (when, _, len) in &sent[nth..] {
                    bytes += *len as u128;
                    let allowed = when.since(*from).as_nanos() * u128::from(rate) / SECOND;
                    assert!(bytes <= allowed + u128::from(burst) + 1, "{rate}: {bytes}");
                }
            }
        }
    }

    #[test]
    fn a_quarter_is_kept_for_what_is_urgent_and_no_more() {
        let mut both = budget(10_000);
        let sent = run(&mut both, at(10_000), &[Scope::Everything, Scope::Urgent]);
        let urgent = sent.iter().filter(|(_, scope, _)| *scope == Scope::Urgent);
        let urgent: usize = urgent.map(|(.., len)| len).sum();
        assert!((24_500..=25_600).contains(&urgent), "{urgent}");
        let mut one = budget(10_000);
        let sent = run(&mut one, at(10_000), &[Scope::Everything]);
        let bytes: usize = sent.iter().map(|(.., len)| len).sum();
        assert!(bytes >= 98_000, "what is not used is not lost: {bytes}");
    }

    #[test]
    fn without_a_budget_everything_may_leave_at_any_time() {
        let mut budget = Budget::new(at(0), None);
        budget.spend(Scope::Everything, usize::MAX);
        let all = Allowance { scope: Scope::Everything, len_max: usize::MAX };
        assert_eq!(budget.allowance(), Some(all));
        assert_eq!(budget.poll_timeout(Scope::Everything), None);
    }
}
