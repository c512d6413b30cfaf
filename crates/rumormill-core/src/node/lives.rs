//! Which life we run, and what becomes of the rows of lives that ended.

use alloc::{sync::Arc, vec::Vec};

use rumormill_crdt::{Bytes, Dropped, Key, Life, ReplicaId, Row, Space, Writer};

use super::{Leaving, Node};
use crate::{Address, Event, Instant, lives::Lives, self_row};

impl<A: Address> Node<A> {
    /// Drops every row of a replica, and with them its counts, values, adds and removals, and
    /// refuses all of its lives. Here only: in a population without signed identities
    /// every node is told by its operator, and told again after it restarted.
    ///
    /// Evicting ourselves does nothing.
    pub fn evict(&mut self, now: Instant, replica: ReplicaId) {
        self.advance(now);
        let dropped = self.replica.evict(replica);
        if replica != self.identity.replica {
            self.members.forget(replica, &mut self.events);
            if let Some(verifier) = &mut self.verifier {
                verifier.forget(replica);
            }
        }
        self.go_on_without(&dropped);
    }

    /// Takes an eviction back: what others hold of the replica's rows is taken in again.
    pub fn pardon(&mut self, now: Instant, replica: ReplicaId) {
        self.advance(now);
        self.replica.pardon(replica);
        if let Some(verifier) = &mut self.verifier {
            verifier.pardon(replica);
        }
    }

    /// Takes in rows at rest, from a disk or a snapshot of another node's table. Earlier lives of
    /// our own replica are welcome: they keep counting. Call it before the first
    /// [`join`](Self::join), so that peers are not asked for what the disk holds.
    pub fn restore(&mut self, now: Instant, rows: impl IntoIterator<Item = Arc<Row<Key, Bytes>>>) {
        self.advance(now);
        let rows = self.verified(rows.into_iter().collect());
        self.look_for_the_future(&rows);
        let ours = rows.iter().filter(|row| row.id().life.replica == self.identity.replica);
        let unknown = ours.filter(|row| row.version() > self.table().version(row.id()));
        let newest = unknown.map(|row| row.id().life).max();
        if let Some(last) = newest.filter(|life| *life >= self.life()) {
            match Lives::after(last, &mut self.random) {
                Some(life) => self.begin_life(life),
                None => self.events.conflict(last),
            }
        }
        let (unix, retention) = (self.unix(), self.config.retention);
        // What has expired since the rows were stored is not waited for.
        let dropped = self.replica.expire(unix, &retention);
        self.go_on_without(&dropped);
        for growth in self.replica.restore(rows.iter().cloned()) {
            self.learn_member(growth.id);
            self.read_notices(growth.id, growth.from);
            self.events.table_changed();
        }
        let dropped = self.replica.expire(unix, &retention);
        let ours = |row: &Arc<Row<_, _>>| row.id().life.replica == self.identity.replica;
        let is_gone = |row: &Arc<Row<_, _>>| dropped.gone.contains(&row.id());
        let unspread: Vec<_> = rows.into_iter().filter(ours).filter(is_gone).collect();
        if !unspread.is_empty() {
            self.events.note(Event::AwayTooLong { unspread });
        }
        self.go_on_without(&dropped);
    }

    /// Says so if rows at rest are from the future: our clock goes on from their stamps.
    fn look_for_the_future(&mut self, rows: &[Arc<Row<Key, Bytes>>]) {
        let latest = rows.iter().map(|row| row.head().timestamp.to_unix()).max();
        let ahead = latest.unwrap_or_default().saturating_sub(self.unix());
        if ahead > self.config.skew_max {
            self.events.clock_ahead(self.identity.replica, ahead);
        }
    }

    /// Begins a new life above one of our replica's that we did not know of.
    pub(super) fn give_way_to(&mut self, heard: Life) {
        if heard.replica == self.identity.replica && heard > self.life() {
            self.renew_above(heard);
        }
    }

    /// Begins a new life since somebody wrote in our name and life. Whoever took that in takes nothing in
    /// that we write in this one, and may think that we left.
    pub(super) fn outlive_forgery(&mut self) {
        self.renew_above(self.life());
    }

    fn renew_above(&mut self, heard: Life) {
        let has_renewed = self.lives.has_renewed();
        let life = self.lives.renew(heard, &mut self.random);
        if has_renewed || life.is_none() {
            self.events.conflict(heard);
        }
        if let Some(life) = life {
            self.begin_life(life);
            self.events.note(Event::LifeRenewed { life });
        }
    }

    /// Begins a new life where the present one cannot go on.
    pub(super) fn live_anew(&mut self) {
        if let Some(life) = Lives::after(self.life(), &mut self.random) {
            self.begin_life(life);
            self.events.note(Event::LifeRenewed { life });
        }
    }

    fn begin_life(&mut self, life: Life) {
        self.replica.begin_life(life);
        self.go_on_in(life);
    }

    /// Lets every part know of a new life of ours.
    fn go_on_in(&mut self, life: Life) {
        self.members.begin_life(life);
        self.forgetting.begin_life();
        self.news.begin_life();
        self.introduce_ourselves();
    }

    /// Writes what others need to know of us.
    pub(super) fn introduce_ourselves(&mut self) {
        let (identity, zone) = (self.identity.clone(), self.config.zone.clone());
        let signing = self.verifier.as_ref().map(|it| it.signing().clone());
        let introduce = |writer: &mut Writer<'_>| {
            self_row::introduce(writer, &identity, &zone)?;
            signing.iter().try_for_each(|signing| self_row::certify(writer, signing))
        };
        let introduced = self.update(self.now, introduce);
        introduced.expect("an identity's name and address, and a zone, fit a cell each");
        if self.leaving != Leaving::No {
            self.leave(self.now);
        }
    }

    /// Drops what has expired, and keeps our own rows from expiring. If these have expired already,
    /// we did not run for too long to go on.
    pub(super) fn let_rows_age(&mut self) {
        let (unix, retention) = (self.unix(), self.config.retention);
        if !self.ageing.is_due(unix) {
            return;
        }
        self.ageing.wait(unix, &retention);
        if !self.replica.expired_own_rows(unix, &retention).is_empty() {
            self.start_over();
        }
        let dropped = self.replica.expire(unix, &retention);
        self.go_on_without(&dropped);
        self.forget_the_expired();
        self.announce();
    }

    /// Drops all copies and begins a new life.
    fn start_over(&mut self) {
        let Some(life) = Lives::after(self.life(), &mut self.random) else { return };
        let ours = self.table().changed_since(self.ageing.last_contact());
        let unspread = ours.filter(|row| row.id().life == self.life()).cloned().collect();
        self.events.note(Event::AwayTooLong { unspread });
        let dropped = self.replica.start_over(life);
        self.reconcile.start_over();
        self.go_on_in(life);
        self.go_on_without(&dropped);
    }

    /// Goes on after rows were dropped: members without a row are forgotten.
    fn go_on_without(&mut self, dropped: &Dropped) {
        let Dropped { gone, grown } = dropped;
        if !gone.is_empty() {
            self.events.table_changed();
        }
        for id in gone.iter().filter(|id| id.space == Space::SELF) {
            let replica = id.life.replica;
            if self.table().rows_of(Space::SELF, replica).next().is_none() {
                self.members.forget(replica, &mut self.events);
            }
        }
        if !grown.is_empty() {
            self.grow(grown, None);
        }
    }
}
