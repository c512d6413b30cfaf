//! How much each peer may have verified.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::{Address, Instant};

/// So many peers have an account of their own at a time; the others share one.
const ACCOUNTS_MAX: usize = 1_024;

/// What a signature that is wrong counts for: nobody passes one on who verifies what it takes in.
const WRONG: u32 = 64;

const WINDOW: Duration = Duration::from_secs(1);

/// How many verifications each peer has caused in the present second.
#[derive(Debug)]
pub(super) struct Budget<A> {
    per_window: u32,
    began_at: Instant,
    spent: BTreeMap<A, u32>,
    spent_by_others: u32,
}

impl<A: Address> Budget<A> {
    pub(super) const fn new(now: Instant, per_window: u32) -> Self {
        Self { per_window, began_at: now, spent: BTreeMap::new(), spent_by_others: 0 }
    }

    pub(super) fn handle_time(&mut self, now: Instant) {
        if now.since(self.began_at) >= WINDOW {
            self.began_at = now;
            self.spent.clear();
            self.spent_by_others = 0;
        }
    }

    /// Says whether another signature that `peer` sent may be verified.
    pub(super) fn allows(&mut self, peer: &A) -> bool {
        *self.account(peer) < self.per_window
    }

    /// Charges a peer for a verification.
    pub(super) fn charge(&mut self, peer: &A, is_right: bool) {
        let price = if is_right { 1 } else { WRONG };
        let account = self.account(peer);
        *account = account.saturating_add(price);
    }

    fn account(&mut self, peer: &A) -> &mut u32 {
        if self.spent.len() >= ACCOUNTS_MAX && !self.spent.contains_key(peer) {
            return &mut self.spent_by_others;
        }
        self.spent.entry(peer.clone()).or_default()
    }
}
