//! Spreading what is new.
//!
//! Rumor mongering of Demers et al., "Epidemic Algorithms for Replicated Database Maintenance"
//! (PODC 1987), section 1.4, blind with a counter: a row that grew is hot for a number of
//! periods that depends on the population. A row becomes hot only by growing, so a quiet
//! population falls silent. Whom rumors miss, anti-entropy reaches.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use rumormill_crdt::{Bytes, Key, Row, RowId, Table, Version};

use crate::{
    Address, Config, Instant, Mode, membership::Membership, outbox::Outbox, random::Random,
};

/// The most rows of others that are hot at a time; more are left to anti-entropy.
const HOT_MAX: usize = 4_096;

/// The most growths of one row that are told apart; with more, the latest count as one.
const MARKS_MAX: usize = 8;

/// The longest delta worth sending unasked: with its frame it fits every datagram.
const OFFER_LEN_MAX: usize = 1_000;

/// The rows that grew lately.
#[derive(Debug)]
pub(crate) struct Rumor {
    hot: BTreeMap<RowId, Hot>,
    next_at: Instant,
}

/// A row that grew lately, once or more often. Each growth cools by itself, so that a row that
/// never stops growing does not drag its whole past along.
#[derive(Debug, Default)]
struct Hot {
    /// Oldest first; never empty.
    marks: VecDeque<Mark>,
}

#[derive(Debug)]
struct Mark {
    /// The version before the growth.
    from: Version,
    periods_left: usize,
}

impl Rumor {
    pub(crate) fn new(now: Instant, config: &Config, random: &mut Random) -> Self {
        let first = config.rumor_every / 1_024 * u32::try_from(random.below(1_024)).unwrap_or(0);
        Self { hot: BTreeMap::new(), next_at: now + first }
    }

    /// Makes a row of our own hot that grew from version `from`.
    pub(crate) fn handle_write(&mut self, id: RowId, from: Version, periods: usize) {
        self.hot.entry(id).or_default().mark(from, periods);
    }

    /// Makes a row of somebody else hot, if there is room.
    pub(crate) fn handle_growth(&mut self, id: RowId, from: Version, periods: usize) {
        if self.hot.len() < HOT_MAX || self.hot.contains_key(&id) {
            self.handle_write(id, from, periods);
        }
    }

    /// Sends all hot rows to whoever asks for rumors.
    pub(crate) fn handle_pull<A: Address>(&self, from: &A, table: &Table, out: &mut Outbox<A>) {
        for (id, version) in self.offers(table) {
            out.rumor(from, id, version);
        }
    }

    /// Sends hot rows to random peers, or asks peers for theirs, once per period. While there is
    /// nobody to tell, nothing cools.
    pub(crate) fn handle_timeout<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        table: &Table,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        if self.next_at > now {
            return;
        }
        self.next_at = now + random.around(config.rumor_every);
        let offers: Vec<_> = match config.mode {
            Mode::Pull => Vec::new(),
            Mode::Push | Mode::PushPull => self.offers(table).collect(),
        };
        let pulls = config.mode != Mode::Push;
        if !pulls && offers.is_empty() {
            return;
        }
        let peers = members.draw(random, config.fanout);
        for peer in &peers {
            if pulls {
                out.pull(peer);
            }
            for &(id, from) in &offers {
                out.rumor(peer, id, from);
            }
        }
        if !peers.is_empty() {
            self.hot.retain(|_, hot| hot.cool());
        }
    }

    pub(crate) fn is_hot(&self, id: RowId) -> bool {
        self.hot.contains_key(&id)
    }

    pub(crate) const fn poll_timeout(&self) -> Instant {
        self.next_at
    }

    fn offers(&self, table: &Table) -> impl Iterator<Item = (RowId, Version)> {
        self.hot.iter().filter_map(|(id, hot)| Some((*id, hot.offer(table.row(*id)?)?)))
    }
}

impl Hot {
    fn mark(&mut self, from: Version, periods_left: usize) {
        let is_full = self.marks.len() >= MARKS_MAX;
        match self.marks.back_mut().filter(|_| is_full) {
            Some(last) => last.periods_left = periods_left,
            None => self.marks.push_back(Mark { from, periods_left }),
        }
    }

    /// The version to offer from: the oldest from which the delta fits; if none does, the newest.
    /// Whoever lacks more asks for it.
    fn offer(&self, row: &Row<Key, Bytes>) -> Option<Version> {
        let newest = self.marks.back()?.from;
        let fits = |from: &Version| {
            row.delta_since(*from, OFFER_LEN_MAX).is_some_and(|delta| delta.is_complete())
        };
        let older = self.marks.iter().map(|mark| mark.from).take(self.marks.len() - 1);
        Some(older.into_iter().find(fits).unwrap_or(newest))
    }

    /// Lets a period pass. Says whether the row is still hot.
    fn cool(&mut self) -> bool {
        self.marks.retain_mut(|mark| {
            mark.periods_left = mark.periods_left.saturating_sub(1);
            mark.periods_left > 0
        });
        !self.marks.is_empty()
    }
}
