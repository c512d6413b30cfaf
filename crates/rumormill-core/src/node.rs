//! The node: routes inputs to its parts, and lets them fill one outbox.

mod arrivals;
mod composing;
mod isolated;
mod liveness;
mod lives;
mod meeting;
mod trusted;

use alloc::{boxed::Box, vec::Vec};
use core::time::Duration;

use rumormill_crdt::{
    Bookmark, Bytes, EditStep, Key, Life, Replica, ReplicaId, RowId, RowPool, Space, Table, Writer,
};

use crate::{
    Address, Config, Encounters, Event, Freshness, Identity, Instant, KeyRing, Liveness, Member,
    Rejected, Stats,
    addresses::Addresses,
    ageing::Ageing,
    budget::{Budget, Scope},
    census::Census,
    digest::Digest,
    event::{Events, Next},
    forgetting::Forgetting,
    isolation::Isolation,
    lives::Lives,
    membership::Membership,
    message::{self, Messages},
    news::News,
    origins::Origins,
    outbox::Outbox,
    pace,
    probe::Probe,
    random::Random,
    reconcile::{Reconcile, Scene},
    relay::Relay,
    rumor::{Heat, Rumor},
    seal::{self, Seal},
    self_row,
    sender::Sender,
    spread_time::SpreadTime,
    transfer::Transfer,
    trust::{Trust, Verifier},
};

/// The smallest buffer that [`Node::poll_transmit`] accepts, in bytes: a datagram that passes
/// every common network unfragmented, and in which the largest cell fits.
pub const DATAGRAM_LEN_MIN: usize = 1_200;

/// For so long after something waited for the budget others are judged more slowly.
const HELD_BACK: Duration = Duration::from_secs(10);

/// The code that runs one replica: a state machine without I/O.
///
/// - *Inputs*: [`handle_datagram`](Self::handle_datagram), [`handle_timeout`](Self::handle_timeout),
///   [`handle_wall_clock`](Self::handle_wall_clock).
/// - *Commands*: [`join`](Self::join), [`update`](Self::update), [`leave`](Self::leave),
///   [`restore`](Self::restore).
/// - *Outputs*: [`poll_transmit`](Self::poll_transmit), [`poll_event`](Self::poll_event),
///   [`poll_timeout`](Self::poll_timeout).
/// - *Views*: [`table`](Self::table), [`members`](Self::members), [`stats`](Self::stats),
///   [`freshness`](Self::freshness).
///
/// After any inputs and commands, in any order, poll what you have a use for: transmit until
/// nothing comes, events likewise, and sleep until the timeout at most. Nothing is owed: a caller
/// that polls late or rarely gets fewer, fresher datagrams. `now` is clamped to be monotone.
///
/// The same seed and the same calls give the same bytes. Only datagrams can be rejected, and then
/// the table and the members are as they were.
///
/// ```
/// use core::time::Duration;
/// use rumormill_core::{Config, Identity, Instant, Node};
/// use rumormill_crdt::{Column, PnCounter, ReplicaId, Space};
///
/// const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");
///
/// let now = Instant::default();
/// let unix = Duration::from_secs(1_767_225_600);
/// let identity = |n| Identity { replica: ReplicaId(n), name: "".into(), address: n };
/// let mut ann = Node::new(now, unix, identity(1), Config::DEFAULT, 1);
/// let mut bob = Node::new(now, unix, identity(2), Config::DEFAULT, 2);
/// ann.update(now, |w| CALLS.add(w, 3))?;
/// bob.join(now, 1);
/// bob.handle_timeout(now);
///
/// let mut buf = [0; 1_200];
/// for _ in 0..10 {
///     while let Some(it) = bob.poll_transmit(&mut buf) {
///         ann.handle_datagram(now, 2, it.payload)?;
///     }
///     while let Some(it) = ann.poll_transmit(&mut buf) {
///         bob.handle_datagram(now, 1, it.payload)?;
///     }
/// }
/// assert_eq!(CALLS.read(bob.table()), 3);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Node<A> {
    now: Instant,
    /// What the wall clock read, and when.
    wall: (Instant, Duration),
    identity: Identity<A>,
    config: Config,
    random: Random,
    replica: Replica,
    digest: Digest,
    spread_time: SpreadTime,
    news: News,
    leaving: Leaving,
    lives: Lives,
    seal: Seal,
    members: Membership<A>,
    probe: Probe,
    isolation: Isolation,
    census: Census,
    relay: Relay<A>,
    rumor: Rumor,
    reconcile: Reconcile<A>,
    transfer: Transfer<A>,
    origins: Origins,
    addresses: Addresses<A>,
    /// Where heads are signed.
    verifier: Option<Box<Verifier<A>>>,
    forgetting: Forgetting,
    ageing: Ageing,
    outbox: Outbox<A>,
    budget: Budget,
    /// What we had to say waited for the budget lately, until then.
    held_back_until: Instant,
    events: Events<A>,
    stats: Stats,
}

