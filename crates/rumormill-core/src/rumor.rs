//! Spreading what is new.
//!
//! A row that grew is hot for a number of periods that depends on the population. A row becomes
//! hot only by growing, so a quiet population falls silent. Whom rumors miss, anti-entropy reaches.
//!
//! By default rumors are pushed, then pulled, with decline (Mercier, Hayez and Matos, "Optimal
//! Epidemic Dissemination", 2017): as long as few have heard of a growth, whoever hears of it sends
//! it on; later ones only say that there is one, and who knows it already stays silent. So hardly
//! any cell travels to anybody twice. What is new is told at once, ahead of the period, as
//! long as that does not happen often; so periods bound the traffic, not the speed.
//!
//! The classic variants wait for their periods: rumor mongering of Demers et al., "Epidemic
//! Algorithms for Replicated Database Maintenance" (PODC 1987), section 1.4, blind with a counter.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use rumormill_crdt::{Bytes, Key, Row, RowId, Table, Version};

use crate::{
    Address, Config, Instant, Mode, membership::Membership, outbox::Outbox, pace, random::Random,
};

/// The most rows of others that are hot at a time; more are left to anti-entropy.
const HOT_MAX: usize = 4_096;

/// The most growths of one row that are told apart; with more, the latest count as one.
const MARKS_MAX: usize = 8;

/// The longest delta worth sending unasked: with its frame it fits every datagram.
const OFFER_LEN_MAX: usize = 1_000;

/// How many times in a row news may be told ahead of the period. Each period allows one more.
const AHEAD_MAX: u32 = 4;

/// The rows that grew lately.
#[derive(Debug)]
pub(crate) struct Rumor {
    hot: BTreeMap<RowId, Hot>,
    /// When the next period begins.
    period_at: Instant,
    /// When news is told ahead of it.
    ahead_at: Option<Instant>,
    ahead_left: u32,
    is_silent: bool,
}

/// As what a growth is told, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heat {
    /// The version before the growth.
    pub(crate) from: Version,
    /// For how many periods it is told.
    pub(crate) periods: usize,
    /// How many pass it on unasked before we get it, ourselves included: 0 for a write of ours.
    pub(crate) hops: u8,
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
    heat: Heat,
    /// Whether nobody was told yet.
    is_untold: bool,
}

/// What is told of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    /// What grew since a version; so many passed it on.
    Cells { from: Version, hops: u8 },
    /// Its name and version.
    Name { is_new: bool },
}

impl Heat {
    /// A growth that nobody passes on unasked, whose periods are these.
    pub(crate) const fn named(from: Version, periods: usize) -> Self {
        Self { from, periods, hops: u8::MAX }
    }
}

impl Rumor {
    pub(crate) fn new(now: Instant, config: &Config, random: &mut Random) -> Self {
        let first = config.rumor_every / 1_024 * u32::try_from(random.below(1_024)).unwrap_or(0);
        let period_at = now + first;
        let (hot, ahead_at, ahead_left) = (BTreeMap::new(), None, AHEAD_MAX);
        Self { hot, period_at, ahead_at, ahead_left, is_silent: false }
    }

    /// Makes a row of our own hot.
    pub(crate) fn handle_write(&mut self, id: RowId, heat: Heat) {
        self.hot.entry(id).or_default().mark(heat);
    }

    /// Makes a row of somebody else hot, if there is room.
    pub(crate) fn handle_growth(&mut self, id: RowId, heat: Heat) {
        if self.hot.len() < HOT_MAX || self.hot.contains_key(&id) {
            self.handle_write(id, heat);
        }
    }

    /// Tells what nobody was told yet ahead of the period, unless that happened often of late.
    pub(crate) fn hurry(&mut self, now: Instant, config: &Config) {
        if config.mode == Mode::PushThenPull && self.ahead_left > 0 {
            self.ahead_at = Some(now);
        }
    }

    /// Tells nobody anything as long as we are new: those who know as little as we do do not pass it
    /// on, and what we write reaches them with all the rest.
    pub(crate) const fn be_silent(&mut self, is_new: bool) {
        self.is_silent = is_new;
    }

    /// Sends all hot rows to whoever asks for rumors.
    pub(crate) fn handle_pull<A: Address>(&self, from: &A, table: &Table, out: &mut Outbox<A>) {
        for (id, version, hops) in self.cells_of_all(table) {
            out.rumor(from, id, version, hops);
        }
    }

