//! What a node counts.

/// Counts since the node was made. All only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stats {
    /// Datagrams composed.
    pub datagrams_sent: u64,
    /// Bytes in them.
    pub bytes_sent: u64,
    /// Datagrams taken in.
    pub datagrams_received: u64,
    /// Bytes in them.
    pub bytes_received: u64,
    /// Datagrams rejected: another population, another protocol, damaged or not ours.
    pub datagrams_rejected: u64,
    /// Row deltas sent.
    pub deltas_sent: u64,
    /// Row deltas taken in that were news.
    pub deltas_applied: u64,
    /// Row deltas taken in by which no row grew: known ones, and pieces that were staged.
    pub deltas_known: u64,
    /// Row deltas refused; most are gaps, which are then asked for.
    pub deltas_refused: u64,
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
    /// Pings sent.
    pub pings_sent: u64,
    /// Members we suspected by ourselves.
    pub suspicions: u64,
    /// Claims against us that we refuted.
    pub refutations: u64,
    /// Messages that found the outbox full and were not queued.
    pub shed: u64,
}
