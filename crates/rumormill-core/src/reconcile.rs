//! Finding what differs: anti-entropy over whole tables, in bytes proportional to the difference.
//!
//! A ladder of four rungs. **L0**: every probe carries the fingerprint of the digest; if it is
//! equal to ours on the same basis nothing is said, and if one row differs it names that row.
//! **L1**: if several differ, a sketch in one datagram names them all, as long as they are as many
//! as usual; who has no idea how many answers with sums to estimate that, and who asked sends
//! the sketch, or asks for a larger one. **L2**: what a sketch does not tell is asked for in more
//! cells, or in wider ones. **L3**: what four sketches do not tell, or three conversations, is
//! found by comparing the versions of all rows, page by page, which always ends. Newcomers ask for
//! all that they lack.
//!
//! Only timers open a conversation, each answer is one of a fixed number, and no more than one
//! inquiry is remembered at a time. What four sketches leave open is handed over to the peer, whose
//! one try is the last. A sketch that came unasked has to be whole, so nobody makes us
//! allocate for more than he sends.

mod asked;
mod expectation;
mod filling;
mod inquiry;
mod meetings;
mod opening;
mod seeds;
mod sweep;

use core::time::Duration;

use rumormill_crdt::Table;
use rumormill_sketch::{Comparison, Gap, Size, Stripe};

use self::{
    expectation::{Expectation, NARROW, datagram_size, size_for},
    filling::Filling,
    inquiry::{Inquiry, Outcome, repair},
    opening::{at_once_within, until_dead},
    seeds::Seeds,
    sweep::Sweep,
};
use crate::{
    Address, Config, Instant, Repairs,
    digest::{Basis, Digest, View},
    encounters::{Grid, ReconcileEvent, ReconcileState},
    freshness::{Agreements, Freshness},
    message::{Ask, Cells, Compare, Message, More, Page, WireStrata},
    outbox::{CellsOwed, Outbox},
    random::Random,
    transfer::Transfer,
};

/// After so many conversations in a row that found nothing of what differs, all rows are compared.
const STUCK_MAX: u32 = 3;

/// So few audits are answered that their number costs little: each walks over all rows.
const AUDITS_EVERY: Duration = Duration::from_secs(1);

/// With fewer cells than this, the strata would be most of a sketch.
const CELLS_WITH_STRATA: usize = 48;

/// When to compare tables, with whom, and what came out.
#[derive(Debug)]
pub(crate) struct Reconcile<A> {
    next_at: Instant,
    next_dead_at: Instant,
    next_audit_at: Instant,
    /// How many comparisons we opened.
    opened: u32,
    seeds: Seeds<A>,
    expectation: Expectation,
    inquiry: Option<Inquiry<A>>,
    /// Whom we compared with last, whoever began, and until when that goes on.
    compared: Option<(A, Instant)>,
    /// The row that alone differed from a peer's when a fingerprint last said so, by how much.
    named: Option<(A, Gap)>,
    /// How many conversations in a row found nothing of what differs.
    stuck: u32,
    /// Who agreed with us of late.
    agreements: Agreements<A>,
    sweep: Sweep<A>,
    filling: Filling<A>,
    /// Fingerprints of peers that were compared with ours, and how many of them were equal.
    pub(crate) comparisons: u64,
    pub(crate) comparisons_equal: u64,
    pub(crate) repairs: Repairs,
    pub(crate) encounters: Grid<ReconcileState, ReconcileEvent>,
}

/// What the answering to a peer needs to know.
#[derive(Debug)]
pub(crate) struct Scene<'n, A> {
    pub(crate) now: Instant,
    pub(crate) config: &'n Config,
    /// How long answers may take.
    pub(crate) timeout: Duration,
    pub(crate) table: &'n Table,
    pub(crate) digest: &'n Digest,
    pub(crate) out: &'n mut Outbox<A>,
}

