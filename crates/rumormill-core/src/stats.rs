//! What a node counts.

use core::time::Duration;

use crate::{Hearsay, Refusals, Rejected, Rejections, Repairs, Transfers};

/// Counts since the node was made. They only grow, but for those that say that they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stats {
    /// Datagrams composed.
    pub datagrams_sent: u64,
    /// Bytes in them.
    pub bytes_sent: u64,
    /// Of the datagrams composed, those to addresses at which no member of our zone is known to be; 0 if we
    /// are in none.
    pub datagrams_to_other_zones: u64,
    /// Bytes in them.
    pub bytes_to_other_zones: u64,
    /// Datagrams taken in.
    pub datagrams_received: u64,
    /// Bytes in them.
    pub bytes_received: u64,
    /// Datagrams rejected: another population, another protocol, damaged or not ours.
    pub datagrams_rejected: u64,
    /// The same, by why.
    pub rejections: Rejections,
    /// Row deltas sent.
    pub deltas_sent: u64,
    /// Row deltas taken in that were news.
    pub deltas_applied: u64,
    /// Row deltas taken in by which no row grew: known ones, and pieces that were staged.
    pub deltas_known: u64,
    /// Row deltas that were told shortly and could not be made out, and are asked for again spelled out: the
    /// row is not held as far as they begin, or its name means nobody.
    pub sequels_unfit: u64,
    /// Row deltas refused; most are gaps, which are then asked for.
    pub deltas_refused: u64,
    /// The same, by why.
    pub refusals: Refusals,
    /// How rows were fetched.
    pub transfers: Transfers,
    /// How it was found out what differs.
    pub repairs: Repairs,
    /// Bytes sent to find out what differs: all messages but deltas, pings, acks and claims, and
    /// the sender's name in every datagram that has such a message. Frames do not count.
    pub digest_bytes_sent: u64,
    /// Datagrams sent with such a message.
    pub digest_datagrams_sent: u64,
    /// Datagrams sent with cells of a sketch.
    pub sketch_datagrams_sent: u64,
    /// Comparisons of fingerprints with a peer's.
    pub comparisons: u64,
    /// Of these, how many found the tables equal at the cut that was compared.
    pub comparisons_equal: u64,
    /// Pings sent, for ourselves and for others.
    pub pings_sent: u64,
    /// Members that were asked to ping another one for us.
    pub pings_for_us: u64,
    /// Members that were pinged for others.
    pub pings_for_others: u64,
    /// Of these, how many did not answer in time, which was told.
    pub nacks_sent: u64,
    /// How well we do ourselves, from 0, well, to 8: the greater, the longer we wait before we
    /// suspect anybody. This one comes and goes.
    pub local_health: u8,
    /// How many of 1,000 datagrams arrive, by the answers to our pings. This one comes and goes.
    pub arrives_per_mille: u32,
    /// Members we suspected by ourselves, or whose suspicion we confirmed.
    pub suspicions: u64,
    /// How often one more member was found to suspect somebody who was suspected already.
    pub confirmations: u64,
    /// Claims against us that we refuted.
    pub refutations: u64,
    /// How often a suspect was told that its time is nearly up.
    pub suspects_asked_last: u64,
    /// What others said of members and was not believed as it was said.
    pub hearsay: Hearsay,
    /// For how long something waited since [`bytes_per_second`](crate::Config::bytes_per_second) did
    /// not let it leave.
    pub held_back: Duration,
    /// Heads of our own rows that were signed.
    pub heads_signed: u64,
    /// Signatures that were verified: of heads, certificates and notices.
    pub signatures_verified: u64,
    /// Heads that were refused because they, or their owners' certificates, were not in order.
    pub signatures_refused: u64,
    /// Messages that found the outbox full and were not queued.
    pub shed: u64,
    /// Answers to addresses that may not be real that waited for these to show that they are, and had to
    /// make room for others.
    pub guests_forgotten: u64,
}

impl Stats {
    pub(crate) const fn note_rejected(&mut self, why: Rejected) {
        self.datagrams_rejected += 1;
        self.rejections.note(why);
    }
}