/// Whether we have said good-bye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// It is a rumor yet.
    Telling,
    Told,
}

/// A datagram to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'b, A> {
    /// Where to.
    pub to: A,
    /// What; lies in the caller's buffer.
    pub payload: &'b [u8],
}

impl<A: Address> Node<A> {
    /// Begins a new life of `identity.replica`.
    ///
    /// `unix` is what the wall clock reads. The seed should differ from start to start, or the
    /// life may get the epoch of an earlier one.
    ///
    /// # Panics
    ///
    /// If the identity's name or encoded address is too long for a cell, the label of the zone has more
    /// than [`Config::ZONE_LEN_MAX`] bytes, or the limits allow cells
    /// and dependencies that do not fit a datagram together, or the replica is not that of the key that signs,
    /// or the certificate not of that key and that name.
    #[must_use]
    pub fn new(
        now: Instant,
        unix: Duration,
        identity: Identity<A>,
        config: Config,
        seed: u64,
    ) -> Self {
        let config = config.with_sane_periods();
        assert!(
            message::delta_len_max(&config.limits, config.seal_len(), config.is_signed())
                <= DATAGRAM_LEN_MIN,
            "the largest cell and all dependencies of a head fit a datagram together"
        );
        assert!(
            config.zone.len() <= Config::ZONE_LEN_MAX,
            "the label of a zone has at most 32 bytes"
        );
        let verifier = match &config.trust {
            Trust::Unsigned => None,
            Trust::Signed(signing) => {
                let is_ours = signing.key.replica() == identity.replica;
                assert!(is_ours, "the id of a replica that signs is that of its key");
                let certified = signing.certificate.as_ref().map_or("", |it| &it.subject().name);
                let is_its_name = certified.is_empty() || certified == identity.name;
                assert!(is_its_name, "a member calls itself what its certificate does");
                Some(Box::new(Verifier::new(now, &config.cluster, signing)))
            }
        };
        let mut random = Random::new(seed);
        let life = Lives::first(identity.replica, unix, &mut random);
        let replica = Replica::new(life, config.limits);
        let seal = Seal::new(&config, life, &mut random);
        let digest_secret = seal::digest_secret(&config.cluster);
        let spread_time = SpreadTime::new(now);
        let lag = spread_time.lag(1, &config);
        let mut node = Self {
            now,
            wall: (now, unix),
            digest: Digest::new(replica.table(), digest_secret, unix, lag),
            replica,
            spread_time,
            news: News::default(),
            leaving: Leaving::No,
            lives: Lives::default(),
            seal,
            members: Membership::new(life, config.zone.clone()),
            probe: Probe::new(now, &config, &mut random),
            isolation: Isolation::new(now),
            census: Census::default(),
            relay: Relay::new(&config),
            rumor: Rumor::new(now, &config, &mut random),
            reconcile: Reconcile::new(now, &config, &mut random),
            transfer: Transfer::new(now, &config),
            origins: Origins::new(now, &config),
            addresses: Addresses::new(now, &config),
            verifier,
            forgetting: Forgetting::new(now, config.forget_after),
            ageing: Ageing::new(unix, &config.retention),
            outbox: Outbox::new(random.salt(), config.seal_len()),
            budget: Budget::new(now, config.bytes_per_second),
            held_back_until: now,
            events: Events::new(),
            stats: Stats::default(),
            identity,
            config,
            random,
        };
        node.introduce_ourselves();
        node
    }

