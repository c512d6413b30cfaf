//! Finding what differs: anti-entropy over whole tables.
//!
//! One side sends the fingerprint of its table. If it differs, the other answers with the
//! versions of its rows, a page at a time; whoever gets a page sends what the page lacks, asks
//! for what it has more of, and asks for the next page. The answering side keeps no state. The
//! asking side keeps a cursor over its table, and only the page that starts there makes it ask
//! for another: copies of a page end a conversation instead of doubling it, and after a loss the
//! sweep goes on where it stopped. Push-pull anti-entropy of Demers et al. (PODC 1987), section
//! 1.3.
//!
//! A page costs bytes for every row that exists. The neighbours of this module see only rows
//! named as wanted or owed, so a digest that costs what differs can take its place.

use alloc::vec::Vec;
use core::time::Duration;

use rumormill_crdt::{RowId, Table};

use crate::{
    Address, Config, Event, Instant,
    event::Events,
    membership::Membership,
    message::{Fingerprint, Page},
    outbox::Outbox,
    random::Random,
    transfer::{Transfer, Wanted},
};

/// The longest wait before a seed is tried again.
const SEED_BACKOFF_MAX: Duration = Duration::from_secs(60);

/// The longest such wait of a node that reaches nobody.
const SEED_BACKOFF_ISOLATED: Duration = Duration::from_secs(4);

/// Silent attempts before a seed is reported.
const SEED_PATIENCE: u32 = 3;

/// One in how many comparisons goes to a member thought dead, if there is one.
const DEAD_SHARE: usize = 4;

/// The most rows with which a page is answered.
const PAGE_OFFERS_MAX: usize = 64;

/// The most seeds that are kept.
const SEEDS_MAX: usize = 256;

/// How often a page that does not come is asked for again before the sweep waits for its turn.
const PAGE_ATTEMPTS: u32 = 8;

/// When to compare tables, and with whom.
#[derive(Debug)]
pub(crate) struct Reconcile<A> {
    next_at: Instant,
    /// Where the next page is to start.
    cursor: RowId,
    /// When a page that was asked for is overdue, and how often it was asked for.
    overdue: Option<(Instant, u32)>,
    seeds: Vec<Seed<A>>,
}

/// A peer we were told of. It is asked until it answers, and once in a long while after that: it
/// may be the only tie between two parts of a population that never met.
#[derive(Debug)]
struct Seed<A> {
    address: A,
    /// How often it was asked since it last answered.
    attempts: u32,
    backoff: Duration,
    next_at: Instant,
}

impl<A: Address> Reconcile<A> {
    pub(crate) fn new(now: Instant, config: &Config, random: &mut Random) -> Self {
        let next_at = now + random.around(config.reconcile_every);
        Self { next_at, cursor: RowId::MIN, overdue: None, seeds: Vec::new() }
    }

    /// Takes up a seed: it is asked at once, and again until it answers.
    pub(crate) fn join(&mut self, now: Instant, config: &Config, address: A) {
        let is_new = self.seeds.iter().all(|seed| seed.address != address);
        if is_new && self.seeds.len() < SEEDS_MAX {
            let backoff = config.seed_backoff;
            self.seeds.push(Seed { address, attempts: 0, backoff, next_at: now });
        }
    }

    /// Forgets a seed that turned out to be ourselves.
    pub(crate) fn drop_seed(&mut self, address: &A) {
        self.seeds.retain(|seed| seed.address != *address);
    }

    /// Notes that there is somebody at an address.
    pub(crate) fn handle_sign_of_life(&mut self, from: &A) {
        for seed in self.seeds.iter_mut().filter(|seed| seed.address == *from) {
            seed.attempts = 0;
        }
    }

    /// Sends a page to a peer whose table differs.
    pub(crate) fn handle_compare(
        &self,
        from: &A,
        theirs: Fingerprint,
        start: Option<RowId>,
        table: &Table,
        out: &mut Outbox<A>,
    ) {
        if theirs != Fingerprint::new(table.fingerprint()) {
            out.page(from, start.unwrap_or(RowId::MIN));
        }
    }

