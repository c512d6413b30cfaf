//! Bringing a newcomer up to date.
//!
//! Who has next to nothing in common with the others asks them, one after the other, for what it
//! lacks of a stretch of the table, with a filter of what it holds: a byte for each row, where a
//! page of versions takes 19 and a sketch 12 for each that differs. Whoever is asked sends rows and
//! how far these reach, and keeps no state. A walk over all stretches is a lap. A newcomer to a population
//! that has settled needs one; when everybody is new, everybody asked knows something else, so laps
//! go on until we hold the same as whom we asked last, and as some others who are asked a little later
//! for their fingerprints alone. Where tables change all the time, or are large, the next comparison
//! finds what is left.

use alloc::vec::Vec;
use core::time::Duration;

use rumormill_crdt::{RowId, Space, Table, keyed_hash};

use super::{Scene, asked::Asked};
use crate::{
    Address, Instant,
    membership::Membership,
    message::{Filled, TablePrint},
    outbox::Lacking,
    random::Random,
    transfer::Transfer,
};

/// The most laps.
const LAPS_MAX: u32 = 24;

/// So many others have to hold the same as we do, one after the other.
const AGREEMENTS: u32 = 4;

/// So many laps that brought nothing are enough, though those we asked hold something else: it may be
/// that we refuse it.
const QUIET_LAPS_MAX: u32 = 3;

/// What brings nothing is not begun again at once, but after waits that double: all that others hold
/// may be refused here, for instance by a wrong clock.
const WAIT_MIN: Duration = Duration::from_secs(2);

/// The longest of these waits.
const WAIT_MAX: Duration = Duration::from_secs(64);

/// Of a table of more rows than this an eighth is found cheaper by comparing than by a lap.
const ROWS_OF_ANOTHER_LAP: u64 = 4_096;

/// A newcomer's walk over the table of everybody else, at most one at a time.
#[derive(Debug)]
pub(super) struct Filling<A> {
    secret: [u8; 16],
    /// How many questions were asked.
    asked_in_all: u64,
    /// The salt of the last one.
    salt: Option<[u8; 8]>,
    /// What is left of this lap, the next stretch last.
    stretches: Vec<Stretch>,
    laps: u32,
    /// How many of the last ones brought nothing, though others held something else.
    quiet_laps: u32,
    /// How many of the last ones found somebody who held the same.
    agreements: u32,
    /// Whether anybody ever did: then we are not new any more, and never again. Or somebody could
    /// keep us silent by tables of his own making.
    agreed: bool,
    /// How many rows we held when it began.
    rows_before: u64,
    /// The most rows that anybody holds who was asked in this lap.
    rows_elsewhere: u64,
    asked: Option<Asked<A>>,
    /// When the next lap begins, if those we asked were as new as we are.
    next_lap_at: Option<Instant>,
    /// How many rows we held when it began last. If it is as many, it brought nothing.
    rows_in_vain: Option<usize>,
    /// How long it waits then before it begins again, and until when.
    wait: Duration,
    not_before: Instant,
}

/// Rows from one on to before another, or to the end.
type Stretch = (RowId, Option<RowId>);

/// When a lap is followed by another.
enum NextLap {
    Now,
    /// When those we asked may know more.
    Later,
    Never,
}

impl<A: Address> Filling<A> {
    pub(super) fn new(random: &mut Random) -> Self {
        Self {
            secret: random.salt(),
            asked_in_all: 0,
            salt: None,
            stretches: Vec::new(),
            laps: 0,
            quiet_laps: 0,
            agreements: 0,
            agreed: false,
            rows_before: 0,
            rows_elsewhere: 0,
            asked: None,
            next_lap_at: None,
            rows_in_vain: None,
            wait: WAIT_MIN,
            not_before: Instant::default(),
        }
    }

    /// Says whether we are yet to be brought up to date.
    pub(super) const fn is_under_way(&self) -> bool {
        !self.agreed && (!self.stretches.is_empty() || self.next_lap_at.is_some())
    }

    /// Begins with a peer, unless it is under way, or the last walks brought nothing, and not long ago.
    /// Says whether it is under way.
    pub(super) fn begin(&mut self, peer: &A, scene: &mut Scene<'_, A>) -> bool {
        if self.asked.is_some() {
            return true;
        }
        let is_in_vain = self.rows_in_vain == Some(scene.table.len());
        if is_in_vain && scene.now < self.not_before {
            return false;
        }
        self.wait = if is_in_vain { (self.wait * 2).min(WAIT_MAX) } else { WAIT_MIN };
        self.not_before = scene.now + self.wait;
        self.rows_in_vain = Some(scene.table.len());
        self.begin_anew(scene.table);
        self.ask(peer, 1, false, scene);
        true
    }

    /// Says who we are to the only peer we were told of, who may not be there, and asks.
    pub(super) fn knock(&mut self, peer: &A, scene: &mut Scene<'_, A>) {
        if self.stretches.is_empty() {
            self.begin_anew(scene.table);
        }
        let own = RowId { space: Space::SELF, life: scene.table.life() };
        scene.out.offer(peer, own, 0);
        self.say_what_is_lacking(peer, scene);
    }