    /// Tells random peers of hot rows, or asks peers for theirs, once per period, and ahead of it
    /// if there is news. While there is nobody to tell, nothing cools.
    pub(crate) fn handle_timeout<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        table: &Table,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        let Some(is_period) = self.take_turn(now, config, random) else { return };
        let pulls = matches!(config.mode, Mode::Pull | Mode::PushPull);
        let offers = self.offers(config, is_period, members.population(), table);
        if !pulls && offers.is_empty() {
            return;
        }
        let count = if self.is_silent { 0 } else { config.fanout };
        let peers = members.draw_near(random, count, config.bias());
        for peer in &peers {
            if pulls {
                out.pull(peer);
            }
            for &(id, offer) in &offers {
                match offer {
                    Offer::Cells { from, hops } => out.rumor(peer, id, from, hops),
                    Offer::Name { is_new } => out.announce(peer, id, is_new),
                }
            }
        }
        if !peers.is_empty() {
            self.hot.retain(|_, hot| hot.cool(is_period));
        }
    }

    pub(crate) fn is_hot(&self, id: RowId) -> bool {
        self.hot.contains_key(&id)
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.ahead_at.map_or(self.period_at, |at| at.min(self.period_at))
    }

    /// Says whether it is time to tell, and if so whether a period is over.
    fn take_turn(&mut self, now: Instant, config: &Config, random: &mut Random) -> Option<bool> {
        let is_period = self.period_at <= now;
        if is_period {
            self.period_at = now + random.around(config.rumor_every);
            self.ahead_left = (self.ahead_left + 1).min(AHEAD_MAX);
        } else {
            self.ahead_at.filter(|at| *at <= now)?;
            self.ahead_left = self.ahead_left.saturating_sub(1);
        }
        self.ahead_at = None;
        Some(is_period)
    }

    /// What to tell now: ahead of the period only what nobody was told.
    fn offers(
        &self,
        config: &Config,
        is_period: bool,
        population: usize,
        table: &Table,
    ) -> Vec<(RowId, Offer)> {
        match config.mode {
            Mode::Pull => Vec::new(),
            Mode::Push | Mode::PushPull => {
                let all = self.cells_of_all(table);
                all.map(|(id, from, hops)| (id, Offer::Cells { from, hops })).collect()
            }
            Mode::PushThenPull => {
                let hops = pace::pushing_hops(population, config.fanout);
                let due = self.hot.iter().filter(|(_, hot)| is_period || hot.is_untold());
                due.map(|(id, hot)| (*id, hot.next_offer(hops))).collect()
            }
        }
    }

    fn cells_of_all(&self, table: &Table) -> impl Iterator<Item = (RowId, Version, u8)> {
        self.hot.iter().filter_map(|(id, hot)| {
            let from = hot.from(table.row(*id)?)?;
            Some((*id, from, hot.marks.back()?.heat.hops))
        })
    }
}

impl Hot {
    fn mark(&mut self, heat: Heat) {
        let is_full = self.marks.len() >= MARKS_MAX;
        match self.marks.back_mut().filter(|_| is_full) {
            Some(last) => {
                last.heat.periods = heat.periods;
                last.is_untold = true;
            }
            None => self.marks.push_back(Mark { heat, is_untold: true }),
        }
    }

    fn is_untold(&self) -> bool {
        self.marks.iter().any(|mark| mark.is_untold)
    }

    /// The cells themselves as long as few have them, which is told once; and then their name.
    fn next_offer(&self, pushing_hops: u8) -> Offer {
        let untold = self.marks.iter().find(|mark| mark.is_untold);
        match untold.map(|mark| mark.heat) {
            Some(Heat { from, hops, .. }) if hops < pushing_hops => Offer::Cells { from, hops },
            _ => Offer::Name { is_new: self.marks.iter().any(|mark| mark.heat.from == 0) },
        }
    }

    /// The version to send from: the oldest from which the delta fits; if none does, the newest.
    /// Whoever lacks more asks for it.
    fn from(&self, row: &Row<Key, Bytes>) -> Option<Version> {
        let newest = self.marks.back()?.heat.from;
        let fits = |from: &Version| {
            row.delta_since(*from, OFFER_LEN_MAX).is_some_and(|delta| delta.is_complete())
        };
        let older = self.marks.iter().map(|mark| mark.heat.from).take(self.marks.len() - 1);
        Some(older.into_iter().find(fits).unwrap_or(newest))
    }

    /// Takes note that it was told; a period may have passed. Says whether the row is still hot.
    fn cool(&mut self, is_period: bool) -> bool {
        self.marks.retain_mut(|mark| {
            mark.is_untold = false;
            mark.heat.periods = mark.heat.periods.saturating_sub(usize::from(is_period));
            mark.heat.periods > 0
        });
        !self.marks.is_empty()
    }
}
