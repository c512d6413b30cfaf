//! How much is taken from one address.
//!
//! Whoever floods us takes no more of our time than it may, and none of what others have: its
//! datagrams are turned away before they are read, behind the frame or seal. Where nothing is sealed,
//! anybody may write from anybody's address, and use up what it may send.

use alloc::collections::BTreeMap;
use core::{num::NonZeroU32, time::Duration};

use crate::{Address, Config, Instant};

/// So many addresses have an account of their own at a time; the others share one.
const ACCOUNTS_MAX: usize = 1_024;

const WINDOW: Duration = Duration::from_secs(1);

/// The bytes that came from each address in the present second.
#[derive(Debug)]
pub(crate) struct Addresses<A> {
    bytes_max: NonZeroU32,
    began_at: Instant,
    spent: BTreeMap<A, u32>,
    spent_by_others: u32,
}

impl<A: Address> Addresses<A> {
    pub(crate) const fn new(now: Instant, config: &Config) -> Self {
        let bytes_max = config.address_bytes_per_second;
        Self { bytes_max, began_at: now, spent: BTreeMap::new(), spent_by_others: 0 }
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        if now.since(self.began_at) >= WINDOW {
            self.began_at = now;
            self.spent.clear();
            self.spent_by_others = 0;
        }
    }

    /// Takes note of so many bytes, and says whether they may be read.
    pub(crate) fn allow(&mut self, from: &A, len: usize) -> bool {
        let bytes_max = self.bytes_max.get();
        let spent = self.account(from);
        *spent = spent.saturating_add(u32::try_from(len).unwrap_or(u32::MAX));
        *spent <= bytes_max
    }

    fn account(&mut self, from: &A) -> &mut u32 {
        if self.spent.len() >= ACCOUNTS_MAX && !self.spent.contains_key(from) {
            return &mut self.spent_by_others;
        }
        self.spent.entry(from.clone()).or_default()
    }
}