impl<A: Address> Reconcile<A> {
    pub(crate) fn new(now: Instant, config: &Config, random: &mut Random) -> Self {
        Self {
            next_at: now + random.around(config.reconcile_every),
            next_dead_at: now + until_dead(config, random),
            next_audit_at: now,
            opened: 0,
            seeds: Seeds::new(),
            expectation: Expectation::new(),
            inquiry: None,
            compared: None,
            named: None,
            stuck: 0,
            agreements: Agreements::new(),
            sweep: Sweep::new(),
            filling: Filling::new(random),
            comparisons: 0,
            comparisons_equal: 0,
            repairs: Repairs::default(),
            encounters: Grid::new(),
        }
    }

    /// Says whether we are new, and yet to be brought up to date.
    pub(crate) const fn is_new(&self) -> bool {
        self.filling.is_under_way()
    }

    /// How much of what others have is here.
    pub(crate) fn freshness(&self, unix: Duration, population: usize) -> Freshness {
        self.agreements.freshness(unix, population)
    }

    /// Takes note that our table begins anew.
    pub(crate) fn start_over(&mut self) {
        self.agreements.clear();
    }

    /// Goes on with a conversation; `another` is a member at random.
    pub(crate) fn handle_message(
        &mut self,
        from: &A,
        message: Message,
        another: Option<A>,
        transfer: &mut Transfer<A>,
        mut scene: Scene<'_, A>,
    ) {
        match message {
            Message::Compare(theirs) => self.handle_compare(from, &theirs, scene),
            Message::Differ { compare, strata } => {
                self.handle_differ(from, &compare, strata, scene);
            }
            Message::Cells(cells) => self.handle_cells(from, &cells, scene),
            Message::More(more) => self.handle_more(from, &more, scene),
            Message::Ask(ask) => self.handle_ask(from, &ask, scene),
            Message::Audit { compare, salt, sum } => {
                self.handle_audit(from, (&compare, salt, sum), scene);
            }
            Message::Page(page) => self.handle_page(from, &page, transfer, scene),
            Message::Lack(lack) => {
                self.note(ReconcileEvent::Lack);
                scene.out.fill(from, lack);
            }
            Message::Filled(filled) => {
                self.note(ReconcileEvent::Filled);
                let another = another.as_ref();
                if self.filling.handle_filled(from, &filled, another, transfer, &mut scene) {
                    self.hurry(&scene);
                }
            }
            Message::Ping { .. }
            | Message::Ack { .. }
            | Message::Who
            | Message::Claim(_)
            | Message::Pull { .. }
            | Message::NextPage { .. }
            | Message::Request { .. }
            | Message::Delta(_)
            | Message::Row(_)
            | Message::Rumor { .. }
            | Message::Sequel(_)
            | Message::SequelRumor { .. }
            | Message::Announce { .. }
            | Message::PingFor { .. }
            | Message::Nack { .. }
            | Message::WhoIsDead { .. }
            | Message::SoManyAreDead { .. }
            | Message::Attested(_) => {
                debug_assert!(false, "another part handles this message")
            }
        }
    }

    /// Answers a comparison.
    fn handle_compare(&mut self, from: &A, theirs: &Compare, mut scene: Scene<'_, A>) {
        let Some(view) = scene.digest.view_on(theirs.basis) else {
            self.note(ReconcileEvent::OtherBasis);
            return scene.out.differ(from, scene.digest.view().basis);
        };
        if !self.compares(from, &view, theirs, &mut scene) {
            return;
        }
        let awaited = self.compared.as_ref().filter(|(_, until)| scene.now < *until);
        let at_once = awaited.is_some_and(|(peer, _)| peer == from);
        // Where both compare at once, one answer is enough.
        if at_once && view.fingerprint().encode() < theirs.fingerprint().encode() {
            return;
        }
        // Nor does it take another comparison before this one has come to its end.
        self.compared = Some((from.clone(), scene.now + at_once_within(scene.config)));
        let usual = self.expectation.differences(scene.now).map(size_for);
        match usual.filter(|size| *size <= datagram_size(NARROW, scene.config)) {
            Some(size) => send_sketch(from, view.basis, size, scene.out),
            None => scene.out.differ(from, view.basis),
        }
    }