    /// Goes through a page of versions held elsewhere: what the peer lacks is sent, what we lack
    /// is asked for, and the next page too.
    pub(crate) fn handle_page(
        &mut self,
        now: Instant,
        from: &A,
        page: &Page,
        table: &Table,
        transfer: &mut Transfer<A>,
        out: &mut Outbox<A>,
    ) {
        for &(id, version) in page.rows() {
            let wanted = Wanted { id, version, is_fresh: false };
            transfer.want(now, wanted, from, table, out);
        }
        let end = self.offer_what_lacks(from, page, table, out);
        if page.start() == self.cursor {
            self.cursor = end.unwrap_or(RowId::MIN);
            let next = end.filter(|_| end == page.end());
            self.overdue = next.map(|_| (now + transfer.timeout(), 1));
            if let Some(next) = next {
                out.next_page(from, next);
            }
        }
    }

    /// Sends what the page lacks, up to a bound: whoever lacks very much asks by itself. Returns
    /// where to go on.
    fn offer_what_lacks(
        &self,
        from: &A,
        page: &Page,
        table: &Table,
        out: &mut Outbox<A>,
    ) -> Option<RowId> {
        let mut theirs = page.rows().iter().copied().peekable();
        let mut offers = 0;
        for row in table.rows_from(page.start()) {
            let id = row.id();
            if page.end().is_some_and(|end| end <= id) {
                break;
            }
            while theirs.next_if(|(other, _)| *other < id).is_some() {}
            let held = theirs.next_if(|(other, _)| *other == id).map_or(0, |(_, version)| version);
            if held < row.version() {
                if offers == PAGE_OFFERS_MAX {
                    return Some(id);
                }
                offers += 1;
                out.offer(from, id, held);
            }
        }
        page.end()
    }

    /// Compares with a random member now and then, and with silent seeds as their time comes.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        random: &mut Random,
        events: &mut Events<A>,
        out: &mut Outbox<A>,
    ) {
        if self.next_at <= now {
            self.next_at = now + random.around(config.reconcile_every);
            self.compare_with_somebody(members, random, out);
        }
        if let Some((_, attempts)) = self.overdue.filter(|(deadline, _)| *deadline <= now) {
            let peer = members.draw(random, 1).pop().filter(|_| attempts < PAGE_ATTEMPTS);
            self.overdue = peer.as_ref().map(|_| (now + config.request_timeout, attempts + 1));
            if let Some(peer) = peer {
                out.next_page(&peer, self.cursor);
            }
        }
        let isolated = members.reachable().is_empty();
        for seed in self.seeds.iter_mut().filter(|seed| seed.next_at <= now) {
            let backoff_max = if isolated { SEED_BACKOFF_ISOLATED } else { SEED_BACKOFF_MAX };
            let again_in = random.around(seed.backoff.min(backoff_max));
            if seed.attempts >= SEED_PATIENCE {
                let (address, attempts) = (seed.address.clone(), seed.attempts);
                events.note(Event::SeedUnreachable { address, attempts, again_in });
            }
            out.compare(&seed.address, self.cursor);
            seed.attempts = seed.attempts.saturating_add(1);
            seed.next_at = now + again_in;
            seed.backoff = seed.backoff.saturating_mul(2).min(backoff_max);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        let overdue = self.overdue.map(|(deadline, _)| deadline);
        let seeds = self.seeds.iter().map(|seed| seed.next_at);
        seeds.chain(overdue).fold(self.next_at, Instant::min)
    }

    /// A member thought dead gets its share: it may be back, or the network may have healed. It
    /// is told what is said of it, so that it can refute.
    fn compare_with_somebody(
        &self,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        let peers = members.draw(random, 1);
        let turn_of_dead = peers.is_empty() || random.below(DEAD_SHARE) == 0;
        if let Some((address, claim)) = turn_of_dead.then(|| members.draw_dead(random)).flatten() {
            out.compare(address, self.cursor);
            out.claim(address, claim);
        } else if let Some(peer) = peers.first() {
            out.compare(peer, self.cursor);
        }
    }
}
