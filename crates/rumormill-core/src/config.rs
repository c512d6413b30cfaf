//! What a node is told about itself and its population.

use alloc::string::String;
use core::{num::NonZeroU32, time::Duration};

use rumormill_crdt::{Limits, ReplicaId, Retention};
use serde::{Deserialize, Serialize};

use crate::{KeyRing, Trust, membership::Bias, seal::SEAL_LEN};

/// Who a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity<A> {
    /// The replica it runs a life of. Stable across restarts; two nodes must never share one.
    pub replica: ReplicaId,
    /// What people call it. It travels in one cell, so a few hundred bytes at most.
    pub name: String,
    /// Where others reach it.
    pub address: A,
}

/// How fresh deltas spread. The variants that are not the default are the classic ones, for
/// comparison: Demers et al., "Epidemic Algorithms for Replicated Database Maintenance" (PODC
/// 1987), section 1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Who has news sends it to `fanout` peers at once while few have it, and names it from then
    /// on, at once and each period; who lacks it asks. Mercier, Hayez and Matos (2017).
    #[default]
    PushThenPull,
    /// Who has news sends it to `fanout` peers each period.
    Push,
    /// Everybody asks `fanout` peers for news each period.
    Pull,
    /// Both.
    PushPull,
}

/// How a node behaves. Start from [`Config::DEFAULT`] and change what matters.
///
/// All nodes of a population should agree on `cluster`, `retention` and `limits`; the rest is each node's own.
/// Periods shorter than a millisecond count as a millisecond, retentions shorter than a minute as a
/// minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The population's name. Datagrams of other populations are rejected.
    pub cluster: String,
    /// The keys that datagrams are sealed with. Without any, the default, everybody who can send a
    /// datagram and knows the name of the population is trusted, and everybody on the way can read
    /// what is sent: for closed networks and tests.
    ///
    /// They are left out where a configuration is written down.
    #[serde(skip)]
    pub keys: Option<KeyRing>,
    /// Whether members sign what they write. They do not by default, and then whoever is in the
    /// population can write in anybody's name: `docs/security.md` says what that means.
    ///
    /// It is left out where a configuration is written down.
    #[serde(skip)]
    pub trust: Trust,
    /// How many peers each rumor period sends to or asks.
    pub fanout: usize,
    /// How fresh deltas spread.
    pub mode: Mode,
    /// Where the node is: a region, a rack, a building. Empty, the default, is nowhere. Members whose
    /// labels are equal are in one zone. The label travels in the node's `self` row; it has at most
    /// [`ZONE_LEN_MAX`](Self::ZONE_LEN_MAX) bytes.
    pub zone: String,
    /// Of 1,000 peers that are drawn to be told of news, so many are drawn from the node's own zone, and
    /// the rest from all members alike; 750 by default, which is also the most, so that
    /// news never stays in a zone. Without a zone, or where nobody else is in it, all
    /// are drawn from all. Probes, comparisons and claims go to all members alike in any case.
    pub zone_bias_per_mille: u32,
    /// Whether of two peers that are drawn the nearer is told, by how long its answers took. It
    /// counts for the draws that `zone_bias_per_mille` speaks of, in a zone or not; off by default.
    pub prefer_near: bool,
    /// The rumor period.
    pub rumor_every: Duration,
    /// The longest time from one comparison of digests to the next. Every probe carries one, so
    /// it is the probes that set the pace if they are more frequent.
    pub reconcile_every: Duration,
    /// The time from one probed member to the next, 1 s by default. It is up to nine times as long,
    /// and so are the waits for answers, while there are signs that it is us who are slow.
    pub probe_every: Duration,
    /// The longest wait for the answer to a ping, 300 ms by default, and the first: where answers
    /// come sooner, so does the next ping. Other members, once asked, have as long to find out.
    pub probe_timeout: Duration,
    /// How many times a member is pinged at the least before others are asked to try, 4 by default.
    /// It is pinged more often where datagrams get lost, as far as that fits a period.
    pub probe_attempts: u32,
    /// How many members are asked to ping one that does not answer, 3 by default.
    pub probe_indirect: usize,
    /// How many probe periods a suspect has to refute at the least, for each factor of 16 in
    /// members, of which two count if there are fewer: 1 by default.
    pub suspicion_periods: u32,
    /// How many times as long it has if one member alone suspects it, 4 by default.
    pub suspicion_factor: u32,
    /// How many further members have to suspect it to leave it the least time, 3 by default, 8 at
    /// most.
    pub suspicion_confirmations: usize,
    /// The longest wait before a request for a row, or a page, is repeated. Where answers usually
    /// come sooner, so does the repetition.
    pub request_timeout: Duration,
    /// How many times a row is asked for before it is given up, at the least.
    pub request_attempts: u32,
    /// The wait before a silent seed is tried again, at first; it doubles up to a minute.
    pub seed_backoff: Duration,
    /// How many bytes of datagrams the node may send a second, after a burst of an eighth of that, or
    /// 2,400 bytes if that is more; no bound by default. What has to wait does: pings, their answers
    /// and claims the least, since a quarter is kept for them. Below 1,000 there is hardly room for
    /// more than these. No datagram is longer than three quarters of the burst.
    pub bytes_per_second: Option<NonZeroU32>,
    /// How many bytes of keys and values of one replica's rows are taken in a second, whoever passes them
    /// on, 16 MiB by default. What is more waits until others tell of it again.
    pub origin_bytes_per_second: NonZeroU32,
    /// How many cells of one replica's rows are taken in a second, 200,000 by default: as many as it may
    /// write, or more where it writes some over before they are passed on.
    pub origin_cells_per_second: NonZeroU32,
    /// How many bytes of datagrams are taken from one address in a second, 32 MiB by default. What is more
    /// is rejected unread.
    pub address_bytes_per_second: NonZeroU32,
    /// How far ahead of our wall clock an accepted timestamp may be.
    pub skew_max: Duration,
    /// How old an erase marker must be to be forgotten.
    pub forget_after: Duration,
    /// How long rows of ended lives are kept. All nodes of a population must agree on it, and it
    /// should be above 64 times `skew_max`.
    pub retention: Retention,
    /// Bounds on the table. Where heads are signed, nine dependencies are the most.
    pub limits: Limits,
}

