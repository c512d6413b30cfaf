//! Rows on their way to us: what we asked for, whom, and until when we wait.
//!
//! Whoever lacks a row asks for it from the version it has, staged pieces included; whoever is
//! asked answers with one delta and keeps no state. A row larger than a datagram is asked for
//! piece by piece.

mod meetings;

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use rumormill_crdt::{
    Admission, Bytes, Key, Progress, Refused, Replica, RowDelta, RowId, Since, Space, Table,
    Version,
};

use crate::{
    Address, Config, Instant, Transfers,
    encounters::{Grid, TransferEvent, TransferState},
    membership::Membership,
    outbox::Outbox,
    pace,
    random::Random,
    round_trip::RoundTrip,
};

/// The most rows asked for at a time; further ones are found again by the next comparison.
const WANTS_MAX: usize = 1_024;

/// So many attempts follow each other as fast as answers come: it may be loss.
const ATTEMPTS_AT_ONCE: u32 = 8;

/// So many times the longest wait is asked for a row at the least.
const PATIENCE: u32 = 8;

/// Strangers are asked who they are only while fewer rows than this are on their way, so that
/// their number never keeps us from what members have.
const MEETINGS_MAX: usize = 128;

/// Rows on their way to us.
#[derive(Debug)]
pub(crate) struct Transfer<A> {
    wants: BTreeMap<RowId, Want<A>>,
    deadlines: BTreeSet<(Instant, RowId)>,
    /// Nobody answers sooner who has our budget, and as much to say as fits it.
    timeout_min: Duration,
    timeout_max: Duration,
    round_trip: RoundTrip,
    /// When a delta was last of use: while rows arrive, those that wait for them are kept.
    progress_at: Instant,
    pub(crate) counts: Transfers,
    pub(crate) encounters: Grid<TransferState, TransferEvent>,
}

/// Who has a row.
#[derive(Clone, Debug)]
struct Holder<A> {
    address: A,
    /// What to answer along with the request, to show that our address is real.
    nonce: Option<u64>,
    /// Whether it is a member that we turned to by ourselves.
    is_drawn: bool,
}

/// A row to be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) id: RowId,
    /// The version the peer holds it at.
    pub(crate) version: Version,
    /// Whether it is news to be passed on.
    pub(crate) is_fresh: bool,
    /// What the peer wants to be answered, to see that our address is real.
    pub(crate) nonce: Option<u64>,
    /// Whether it is to be spelled out: what was told shortly was of no use here.
    pub(crate) is_spelled: bool,
}

impl Wanted {
    /// A row, at whatever version.
    pub(crate) const fn any(id: RowId) -> Self {
        Self::old(id, Version::MAX)
    }

    /// A row that is no news to others.
    pub(crate) const fn old(id: RowId, version: Version) -> Self {
        Self { id, version, is_fresh: false, nonce: None, is_spelled: false }
    }
}

#[derive(Debug)]
struct Want<A> {
    holder: Holder<A>,
    /// Who else said that it has the row.
    another: Option<Holder<A>>,
    attempts: u32,
    asked_at: Instant,
    deadline: Instant,
    /// It is asked for until then at the least: answers may be slow.
    until: Instant,
    is_fresh: bool,
    is_spelled: bool,
}

impl<A: Address> Transfer<A> {
    pub(crate) fn new(now: Instant, config: &Config) -> Self {
        let timeout_min = pace::answers_within(config);
        Self {
            wants: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            timeout_min,
            timeout_max: config.request_timeout.max(timeout_min),
            round_trip: RoundTrip::default(),
            progress_at: now,
            counts: Transfers::default(),
            encounters: Grid::new(),
        }
    }