    /// Answers a peer whose digest differs, and who says about how much.
    fn handle_differ(
        &mut self,
        from: &A,
        theirs: &Compare,
        strata: WireStrata,
        mut scene: Scene<'_, A>,
    ) {
        self.note(ReconcileEvent::Differ);
        let Some(view) = scene.digest.view_on(theirs.basis) else { return };
        if !self.compares(from, &view, theirs, &mut scene) {
            return;
        }
        let strata = strata.into();
        let estimate = view.strata().estimate(&strata);
        let differences = self.expectation.sharpen(scene.now, estimate);
        let size = self.expectation.size_despite_loss(differences).min(view.size_max());
        let one_datagram = datagram_size(NARROW, scene.config);
        if 2 * differences > scene.table.len() {
            let begins = self.filling.begin(from, &mut scene);
            self.repairs.filled += u64::from(begins);
        } else if size.cells() <= one_datagram.cells() * 3 / 2 {
            // The estimate may be too high, and then one datagram is enough.
            send_sketch(from, view.basis, size.min(one_datagram), scene.out);
        } else if self.inquiry.is_none() {
            let deadline = scene.now + scene.timeout;
            let basis = view.basis;
            let inquiry = Inquiry::open(from, basis, size, Some(strata), deadline, &mut scene);
            self.inquiry = Some(inquiry);
        }
    }

    /// Says whether so much differs that a sketch is needed. One row is repaired at once.
    fn compares(
        &mut self,
        from: &A,
        view: &View<'_>,
        theirs: &Compare,
        scene: &mut Scene<'_, A>,
    ) -> bool {
        self.comparisons += 1;
        let comparison = view.compare(&theirs.fingerprint());
        self.note(ReconcileEvent::of(comparison));
        if comparison != Comparison::Equal {
            self.agreements.disagree();
        }
        match comparison {
            Comparison::Equal => {
                self.comparisons_equal += 1;
                self.agreements.agree(from, view.cut_at());
                self.named = None;
                self.get_along();
                return false;
            }
            Comparison::One(gap) if self.is_named_anew(from, gap) => {
                self.repairs.named += 1;
                repair(from, view, &[gap], 1, scene);
                self.hurry(scene);
            }
            _ if self.stuck >= STUCK_MAX => self.begin_sweep(from, scene),
            Comparison::One(_) | Comparison::Several => return true,
        }
        false
    }

    /// Takes note that digests tell all there is to tell.
    fn get_along(&mut self) {
        self.stuck = 0;
        self.sweep.end();
    }

    /// Says whether a row is not the one that was repaired before to no effect: somebody may have
    /// forged rows so that the fingerprint names another.
    fn is_named_anew(&mut self, peer: &A, gap: Gap) -> bool {
        let named = Some((peer.clone(), gap));
        core::mem::replace(&mut self.named, named.clone()) != named
    }

    /// Lets the next comparison come soon: what differs in one place often differs in others, and
    /// what was repaired is to be checked.
    fn hurry(&mut self, scene: &Scene<'_, A>) {
        self.next_at = self.next_at.min(scene.now + scene.config.request_timeout);
    }

    /// Sends cells that a peer asked for.
    fn handle_more(&mut self, from: &A, more: &More, scene: Scene<'_, A>) {
        self.note(ReconcileEvent::More);
        let More { basis, width, size } = *more;
        if scene.digest.view_on(basis).is_some_and(|view| size <= view.size_max()) {
            let (stripe, with_strata) = (Stripe::WHOLE, false);
            scene.out.cells(from, CellsOwed { basis, size, width, stripe, with_strata });
        }
    }

    /// Takes in cells of a peer's sketch.
    fn handle_cells(&mut self, from: &A, cells: &Cells, mut scene: Scene<'_, A>) {
        self.note(ReconcileEvent::Cells);
        let deadline = scene.now + scene.timeout;
        if let Some(mut inquiry) = self.inquiry.take() {
            if inquiry.take(from, cells) {
                inquiry.deadline = deadline;
                if inquiry.is_complete() {
                    self.conclude(inquiry, from, &mut scene);
                } else {
                    self.inquiry = Some(inquiry);
                }
                return;
            }
            self.inquiry = Some(inquiry);
        }
        if let Some(inquiry) = Inquiry::of_cells(from, cells, deadline) {
            self.conclude(inquiry, from, &mut scene);
        }
    }

