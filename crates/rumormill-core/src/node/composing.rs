//! What leaves, and when.

use super::{DATAGRAM_LEN_MIN, Node, Transmit};
use crate::{
    Address, Instant,
    budget::{Allowance, Scope},
    pace,
    seal::FRAME_LEN,
};

impl<A: Address> Node<A> {
    /// Composes the next datagram into `buf`, whose length is its only limit but for
    /// [`bytes_per_second`](crate::Config::bytes_per_second). `None` if there is nothing to say, or
    /// if it has to wait until [`poll_timeout`](Self::poll_timeout). The time is that of the last
    /// input.
    ///
    /// # Panics
    ///
    /// If `buf` is shorter than [`DATAGRAM_LEN_MIN`].
    pub fn poll_transmit<'b>(&mut self, buf: &'b mut [u8]) -> Option<Transmit<'b, A>> {
        assert!(buf.len() >= DATAGRAM_LEN_MIN, "a datagram buffer holds at least 1,200 bytes");
        let Allowance { scope, len_max } = self.budget.allowance()?;
        let len_max = len_max.min(buf.len());
        if !self.outbox.is_empty(scope) {
            self.sign_heads();
        }
        let claims = self.members.claims_along();
        let (life, table) = (self.life(), self.replica.table());
        self.digest.handle_changes(table);
        let about = (table, &self.digest);
        let composed = self.outbox.compose(scope, life, about, &claims, &mut buf[..len_max])?;
        self.budget.spend(scope, composed.len);
        let arrives = self.probe.loss.arrives_per_mille();
        let repeats = pace::claim_repeats(self.members.population(), arrives);
        self.members.claims_passed_on(composed.claims, repeats);
        let payload = &mut buf[..composed.len];
        debug_assert!(composed.len > FRAME_LEN, "a datagram says something");
        self.seal.close(payload);
        self.stats.datagrams_sent += 1;
        self.stats.bytes_sent += composed.len as u64;
        if self.members.is_elsewhere(&composed.to) {
            self.stats.datagrams_to_other_zones += 1;
            self.stats.bytes_to_other_zones += composed.len as u64;
        }
        self.stats.deltas_sent += composed.deltas;
        self.stats.pings_sent += composed.pings;
        self.stats.digest_bytes_sent += composed.digest_bytes as u64;
        self.stats.digest_datagrams_sent += u64::from(composed.digest_bytes > 0);
        self.stats.sketch_datagrams_sent += u64::from(composed.has_cells);
        Some(Transmit { to: composed.to, payload })
    }

    /// Says whether there is something for [`poll_transmit`](Self::poll_transmit) to compose that
    /// may leave now: at the time of the last input.
    #[must_use]
    pub fn has_transmit(&self) -> bool {
        self.budget.allowance().is_some_and(|it| !self.outbox.is_empty(it.scope))
    }

    /// When something may leave that waits for the budget. A moment after the last input.
    pub(super) fn budget_timeout(&self, scope: Scope) -> Option<Instant> {
        self.budget.poll_timeout(scope).filter(|_| !self.outbox.is_empty(scope))
    }
}