    /// How long an answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.round_trip.timeout(self.timeout_max).max(self.timeout_min)
    }

    /// How long answers take, of all peers together.
    pub(crate) const fn round_trip(&self) -> RoundTrip {
        self.round_trip
    }

    /// Takes note of how long an answer took.
    pub(crate) fn observe(&mut self, took: Duration) {
        self.round_trip.observe(took);
    }

    /// Asks a stranger for the row in which it says who it is, if not too much is on its way.
    pub(crate) fn meet(
        &mut self,
        now: Instant,
        id: RowId,
        stranger: &A,
        table: &Table,
        out: &mut Outbox<A>,
    ) {
        if self.wants.len() < MEETINGS_MAX {
            let wanted = Wanted { is_fresh: true, ..Wanted::any(id) };
            self.want(now, wanted, stranger, table, out);
        }
    }

    /// Asks `peer` for a row, unless it is on its way or unwanted.
    pub(crate) fn want(
        &mut self,
        now: Instant,
        wanted: Wanted,
        peer: &A,
        table: &Table,
        out: &mut Outbox<A>,
    ) {
        let Wanted { id, version, nonce, is_spelled, .. } = wanted;
        self.note_wanted(id, version, table);
        let holder = Holder { address: peer.clone(), nonce, is_drawn: false };
        let timeout = self.timeout();
        if let Some(want) = self.wants.get_mut(&id) {
            // Who says so now is there; whom we asked may not be, if its answer is overdue.
            if want.asked_at + timeout <= now || (is_spelled && !want.is_spelled) {
                want.is_spelled |= is_spelled;
                self.deadlines.remove(&(want.deadline, id));
                (want.holder, want.asked_at, want.deadline) = (holder, now, now + timeout);
                self.deadlines.insert((want.deadline, id));
                want.holder.ask(id, want.is_spelled, table, out);
            } else {
                want.another = Some(holder);
            }
            return;
        }
        let room = self.wants.len() < WANTS_MAX;
        if room && table.accepts(id) && table.version(id) < version {
            self.counts.asked += 1;
            holder.ask(id, is_spelled, table, out);
            self.wait_for(now, wanted, holder);
        }
    }

    /// Says whether a row was asked for as news to be passed on.
    pub(crate) fn wants_fresh(&self, id: RowId) -> bool {
        self.wants.get(&id).is_some_and(|want| want.is_fresh)
    }

    /// How many rows arrive in pieces from a peer. Costs a look at all that are on their way.
    pub(crate) fn staged_from(&self, peer: &A, table: &Table) -> usize {
        let from_there =
            |(id, want): &(&RowId, &Want<A>)| want.holder.address == *peer && table.is_staged(**id);
        self.wants.iter().filter(from_there).count()
    }

    /// Goes on after a delta of `id` came from `peer` and was taken in.
    pub(crate) fn handle_admission(
        &mut self,
        now: Instant,
        id: RowId,
        peer: &A,
        admission: &Admission,
        table: &Table,
        out: &mut Outbox<A>,
    ) {
        if admission.progress != Progress::Known {
            self.progress_at = now;
        }
        self.count(admission.progress);
        match admission.progress {
            Progress::Known => {}
            // Pieces of a still later version may be staged, and must not stay for ever.
            Progress::Visible if table.is_staged(id) => self.restart_deadline(now, id, peer),
            Progress::Visible => self.drop_want(id),
            Progress::Staged { .. } => self.ask_on(now, id, peer, table.wanted_from(id), out),
            Progress::Waiting => {
                self.restart_deadline(now, id, peer);
                for (on, at) in table.missing_dependencies(id) {
                    self.want(now, Wanted::old(on, at.version), peer, table, out);
                }
            }
        }
        for growth in admission.grown.iter().filter(|growth| growth.id != id) {
            self.drop_want(growth.id);
        }
    }

    /// Goes on after a delta came from `peer` and was refused.
    pub(crate) fn handle_refusal(
        &mut self,
        now: Instant,
        (delta, is_fresh): (&RowDelta<Key, Bytes>, bool),
        peer: &A,
        refused: Refused,
        table: &Table,
        out: &mut Outbox<A>,
    ) {
        match refused {
            Refused::Gap { .. } | Refused::Floor => {
                self.counts.refused += 1;
                let wanted = Wanted::old(delta.id(), delta.head().version);
                let wanted = Wanted { is_fresh, ..wanted };
                self.want(now, wanted, peer, table, out);
            }
            // By its introduction the owner's key is known; then the row fits.
            Refused::UnknownKey => {
                let introduction = RowId { space: Space::SELF, ..delta.id() };
                self.want(now, Wanted::any(introduction), peer, table, out);
                let wanted = Wanted::old(delta.id(), delta.head().version);
                self.want(now, Wanted { is_fresh, ..wanted }, peer, table, out);
            }
            // Whoever is asked says the same. What is staged of the row stays until it is given up.
            Refused::Expired if !table.is_staged(delta.id()) => self.drop_want(delta.id()),
            Refused::Hash
            | Refused::Expired
            | Refused::OldFloor
            | Refused::StaleStaging
            | Refused::OwnRow
            | Refused::OldLife
            | Refused::Evicted
            | Refused::StagingFull
            | Refused::TableFull
            | Refused::TooManyDependencies
            | Refused::TooLarge
            | Refused::Clock(_)
            | Refused::CellAfterHead
            | Refused::OtherHead
            | Refused::Signature
            | Refused::NotAdmitted
            | Refused::OverQuota
            | Refused::TooFast
            | Refused::TooMuchToVerify => {}
        }
    }

    /// Asks again where no answer came, of somebody else; gives up after some attempts.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        config: &Config,
        replica: &mut Replica,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        while let Some((_, id)) = self.deadlines.first().copied().filter(|next| next.0 <= now) {
            self.deadlines.pop_first();
            let met = self.state_of(id, replica.table());
            let Some(want) = self.wants.get_mut(&id) else { continue };
            let timeout = self.round_trip.timeout(self.timeout_max).max(self.timeout_min);
            let patience = self.timeout_max.saturating_mul(config.request_attempts);
            let rows_arrive = now.since(self.progress_at) < patience;
            let waits = rows_arrive && replica.table().missing_dependencies(id).next().is_some();
            let is_enough = want.attempts >= config.request_attempts && now >= want.until;
            if is_enough && !waits {
                self.wants.remove(&id);
                replica.drop_staging(id);
                self.counts.given_up += 1;
                self.encounters.note(met, TransferEvent::GivenUp);
                continue;
            }
            want.attempts = want.attempts.saturating_add(1);
            // Later ones wait twice as long each, so that a slow network is not flooded.
            let doublings = want.attempts.saturating_sub(ATTEMPTS_AT_ONCE).min(16);
            let wait = timeout.saturating_mul(1 << doublings);
            want.asked_at = now;
            want.deadline = now + wait.min(self.timeout_max);
            self.counts.asked_again += 1;
            self.encounters.note(met, TransferEvent::Overdue);
            self.counts.turned += u64::from(want.turn_to_another(members, random));
            self.deadlines.insert((want.deadline, id));
            want.holder.ask_again(id, replica.table(), out);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    const fn count(&mut self, progress: Progress) {
        match progress {
            Progress::Known => {}
            Progress::Visible => self.counts.whole += 1,
            Progress::Staged { .. } => self.counts.pieces += 1,
            Progress::Waiting => self.counts.waited += 1,
        }
    }

    /// Asks for the next piece, and gives it its own time.
    fn ask_on(&mut self, now: Instant, id: RowId, peer: &A, since: Since, out: &mut Outbox<A>) {
        self.restart_deadline(now, id, peer);
        out.request(peer, id, since, true);
    }

    /// Restarts the time after which what is staged of a row is given up.
    fn restart_deadline(&mut self, now: Instant, id: RowId, peer: &A) {
        let wanted = Wanted { is_fresh: self.wants_fresh(id), is_spelled: true, ..Wanted::any(id) };
        self.drop_want(id);
        self.wait_for(now, wanted, Holder::unasked(peer.clone()));
    }

    fn wait_for(&mut self, now: Instant, wanted: Wanted, holder: Holder<A>) {
        let Wanted { id, is_fresh, is_spelled, .. } = wanted;
        let deadline = now + self.timeout();
        let until = now + self.timeout_max.saturating_mul(PATIENCE);
        self.deadlines.insert((deadline, id));
        let (another, attempts, asked_at) = (None, 1, now);
        let want =
            Want { holder, another, attempts, asked_at, deadline, until, is_fresh, is_spelled };
        self.wants.insert(id, want);
    }

    fn drop_want(&mut self, id: RowId) {
        if let Some(want) = self.wants.remove(&id) {
            self.deadlines.remove(&(want.deadline, id));
        }
    }
}