    /// Goes on after an answer: with the rest of the lap, of `another` member if there is one, so
    /// that no single one has to bring us up to date. Says whether the last lap is over.
    pub(super) fn handle_filled(
        &mut self,
        from: &A,
        filled: &Filled,
        another: Option<&A>,
        transfer: &mut Transfer<A>,
        scene: &mut Scene<'_, A>,
    ) -> bool {
        // A question that was repeated may be answered twice, and the second answer late.
        let is_awaited = self.salt.take_if(|salt| *salt == filled.salt).is_some();
        let Some((start, end)) = self.stretches.pop_if(|_| is_awaited) else { return false };
        // Nobody knows the salt but whoever got the question.
        if self.asked.as_ref().is_some_and(|asked| asked.peer() == from) {
            scene.out.prove(from);
        }
        if let Some(took) = self.asked.take().and_then(|asked| asked.took(scene.now)) {
            transfer.observe(took);
        }
        self.rows_elsewhere = self.rows_elsewhere.max(filled.rows);
        let is_inside = |next: &RowId| start < *next && end.is_none_or(|end| *next < end);
        self.stretches.extend(filled.end.filter(is_inside).map(|next| (next, end)));
        if self.stretches.is_empty() {
            match self.end_lap(filled, scene.table) {
                NextLap::Now => self.begin_lap(scene.table),
                NextLap::Later => {
                    self.next_lap_at = Some(scene.now + scene.config.request_timeout);
                    return false;
                }
                NextLap::Never => {
                    self.agreed = true;
                    return true;
                }
            }
        }
        // Whoever is asked for the first time asks back whether we are real: two questions each.
        let stays =
            self.agreements == 0 && self.asked_in_all > 2 && self.asked_in_all.is_multiple_of(2);
        let another = another.filter(|_| !stays);
        self.ask(another.unwrap_or(from), 1, another.is_some(), scene);
        false
    }

    /// Asks again where no answer came: the same peer, and every other time somebody else.
    pub(super) fn handle_timeout(
        &mut self,
        members: &Membership<A>,
        random: &mut Random,
        scene: &mut Scene<'_, A>,
    ) {
        if self.next_lap_at.take_if(|at| *at <= scene.now).is_some() {
            self.begin_lap(scene.table);
        }
        // Others may have come to know us before the seed answers.
        let is_held_up = self.asked.is_none() && !self.stretches.is_empty();
        if let Some(peer) = members.draw(random, usize::from(is_held_up)).first() {
            self.ask(peer, 1, true, scene);
        }
        let Some(asked) = self.asked.take_if(|asked| asked.overdue() <= scene.now) else { return };
        match asked.again(members, random) {
            Some((peer, attempts, is_drawn)) => {
                scene.out.begin_question(&peer, is_drawn);
                self.ask(&peer, attempts, is_drawn, scene);
                scene.out.end_answer();
            }
            None => self.stretches.clear(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.next_lap_at.or_else(|| self.asked.as_ref().map(Asked::overdue))
    }

    /// Whoever we asked may have been as new as we were.
    fn end_lap(&mut self, last: &Filled, table: &Table) -> NextLap {
        let (rows, elsewhere) = (table.len() as u64, self.rows_elsewhere);
        self.laps += 1;
        let is_large = elsewhere > ROWS_OF_ANOTHER_LAP;
        let lacks_little = elsewhere.saturating_sub(rows) <= elsewhere / 8;
        // Others may not know of us yet.
        let ours = [table.fingerprint(), table.fingerprint_of_others()].map(TablePrint::new);
        let is_same = ours.contains(&last.fingerprint);
        let was_check = self.agreements > 0;
        let is_quiet = !is_same && !was_check && rows == self.rows_before;
        self.agreements = if is_same { self.agreements + 1 } else { 0 };
        self.quiet_laps += u32::from(is_quiet);
        self.agreed |= is_same;
        let is_enough = self.agreements == AGREEMENTS || self.quiet_laps == QUIET_LAPS_MAX;
        if is_enough || self.laps == LAPS_MAX || (is_large && lacks_little) {
            NextLap::Never
        } else if is_same || is_quiet {
            NextLap::Later
        } else {
            NextLap::Now
        }
    }

    fn begin_anew(&mut self, table: &Table) {
        (self.laps, self.quiet_laps, self.agreements) = (0, 0, 0);
        self.next_lap_at = None;
        self.begin_lap(table);
    }

    /// Begins with members' addresses, and each newcomer at another of them. Later laps bring little,
    /// in any order.
    fn begin_lap(&mut self, table: &Table) {
        let own = RowId { space: Space::SELF, life: table.life() };
        let members_end = RowId { space: Space(Space::SELF.0 + 1), ..RowId::MIN };
        self.rows_before = table.len() as u64;
        self.rows_elsewhere = 0;
        self.stretches = match self.laps {
            0 => [(members_end, None), (RowId::MIN, Some(own)), (own, Some(members_end))].into(),
            // A fingerprint comes with the answer about nothing too.
            _ if self.agreements > 0 => [(RowId::MIN, Some(RowId::MIN))].into(),
            _ => [(RowId::MIN, Some(own)), (own, None)].into(),
        };
    }

    fn ask(&mut self, peer: &A, attempts: u32, is_drawn: bool, scene: &mut Scene<'_, A>) {
        self.say_what_is_lacking(peer, scene);
        self.asked = Some(Asked::new(peer, attempts, is_drawn, scene));
    }

    /// Asks for what is lacking of the next stretch, under a salt that nobody can know before.
    fn say_what_is_lacking(&mut self, peer: &A, scene: &mut Scene<'_, A>) {
        let Some(&(start, end)) = self.stretches.last() else { return };
        self.asked_in_all += 1;
        let salt = keyed_hash(self.secret, &self.asked_in_all.to_be_bytes()).to_be_bytes();
        self.salt = Some(salt);
        scene.out.lack(peer, Lacking { start, end, salt });
    }
}
