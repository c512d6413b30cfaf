//! What becomes of what others say.

use core::time::Duration;

use rumormill_crdt::{
    Bytes, Growth, Key, Progress, Refused, RowDelta, RowId, Since, Space, Version,
};
use smallvec::SmallVec;

use super::Node;
use crate::{
    Address,
    message::{Announced, Called, Message, Messages, Name, TablePrint, Told},
    outbox::CLAIMS_MAX,
    reconcile::Scene,
    rumor::Heat,
    sender::{Sender, Tag},
    transfer::Wanted,
};

/// So many rows of one name are looked at.
const NAMESAKES_MAX: usize = 4;

/// A row is news if it was written this lately.
const RECENT: Duration = Duration::from_secs(10);

impl<A: Address> Node<A> {
    pub(super) fn handle_message(&mut self, sender: Sender, from: &A, message: Message) {
        let Self { replica, outbox: out, .. } = self;
        match message {
            Message::Ping { nonce } => out.ack(from, nonce),
            Message::Ack { nonce } => self.handle_ack(from, nonce),
            Message::Nack { nonce } => self.probe.handle_nack(nonce),
            Message::PingFor { target, nonce } => {
                if self.is_at_home(sender, from) {
                    self.ping_for(from, target, nonce);
                }
            }
            Message::Who => self.introduce_to(from),
            Message::Claim(said) => {
                let mut lives = self.members.lives_tagged(said.about).into_iter().peekable();
                if lives.peek().is_none() {
                    self.members.note_claim_of_unknown(said.standing);
                }
                for life in lives {
                    self.handle_claim(from, said.of(life));
                }
            }
            Message::SoManyAreDead { dead } => {
                self.census.handle_answer(dead, self.members.dead_count());
            }
            Message::WhoIsDead { .. } | Message::Pull { .. } => {} // Answered once for each datagram.
            Message::NextPage { start } => out.page(from, start),
            Message::Request { name, since } => {
                let table = replica.table();
                let Some(id) = self.members.row_named(name) else { return };
                let is_spelled = matches!(name, Name::Row(_));
                if table.version(id) > since.version {
                    out.answer(from, id, since, is_spelled);
                } else if self.verifier.is_some() && id.space == Space::SELF {
                    // A later introduction tells the key as well.
                    let newest = table.rows_of(Space::SELF, id.life.replica).next_back();
                    let newer = newest.map(|row| row.id()).filter(|newest| *newest > id);
                    newer.into_iter().for_each(|id| out.answer(from, id, Since::default(), true));
                }
            }
            Message::Delta(delta) => self.handle_delta(from, &delta, None),
            Message::Row(row) => self.handle_delta(from, &row.into_delta(), None),
            Message::Rumor { hops, delta } => self.handle_delta(from, &delta, Some(hops)),
            Message::Sequel(told) => self.handle_told(from, &told, None),
            Message::SequelRumor { hops, told } => self.handle_told(from, &told, Some(hops)),
            Message::Attested(theirs) => self.handle_attested(from, theirs),
            Message::Announce { nonce, rows } => self.ask_for_named(from, nonce, &rows),
            Message::Compare(_)
            | Message::Differ { .. }
            | Message::Cells(_)
            | Message::More(_)
            | Message::Ask(_)
            | Message::Audit { .. }
            | Message::Lack(_)
            | Message::Filled(_)
            | Message::Page(_) => self.go_on_comparing(from, message),
        }
    }

    /// Answers what takes a walk over many rows or members: once for each datagram, which has room
    /// to ask a thousand times.
    pub(super) fn answer_at_length(&mut self, from: &A, messages: &Messages) {
        let Self { replica, rumor, members, random, outbox: out, .. } = self;
        let table = replica.table();
        let ours = TablePrint::new(table.fingerprint());
        if messages.pull_from(ours) {
            rumor.handle_pull(from, table, out);
        }
        let Some(known) = messages.asks_for_the_dead else { return };
        if known == members.dead_print() {
            out.so_many_are_dead(from, members.dead_count() as u64);
        } else {
            let claims = members.claims_about_dead(random, CLAIMS_MAX);
            let dead = claims.map(|claim| out.claim(from, claim)).count();
            out.so_many_are_dead(from, dead as u64);
        }
    }