    /// Takes in a datagram from anybody.
    ///
    /// # Errors
    ///
    /// [`Rejected`] says why. Nothing changed but a count, and that a datagram in our own name is
    /// reported.
    pub fn handle_datagram(&mut self, now: Instant, from: A, bytes: &[u8]) -> Result<(), Rejected> {
        self.advance(now);
        let opened = self.open(&from, bytes);
        let (sender, messages) = opened.inspect_err(|why| self.stats.note_rejected(*why))?;
        self.stats.datagrams_received += 1;
        self.stats.bytes_received += bytes.len() as u64;
        self.handle_sign_of_life(&from);
        self.outbox.begin_answer(&from, bytes.len());
        if messages.is_opening {
            self.meet(sender, &from);
        }
        self.answer_at_length(&from, &messages);
        for message in messages {
            self.handle_message(sender, &from, message);
        }
        self.outbox.end_answer();
        Ok(())
    }

    /// Reads a datagram, if it is whole, of our population, and not too much.
    fn open(&mut self, from: &A, bytes: &[u8]) -> Result<(Sender, Messages), Rejected> {
        let payload = self.seal.open(bytes)?;
        if !self.addresses.allow(from, bytes.len()) {
            return Err(Rejected::TooMuch);
        }
        let (sender, messages) = message::decode_payload(payload)?;
        self.check_name(sender, from)?;
        Ok((sender, messages))
    }

    /// Does what is due. Call it when [`poll_timeout`](Self::poll_timeout) says, or later.
    pub fn handle_timeout(&mut self, now: Instant) {
        // What waits for the budget is late as well, and with it what we answer and refute.
        let held_back =
            if self.is_held_back() { self.config.probe_timeout } else { Duration::ZERO };
        let late = self.lateness(now).max(held_back);
        self.advance(now);
        let now = self.now;
        self.probe.health.handle_lateness(now, late, &self.config);
        self.detect_failures();
        let Self { config, members, random, outbox, events, .. } = self;
        let table = self.replica.table();
        self.rumor.be_silent(self.reconcile.is_new());
        self.rumor.handle_timeout(now, config, members, table, random, outbox);
        let probed = self.probe.take_probed().and_then(|target| members.address(target));
        if let Some(peer) = probed {
            self.isolation.handle_ping();
            self.reconcile.compare_with(now, config, peer, random, outbox);
            self.census.handle_probe(peer, members, outbox);
            if let Some(verifier) = &mut self.verifier {
                verifier.spot_check(peer, table, outbox);
            }
        }
        let (digest, timeout) = (&self.digest, self.transfer.timeout());
        let scene = Scene { now, config, timeout, table, digest, out: outbox };
        self.reconcile.handle_timeout(members, random, events, scene);
        self.transfer.handle_timeout(now, config, &mut self.replica, members, random, outbox);
        self.census.handle_timeout(now, config, members, random, outbox);
        self.ask_about();
        self.forget_markers();
        self.finish_leaving();
    }

    /// Says what the wall clock reads. Needed only if it was set, or drifts from the monotonic
    /// clock; between such calls the node counts on from the last one.
    pub fn handle_wall_clock(&mut self, now: Instant, unix: Duration) {
        self.advance(now);
        self.wall = (self.now, unix);
        self.let_rows_age();
    }

