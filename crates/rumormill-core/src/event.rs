//! What a node tells the program it is part of.

use alloc::{
    boxed::Box,
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;

use rumormill_crdt::{Bytes, Key, Life, Refused, ReplicaId, Row};

use crate::{Liveness, Proof};

/// What a node tells the program it is part of.
///
/// Events are level-triggered: they say that something is so, not how often it came about, and a
/// program that polls rarely gets the latest word on each thing, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<A> {
    /// The table changed since the last time this was said. To see where, keep a
    /// [`Bookmark`](rumormill_crdt::Bookmark).
    TableChanged,
    /// A member came to be alive, suspect, dead or left.
    Member {
        /// Who.
        replica: ReplicaId,
        /// What it is by now.
        liveness: Liveness,
    },
    /// Nobody is heard, though there are members: no datagram was accepted for eight probe periods
    /// in which at least three pings were sent. It may be the network, or it may be that everybody
    /// else is gone; from here it looks the same. Members, dead ones included, and seeds are
    /// contacted again and again, after 250 ms at first and 1 s at most, until
    /// [`Rejoined`](Self::Rejoined).
    Isolated,
    /// Somebody was heard again after [`Isolated`](Self::Isolated). Who was found to be suspect or
    /// dead in the silence counts as alive again, and is looked after anew. A program that did not
    /// poll in between is told the later of the two alone.
    Rejoined,
    /// We left, and whoever could be told was told.
    Left,
    /// A seed does not answer. It is tried again after `again_in`.
    SeedUnreachable {
        /// Where it should be.
        address: A,
        /// How many times it was tried.
        attempts: u32,
        /// The wait before the next attempt.
        again_in: Duration,
    },
    /// A member's clock is ahead of ours beyond the skew bound: what it writes is refused. Of our own
    /// replica: rows that were restored are from the future, and what we write will be refused by
    /// others until that has come.
    ClockAhead {
        /// Whose.
        replica: ReplicaId,
        /// How far.
        by: Duration,
    },
    /// A peer knew of a later life of ours, so a new one was begun above it. Nothing was lost:
    /// rows of the life that ended keep counting.
    LifeRenewed {
        /// The life we run from here on.
        life: Life,
    },
    /// Another process runs lives of our replica. Give each process an identity of its own.
    IdentityConflict {
        /// The other life.
        other: Life,
    },
    /// We did not run for longer than rows are kept, so others have dropped ours, and may have
    /// dropped what removed and overwrote what we hold. All copies were dropped and a new life was
    /// begun; what others still have comes back from them.
    AwayTooLong {
        /// Our own rows that changed since we last heard of anybody, as they were: what others may
        /// never have seen. Write it again if it still matters.
        unspread: Vec<Arc<Row<Key, Bytes>>>,
    },
    /// A member signed two contents for one version of its row. It was evicted, and so it is by all
    /// who hear of it. The proof may be kept, and shown to anybody.
    Equivocation {
        /// Who.
        replica: ReplicaId,
        /// What shows it.
        proof: Box<Proof>,
    },
    /// The authority took back that a member was let in. It was evicted.
    Revoked {
        /// Who; ourselves, perhaps.
        replica: ReplicaId,
    },
    /// Somebody said of a member what it can hardly have said of itself: that it has refuted more
    /// often than there was time to. It was not believed. Told once of each member.
    ImplausibleClaim {
        /// Of whom.
        about: ReplicaId,
        /// Where the claim came from; who sent it may have passed it on.
        from: A,
    },
    /// A member's row could not be taken in.
    RowRefused {
        /// Whose row.
        replica: ReplicaId,
        /// Why.
        reason: Refused,
    },
}

impl<A: PartialEq> Event<A> {
    /// Says whether the later of two events makes the earlier one obsolete.
    fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::SeedUnreachable { address, .. }, Self::SeedUnreachable { address: it, .. }) => {
                address == it
            }
            (Self::ClockAhead { replica, .. }, Self::ClockAhead { replica: it, .. })
            | (Self::RowRefused { replica, .. }, Self::RowRefused { replica: it, .. }) => {
                replica == it
            }
            _ => self == other,
        }
    }
}

/// The most notes that wait to be polled; when full, new notes are dropped.
const NOTES_MAX: usize = 256;

/// Events that wait to be polled.
#[derive(Debug)]
pub(crate) struct Events<A> {
    table_changed: bool,
    left: bool,
    /// Whether we came to be isolated, or to be so no more.
    isolated: Option<bool>,
    members: BTreeSet<ReplicaId>,
    notes: VecDeque<Event<A>>,
    /// Whom we complained of, until something of theirs is taken in.
    complaints: BTreeSet<(ReplicaId, Complaint)>,
}