    /// Asks for the rows that somebody named, as far as we lack them.
    fn ask_for_named(&mut self, from: &A, nonce: Option<u64>, rows: &[Announced]) {
        let Self { now, replica, members, transfer, outbox: out, .. } = self;
        for Announced { name, version } in rows.iter().copied() {
            let Some(id) = members.row_named(name) else { continue };
            let wanted = Wanted { is_fresh: true, nonce, ..Wanted::old(id, version) };
            transfer.want(*now, wanted, from, replica.table(), out);
        }
    }

    /// Finds out with a peer what differs, or what we lack if we are new.
    fn go_on_comparing(&mut self, from: &A, message: Message) {
        let (now, table) = (self.now, self.replica.table());
        let Self { config, digest, transfer, reconcile, outbox: out, .. } = self;
        digest.handle_changes(table);
        let scene = Scene { now, config, timeout: transfer.timeout(), table, digest, out };
        let is_filled = matches!(message, Message::Filled(_));
        let another = is_filled.then(|| self.members.draw(&mut self.random, 1).pop());
        let was_new = reconcile.is_new();
        reconcile.handle_message(from, message, another.flatten(), transfer, scene);
        if was_new && !reconcile.is_new() {
            self.rumor.hurry(now, config);
            self.census.begin(now);
        }
    }

    /// Takes in what follows of a row that we hold. If we do not, or hold something else, we ask.
    fn handle_told(&mut self, from: &A, told: &Told, hops: Option<u8>) {
        let Told { sequel, called } = told;
        let mut behind = self.rows_called(*called);
        let table = self.replica.table();
        for id in &behind {
            let life = |name| self.members.only_life_tagged(Tag::from_bytes(name));
            if let Some(Ok(delta)) = table.row(*id).map(|row| sequel.expand(row, life)) {
                return self.handle_delta(from, &delta, hops);
            }
        }
        behind.retain(|id| table.version(*id) < sequel.to());
        if behind.is_empty() {
            self.stats.deltas_known += 1;
        } else {
            self.stats.sequels_unfit += 1;
        }
        let is_fresh = hops.is_some() && !self.reconcile.is_new();
        // Who answers us knew where our copy ends; who passes a rumor on did not.
        let is_spelled = hops.is_none();
        for id in behind {
            let wanted = Wanted { is_fresh, is_spelled, ..Wanted::old(id, sequel.to()) };
            self.transfer.want(self.now, wanted, from, table, &mut self.outbox);
        }
    }

    /// The rows that a peer may mean. Whoever wants to can own many of one name.
    fn rows_called(&self, called: Called) -> SmallVec<[RowId; NAMESAKES_MAX]> {
        match called {
            Called::Member { space, tag } => {
                let rows = self.members.lives_with(tag).map(|life| RowId { space, life });
                rows.take(NAMESAKES_MAX).collect()
            }
            Called::Hashed { key, low } => {
                let rows = self.digest.called(key, low, self.replica.table());
                rows.take(NAMESAKES_MAX).collect()
            }
        }
    }