impl<A: Address> Want<A> {
    /// Turns to who else said that it has the row. Who said so first is asked twice, since datagrams
    /// get lost, and then any member, since nodes do. Says whether there is
    /// anybody else.
    fn turn_to_another(&mut self, members: &Membership<A>, random: &mut Random) -> bool {
        let is_drawn = !self.attempts.is_multiple_of(2) || self.holder.nonce.is_none();
        let count = usize::from(is_drawn);
        let drawn = || members.draw(random, count).pop().map(Holder::drawn);
        let another = self.another.take().or_else(drawn);
        another.map(|another| self.holder = another).is_some()
    }
}

impl<A: Address> Holder<A> {
    const fn unasked(address: A) -> Self {
        Self { address, nonce: None, is_drawn: false }
    }

    const fn drawn(address: A) -> Self {
        Self { address, nonce: None, is_drawn: true }
    }

    /// Asks without having been told anything: who told us before may not be where it said it was.
    fn ask_again(&self, id: RowId, table: &Table, out: &mut Outbox<A>) {
        out.begin_question(&self.address, self.is_drawn);
        self.ask(id, true, table, out);
        out.end_answer();
    }

    /// Asks for what follows of a row. What is told shortly is of use to who holds it whole.
    fn ask(&self, id: RowId, is_spelled: bool, table: &Table, out: &mut Outbox<A>) {
        if let Some(nonce) = self.nonce {
            out.ack(&self.address, nonce);
        }
        let is_spelled = is_spelled || table.version(id) == 0 || table.is_staged(id);
        out.request(&self.address, id, table.wanted_from(id), is_spelled);
    }
}