/// What kind of trouble somebody gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Complaint {
    Clock,
    Row,
    Identity,
    Claim,
}

/// What is next to be told; the liveness of a member is looked up when it is told.
#[derive(Debug)]
pub(crate) enum Next<A> {
    Event(Event<A>),
    Member(ReplicaId),
}

impl<A: PartialEq> Events<A> {
    pub(crate) const fn new() -> Self {
        Self {
            table_changed: false,
            left: false,
            isolated: None,
            members: BTreeSet::new(),
            notes: VecDeque::new(),
            complaints: BTreeSet::new(),
        }
    }

    pub(crate) const fn table_changed(&mut self) {
        self.table_changed = true;
    }

    pub(crate) fn member_changed(&mut self, replica: ReplicaId) {
        self.members.insert(replica);
    }

    pub(crate) const fn isolation(&mut self, isolated: bool) {
        self.isolated = Some(isolated);
    }

    pub(crate) const fn left(&mut self) {
        self.left = true;
    }

    /// Adds a note, in place of an earlier one about the same.
    pub(crate) fn note(&mut self, event: Event<A>) {
        if let Some(waiting) = self.notes.iter_mut().find(|it| it.is_about_the_same(&event)) {
            *waiting = event;
        } else if self.notes.len() < NOTES_MAX {
            self.notes.push_back(event);
        }
    }

    /// Takes note of a clock that is ahead of ours.
    pub(crate) fn clock_ahead(&mut self, replica: ReplicaId, by: Duration) {
        self.complain(replica, Complaint::Clock, Event::ClockAhead { replica, by });
    }

    /// Tells of a row that was refused, unless that is part of the protocol.
    pub(crate) fn refused(&mut self, life: Life, reason: Refused) {
        let replica = life.replica;
        match reason {
            Refused::Clock(ahead) => self.clock_ahead(replica, ahead.by),
            Refused::OwnRow => self.conflict(life),
            Refused::Hash
            | Refused::TableFull
            | Refused::TooManyDependencies
            | Refused::TooLarge
            | Refused::CellAfterHead
            | Refused::OtherHead
            | Refused::Signature
            | Refused::NotAdmitted
            | Refused::OverQuota
            | Refused::TooFast => {
                self.complain(replica, Complaint::Row, Event::RowRefused { replica, reason });
            }
            Refused::Gap { .. }
            | Refused::Floor
            | Refused::OldFloor
            | Refused::StaleStaging
            | Refused::OldLife
            | Refused::Evicted
            | Refused::Expired
            | Refused::UnknownKey
            | Refused::TooMuchToVerify
            | Refused::StagingFull => {}
        }
    }

    /// Tells that another process runs lives of our replica.
    pub(crate) fn conflict(&mut self, other: Life) {
        let event = Event::IdentityConflict { other };
        self.complain(other.replica, Complaint::Identity, event);
    }

    /// Tells that somebody said of a member what cannot be.
    pub(crate) fn implausible(&mut self, about: ReplicaId, from: &A)
    where
        A: Clone,
    {
        let event = Event::ImplausibleClaim { about, from: from.clone() };
        self.complain(about, Complaint::Claim, event);
    }

    /// Adds a note about a replica that gives trouble, once for as long as the trouble lasts.
    fn complain(&mut self, replica: ReplicaId, complaint: Complaint, event: Event<A>) {
        if self.complaints.len() >= NOTES_MAX {
            // Better told twice than never.
            self.complaints.clear();
        }
        if self.complaints.insert((replica, complaint)) {
            self.note(event);
        }
    }

    /// Notes that a replica's rows are taken in again.
    pub(crate) fn relieve(&mut self, replica: ReplicaId) {
        if !self.complaints.is_empty() {
            self.complaints.remove(&(replica, Complaint::Clock));
            self.complaints.remove(&(replica, Complaint::Row));
        }
    }

    pub(crate) fn next(&mut self) -> Option<Next<A>> {
        if core::mem::take(&mut self.table_changed) {
            return Some(Next::Event(Event::TableChanged));
        }
        if let Some(isolated) = self.isolated.take() {
            let event = if isolated { Event::Isolated } else { Event::Rejoined };
            return Some(Next::Event(event));
        }
        if let Some(replica) = self.members.pop_first() {
            return Some(Next::Member(replica));
        }
        if core::mem::take(&mut self.left) {
            return Some(Next::Event(Event::Left));
        }
        self.notes.pop_front().map(Next::Event)
    }
}