    /// Takes in cells of a row, which so many passed on if they are a rumor.
    pub(super) fn handle_delta(
        &mut self,
        from: &A,
        delta: &RowDelta<Key, Bytes>,
        hops: Option<u8>,
    ) {
        let (now, unix, id) = (self.now, self.unix(), delta.id());
        // What a newcomer lacks is no news to others.
        let is_fresh =
            !self.reconcile.is_new() && (hops.is_some() || self.transfer.wants_fresh(id));
        let met = self.transfer.state_of(id, self.table());
        match self.admit(from, delta) {
            Ok(admission) => {
                self.transfer.note_admission(met, id, &admission);
                let table = self.replica.table();
                let out = &mut self.outbox;
                self.transfer.handle_admission(now, id, from, &admission, table, out);
                if admission.progress == Progress::Known {
                    // The first piece of a long row may tell of what comes after what we hold.
                    let wanted = Wanted::old(id, delta.head().version);
                    self.transfer.want(now, wanted, from, table, out);
                }
                if admission.grown.is_empty() {
                    self.stats.deltas_known += 1;
                } else {
                    self.stats.deltas_applied += 1;
                    self.events.relieve(id.life.replica);
                    self.digest.handle_changes(table);
                    let age = unix.saturating_sub(delta.head().timestamp.to_unix());
                    // What was repaired is passed on too, however old it is.
                    if is_fresh && age < RECENT {
                        self.spread_time.observe(age);
                    }
                    let passed_on = hops.map_or(u8::MAX, |hops| hops.saturating_add(1));
                    self.grow(&admission.grown, is_fresh.then_some(passed_on));
                }
            }
            Err(refused) => {
                self.stats.deltas_refused += 1;
                self.stats.refusals.note(refused);
                self.transfer.note_refusal(met, refused);
                let (table, out) = (self.replica.table(), &mut self.outbox);
                self.transfer.handle_refusal(now, (delta, is_fresh), from, refused, table, out);
                self.events.refused(id.life, refused);
                if refused == Refused::OtherHead {
                    self.compare_words(from, delta);
                } else if refused == Refused::Evicted {
                    self.tell_anew(id.life.replica);
                } else if refused == Refused::Hash {
                    self.start_anew_on(from, delta);
                } else if refused == Refused::OwnRow && self.verifier.is_none() {
                    self.outlive_forgery();
                }
            }
        }
        // Where heads are signed, a life counts once it has shown a row.
        if self.verifier.is_none() || self.table().version(id) > 0 {
            self.give_way_to(id.life);
        }
    }

    /// Goes on after rows grew: they are members, work for the collector, and rumors if they are
    /// fresh, after so many `hops`. What a repair brought is passed on once if it was written lately
    /// or is an update; the bulk that a newcomer gets is no news to anybody else.
    pub(super) fn grow(&mut self, grown: &[Growth], hops: Option<u8>) {
        self.events.table_changed();
        let periods = self.hot_periods();
        for &Growth { id, from } in grown {
            if let Some(hops) = hops {
                self.rumor.handle_growth(id, Heat { from, periods, hops });
                self.rumor.hurry(self.now, &self.config);
            } else if !self.reconcile.is_new() {
                self.handle_repaired(id, from);
            }
            self.learn_member(id);
            self.read_notices(id, from);
            if let Some(verifier) = &mut self.verifier {
                verifier.spot_checks.handle_growth(id);
            }
        }
        if self.replica.collect(grown.iter().map(|growth| growth.id)) {
            self.announce();
        }
    }

    /// Names what a repair brought once, and looks at a member that we had not heard of: others have
    /// known it for long, and what they found out since was told before.
    fn handle_repaired(&mut self, id: RowId, from: Version) {
        if from > 0 || self.is_recent(id) {
            self.rumor.handle_growth(id, Heat::named(from, 1));
        }
        if from == 0 && id.space == Space::SELF {
            self.probe.doubt(self.now, id.life.replica);
        }
    }

    fn is_recent(&self, id: RowId) -> bool {
        let written = self.table().row(id).map(|row| row.head().timestamp.to_unix());
        written.is_some_and(|written| self.unix().saturating_sub(written) < RECENT)
    }

    pub(super) fn learn_member(&mut self, id: RowId) {
        let table = self.replica.table();
        let is_current = |stamped| self.verifier.is_none() || !table.is_expired(id.space, stamped);
        let row =
            table.row(id).filter(|row| id.space == Space::SELF && is_current(row.head().timestamp));
        if let Some(row) = row {
            self.members.handle_row(row, &mut self.events);
        }
    }
}