    /// Seals with other keys from here on, and accepts no others. [`KeyRing`] says how to change the
    /// keys of a population without a datagram lost. Nothing happens where nothing is sealed.
    pub fn set_keys(&mut self, now: Instant, keys: &KeyRing) {
        self.advance(now);
        self.seal.set_keys(keys);
    }

    /// Joins the population that the node at `seed` belongs to. A seed that does not answer is
    /// tried again and again, with longer waits, and reported.
    pub fn join(&mut self, now: Instant, seed: A) {
        self.advance(now);
        if seed != self.identity.address {
            self.reconcile.join(self.now, &self.config, seed);
            if self.member_count() > 0 {
                // Rows at rest say who was there, not who has died since.
                self.census.begin(self.now);
            }
        }
    }

    /// Says good-bye. [`Event::Left`] tells when whoever could be told was told; the node may be
    /// dropped then, or at once if that does not matter.
    pub fn leave(&mut self, now: Instant) {
        let said = self.update(now, self_row::say_good_bye);
        debug_assert!(said.is_ok(), "a few bytes fit every space");
        self.leaving = Leaving::Telling;
    }

    /// Edits the table like [`update`](Self::update), and returns besides what was done, so that it
    /// can be done again in a node that is to go the same way.
    pub fn update_recorded<R>(
        &mut self,
        now: Instant,
        edit: impl FnOnce(&mut Writer<'_>) -> R,
    ) -> (R, Vec<EditStep>) {
        self.advance(now);
        let unix = self.unix();
        let done = self.replica.edit_recorded(unix, edit);
        self.announce();
        done
    }

    /// Edits the table in our own rows; what was written is on its way to others afterwards.
    pub fn update<R>(&mut self, now: Instant, edit: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        self.advance(now);
        let unix = self.unix();
        let result = self.replica.edit(unix, edit);
        self.announce();
        result
    }

    /// Returns the next event. `None` if there is nothing to tell.
    pub fn poll_event(&mut self) -> Option<Event<A>> {
        loop {
            match self.events.next()? {
                Next::Event(event) => return Some(event),
                Next::Member(replica) => {
                    if let Some(liveness) = self.members.liveness(replica) {
                        return Some(Event::Member { replica, liveness });
                    }
                }
            }
        }
    }

    /// The moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let always = [
            self.probe.poll_timeout(),
            self.rumor.poll_timeout(),
            self.reconcile.poll_timeout(),
            self.forgetting.poll_timeout(),
        ];
        let by_wall_clock = |unix: Duration| self.wall.0 + unix.saturating_sub(self.wall.1);
        let ageing = self.ageing.next_at().map(by_wall_clock);
        let sometimes = [
            self.members.poll_timeout(),
            self.isolation.poll_timeout(&self.config),
            self.census.poll_timeout(),
            self.relay.poll_timeout(),
            self.transfer.poll_timeout(),
            ageing,
            self.budget_timeout(Scope::Urgent),
            self.budget_timeout(Scope::Everything),
        ];
        always.into_iter().chain(sometimes.into_iter().flatten()).min()
    }

    /// The table, to read from.
    #[must_use]
    pub const fn table(&self) -> &Table {
        self.replica.table()
    }

    /// Has the rows that changed after `since` share their memory with equal rows of other nodes in
    /// this process. A program that runs many nodes of one population calls it now and then, or
    /// after every input; nothing that the node says or shows depends on it.
    pub fn share_rows(&mut self, since: Bookmark, pool: &mut RowPool<Key, Bytes>) {
        self.replica.share_rows(since, pool);
    }

    /// All members that were heard of, but ourselves, by replica.
    pub fn members(&self) -> impl Iterator<Item = Member<'_, A>> {
        self.members.iter(self.replica.table())
    }

    /// How many members were heard of, but ourselves.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// What is known of a replica's presence; nothing if it is no member that was heard of.
    #[must_use]
    pub fn liveness(&self, replica: ReplicaId) -> Option<Liveness> {
        self.members.liveness(replica)
    }

    /// What was counted since the node was made.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats;
        stats.pings_for_us = self.probe.asked;
        stats.local_health = self.probe.health.score();
        stats.arrives_per_mille = self.probe.loss.arrives_per_mille();
        stats.refutations = self.members.refutations;
        stats.confirmations = self.members.confirmations;
        stats.suspects_asked_last = self.members.asked_last;
        stats.hearsay = self.members.hearsay;
        stats.shed = self.outbox.shed;
        stats.guests_forgotten = self.outbox.guests_forgotten();
        stats.transfers = self.transfer.counts;
        stats.repairs = self.reconcile.repairs;
        stats.comparisons = self.reconcile.comparisons;
        stats.comparisons_equal = self.reconcile.comparisons_equal;
        if let Some(verifier) = &self.verifier {
            stats.heads_signed = verifier.counts.heads_signed;
            stats.signatures_verified = verifier.counts.signatures_verified;
            stats.signatures_refused = verifier.counts.signatures_refused;
        }
        stats
    }

    /// Which events met this node's parts in which state, and how often. For whoever tests what
    /// drives a node: what never met was not tested.
    #[must_use]
    pub fn encounters(&self) -> Encounters {
        Encounters {
            members: self.members.encounters.clone(),
            transfers: self.transfer.encounters.clone(),
            comparisons: self.reconcile.encounters.clone(),
        }
    }

    /// Through which settled cut this table agreed with how many distinct random peers, and what
    /// follows from it.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.reconcile.freshness(self.unix(), self.members.population())
    }

    /// Who we are.
    #[must_use]
    pub const fn identity(&self) -> &Identity<A> {
        &self.identity
    }

    /// The life we run.
    #[must_use]
    pub const fn life(&self) -> Life {
        self.replica.table().life()
    }

    /// Makes rumors of what we wrote.
    fn announce(&mut self) {
        self.digest.handle_changes(self.replica.table());
        let periods = self.hot_periods();
        for growth in self.news.take(self.replica.table()) {
            self.rumor.handle_write(growth.id, Heat { from: growth.from, periods, hops: 0 });
            self.replica.mark_told(growth.id);
            self.rumor.hurry(self.now, &self.config);
            self.events.table_changed();
        }
    }

    fn forget_markers(&mut self) {
        let after = self.config.forget_after;
        self.forgetting.handle_timeout(self.now, after, self.news.spaces(), &mut self.replica);
        self.announce();
    }

    fn finish_leaving(&mut self) {
        let own = RowId { space: Space::SELF, life: self.life() };
        let alone = self.members.reachable().is_empty();
        if self.leaving == Leaving::Telling && (alone || !self.rumor.is_hot(own)) {
            self.leaving = Leaving::Told;
            self.events.left();
        }
    }

    fn advance(&mut self, now: Instant) {
        self.notice_sleep(now);
        if self.budget_timeout(Scope::Everything).is_some() {
            self.stats.held_back += now.since(self.now);
            self.held_back_until = now + HELD_BACK;
        }
        self.now = self.now.max(now);
        self.budget.handle_time(self.now);
        self.outbox.handle_time(self.now);
        self.origins.handle_time(self.now);
        self.addresses.handle_time(self.now);
        if let Some(verifier) = &mut self.verifier {
            verifier.handle_time(self.now);
        }
        // Whatever comes after a long sleep must find no row that everybody else has dropped.
        self.let_rows_age();
        self.spread_time.handle_time(self.now);
        let lag = self.spread_time.lag(self.members.population(), &self.config);
        self.digest.handle_time(self.replica.table(), self.unix(), lag);
    }

    fn unix(&self) -> Duration {
        self.wall.1.saturating_add(self.now.since(self.wall.0))
    }

    fn hot_periods(&self) -> usize {
        let arrives = self.probe.loss.arrives_per_mille();
        pace::hot_periods(self.members.population(), self.config.fanout, arrives)
    }
}