    fn conclude(&mut self, inquiry: Inquiry<A>, peer: &A, scene: &mut Scene<'_, A>) {
        let (arrived, missing) = inquiry.arrived();
        if arrived + missing > datagram_size(NARROW, scene.config).cells() {
            self.expectation.note_loss(arrived, missing);
        }
        let outcome = inquiry.conclude(scene);
        self.count(&outcome);
        match outcome {
            Outcome::Found(differences) => {
                self.expectation.learn(scene.now, differences);
                if differences == 0 {
                    // Gaps of many factors of two do not show in narrow cells.
                    self.stuck += 1;
                } else {
                    self.get_along();
                }
            }
            Outcome::GoesOn(inquiry) if self.inquiry.is_none() => self.inquiry = Some(inquiry),
            Outcome::Incomplete { fruitless: true } => self.stuck += 1,
            Outcome::GoesOn(_) | Outcome::Incomplete { fruitless: false } | Outcome::HandedOver => {
            }
            Outcome::Stuck => self.begin_sweep(peer, scene),
        }
        // No comparison said so before, since the peer's bases are too early for us.
        if self.stuck > STUCK_MAX {
            self.begin_sweep(peer, scene);
        }
        self.hurry(scene);
    }

    /// Sends rows that a peer asked for by their hashes.
    const fn count(&mut self, outcome: &Outcome<A>) {
        match outcome {
            Outcome::Found(_) => self.repairs.sketched += 1,
            Outcome::GoesOn(_) => self.repairs.widened += 1,
            Outcome::Incomplete { .. } => self.repairs.incomplete += 1,
            Outcome::HandedOver => self.repairs.handed_over += 1,
            Outcome::Stuck => {}
        }
    }

    fn begin_sweep(&mut self, peer: &A, scene: &mut Scene<'_, A>) {
        self.repairs.swept += 1;
        self.sweep.begin(peer, scene);
    }

    fn handle_ask(&mut self, from: &A, ask: &Ask, scene: Scene<'_, A>) {
        self.note(ReconcileEvent::Ask);
        let Some(view) = scene.digest.view_on(ask.basis()) else { return };
        self.expectation.learn(scene.now, usize::try_from(ask.found()).unwrap_or(usize::MAX));
        let list = ask.list();
        for request in list.requests() {
            for key in list.keys(request, view.index()) {
                for (id, version) in view.rows(key, scene.table) {
                    let since = version.saturating_sub(request.behind);
                    scene.out.answer(from, id, since.into(), false);
                }
            }
        }
    }

    /// Checks what fingerprints alone cannot: whether anybody made forged rows cancel out.
    fn handle_audit(
        &mut self,
        from: &A,
        (theirs, salt, sum): (&Compare, [u8; 16], [u8; 16]),
        mut scene: Scene<'_, A>,
    ) {
        self.note(ReconcileEvent::Audit);
        let view = scene.digest.view_on(theirs.basis);
        let equal = view.filter(|view| view.compare(&theirs.fingerprint()) == Comparison::Equal);
        let is_due = self.next_audit_at <= scene.now;
        if let Some(view) = equal.filter(|_| is_due) {
            self.next_audit_at = scene.now + AUDITS_EVERY;
            self.repairs.audits += 1;
            if view.audit(salt, scene.table) != sum {
                self.repairs.audits_failed += 1;
                return self.begin_sweep(from, &mut scene);
            }
        }
        self.handle_compare(from, theirs, scene);
    }

    /// Goes through a page of versions held elsewhere.
    fn handle_page(
        &mut self,
        from: &A,
        page: &Page,
        transfer: &mut Transfer<A>,
        mut scene: Scene<'_, A>,
    ) {
        self.note(ReconcileEvent::Page);
        if self.sweep.handle_page(from, page, transfer, &mut scene) {
            self.stuck = 0;
            self.hurry(&scene);
        }
    }
}

fn send_sketch<A: Address>(to: &A, basis: Basis, size: Size, out: &mut Outbox<A>) {
    let with_strata = size.cells() >= CELLS_WITH_STRATA;
    let (width, stripe) = (NARROW, Stripe::WHOLE);
    out.cells(to, CellsOwed { basis, size, width, stripe, with_strata });
}