impl Config {
    /// Defaults for a local network: a crash is known in seconds, an update in less than one.
    pub const DEFAULT: Self = Self {
        cluster: String::new(),
        keys: None,
        trust: Trust::Unsigned,
        fanout: 3,
        mode: Mode::PushThenPull,
        zone: String::new(),
        zone_bias_per_mille: ZONE_BIAS_MAX,
        prefer_near: false,
        rumor_every: Duration::from_millis(200),
        reconcile_every: Duration::from_millis(1_500),
        probe_every: Duration::from_secs(1),
        probe_timeout: Duration::from_millis(300),
        probe_attempts: 4,
        probe_indirect: 3,
        suspicion_periods: 1,
        suspicion_factor: 4,
        suspicion_confirmations: 3,
        request_timeout: Duration::from_millis(300),
        request_attempts: 12,
        seed_backoff: Duration::from_millis(250),
        bytes_per_second: None,
        origin_bytes_per_second: ORIGIN_BYTES,
        origin_cells_per_second: ORIGIN_CELLS,
        address_bytes_per_second: ADDRESS_BYTES,
        skew_max: Duration::from_secs(10),
        forget_after: Duration::from_secs(600),
        retention: Retention::DEFAULT,
        limits: Limits::DEFAULT,
    };
}

impl Config {
    /// The longest label of a zone, in bytes.
    pub const ZONE_LEN_MAX: usize = 32;

    /// How many bytes the seal takes after the payload of a datagram.
    pub(crate) const fn seal_len(&self) -> usize {
        if self.keys.is_some() { SEAL_LEN } else { 0 }
    }

    /// How peers for rumors are chosen.
    pub(crate) fn bias(&self) -> Bias {
        let per_mille = self.zone_bias_per_mille.min(ZONE_BIAS_MAX) as usize;
        Bias { per_mille, prefers_near: self.prefer_near }
    }

    /// Every period at least a millisecond, so that there is always a next moment.
    pub(crate) fn with_sane_periods(mut self) -> Self {
        let periods = [
            &mut self.rumor_every,
            &mut self.reconcile_every,
            &mut self.probe_every,
            &mut self.probe_timeout,
            &mut self.request_timeout,
            &mut self.seed_backoff,
            &mut self.forget_after,
        ];
        for period in periods {
            *period = (*period).max(PERIOD_MIN);
        }
        if self.is_signed() {
            let dependencies_max = &mut self.limits.dependencies_max;
            *dependencies_max = SIGNED_DEPENDENCIES_MAX.min(*dependencies_max);
        }
        self.retention = self.retention.map(|kept| kept.map(|kept| kept.max(RETENTION_MIN)));
        self
    }
}

/// With a signature, so many dependencies fit a datagram beside the largest cell.
const SIGNED_DEPENDENCIES_MAX: usize = 9;

/// At least a fourth of all draws is uniform.
const ZONE_BIAS_MAX: u32 = 750;

/// More than a link of 100 Mbit/s brings.
const ORIGIN_BYTES: NonZeroU32 = NonZeroU32::new(16 << 20).expect("it is not 0");

/// What rows, with what there is around them, may take.
const ADDRESS_BYTES: NonZeroU32 = NonZeroU32::new(32 << 20).expect("it is not 0");

/// About as many as a core can take in.
const ORIGIN_CELLS: NonZeroU32 = NonZeroU32::new(200_000).expect("it is not 0");

/// The shortest retention: rows are stamped anew four times as often.
const RETENTION_MIN: Duration = Duration::from_secs(60);

/// The shortest period there is.
const PERIOD_MIN: Duration = Duration::from_millis(1);

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}
