//! Rows on their way to us: what we asked for, whom, and until when we wait.
//!
//! Whoever lacks a row asks for it from the version it has, staged pieces included; whoever is
//! asked answers with one delta and keeps no state. A row larger than a datagram is asked for
//! piece by piece.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use rumormill_crdt::{
    Admission, Bytes, Key, Progress, Refused, Replica, RowDelta, RowId, Since, Table, Version,
};

use crate::{Address, Config, Instant, membership::Membership, outbox::Outbox, random::Random};

/// The most rows asked for at a time; further ones are found again by the next comparison.
const WANTS_MAX: usize = 1_024;

/// Rows on their way to us.
#[derive(Debug)]
pub(crate) struct Transfer<A> {
    wants: BTreeMap<RowId, Want<A>>,
    deadlines: BTreeSet<(Instant, RowId)>,
    timeout: Duration,
}

#[derive(Debug)]
struct Want<A> {
    peer: A,
    attempts: u32,
    deadline: Instant,
}

impl<A: Address> Transfer<A> {
    pub(crate) const fn new(config: &Config) -> Self {
        let timeout = config.request_timeout;
        Self { wants: BTreeMap::new(), deadlines: BTreeSet::new(), timeout }
    }

    /// How long an answer may take.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks `peer` for a row that it holds at `version`, unless it is on its way or unwanted. Says
    /// whether it asked.
    pub(crate) fn want(
        &mut self,
        now: Instant,
        id: RowId,
        version: Version,
        peer: &A,
        table: &Table,
        out: &mut Outbox<A>,
    ) -> bool {
        let on_its_way = self.wants.contains_key(&id) || self.wants.len() >= WANTS_MAX;
        let asks = !on_its_way && table.accepts(id) && table.version(id) < version;
        if asks {
            let deadline = now + self.timeout;
            let want = Want { peer: peer.clone(), attempts: 1, deadline };
            self.deadlines.insert((deadline, id));
            self.wants.insert(id, want);
            out.request(peer, id, table.wanted_from(id));
        }
        asks
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
        match admission.progress {
            Progress::Known => {}
            Progress::Visible => self.drop_want(id),
            Progress::Staged { .. } => self.ask_on(now, id, peer, table.wanted_from(id), out),
            Progress::Waiting => {
                self.await_dependencies(now, id, peer);
                for (on, at) in table.missing_dependencies(id) {
                    self.want(now, on, at, peer, table, out);
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
        delta: &RowDelta<Key, Bytes>,
        peer: &A,
        refused: Refused,
        table: &Table,
        out: &mut Outbox<A>,
    ) {
        let (id, version) = (delta.id(), delta.head().version);
        match refused {
            Refused::Gap { .. } => {
                self.want(now, id, version, peer, table, out);
            }
            Refused::Floor | Refused::Hash => {
                // The whole row, asked for once: whoever goes on refusing waits for the timeout.
                if self.want(now, id, version, peer, table, out) {
                    out.request(peer, id, Since::default());
                }
            }
            Refused::OldFloor
            | Refused::StaleStaging
            | Refused::OwnRow
            | Refused::OldLife
            | Refused::StagingFull
            | Refused::TableFull
            | Refused::TooManyDependencies
            | Refused::Clock(_)
            | Refused::CellAfterHead => {}
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
            let Some(want) = self.wants.get_mut(&id) else { continue };
            if want.attempts >= config.request_attempts {
                self.wants.remove(&id);
                replica.drop_staging(id);
                continue;
            }
            want.attempts += 1;
            want.deadline = now + self.timeout;
            if let Some(peer) = members.draw(random, 1).pop() {
                want.peer = peer;
            }
            self.deadlines.insert((want.deadline, id));
            out.request(&want.peer, id, replica.table().wanted_from(id));
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Asks for the next piece, and gives it its own time.
    fn ask_on(&mut self, now: Instant, id: RowId, peer: &A, since: Since, out: &mut Outbox<A>) {
        self.await_dependencies(now, id, peer);
        out.request(peer, id, since);
    }

    /// Restarts the time after which what is staged of a row is given up.
    fn await_dependencies(&mut self, now: Instant, id: RowId, peer: &A) {
        self.drop_want(id);
        let deadline = now + self.timeout;
        self.deadlines.insert((deadline, id));
        self.wants.insert(id, Want { peer: peer.clone(), attempts: 1, deadline });
    }

    fn drop_want(&mut self, id: RowId) {
        if let Some(want) = self.wants.remove(&id) {
            self.deadlines.remove(&(want.deadline, id));
        }
    }
}
