//! Comparing all rows, a page of versions at a time: what always ends.
//!
//! Whoever gets a page sends what it lacks, asks for what it has more of, and asks for the next
//! page. The answering side keeps no state. The asking side keeps a cursor over its table, and
//! only the page that starts there makes it ask for another: copies of a page end a conversation
//! instead of doubling it, and after a loss the sweep goes on where it stopped. Push-pull
//! anti-entropy of Demers et al. (PODC 1987), section 1.3.
//!
//! A page costs bytes for every row that exists, so it is for newcomers, for tables that have
//! little in common, and for what sketches cannot tell.

use rumormill_crdt::RowId;

use super::Scene;
use crate::{
    Address, Instant,
    membership::Membership,
    message::Page,
    random::Random,
    transfer::{Transfer, Wanted},
};

/// The most rows with which a page is answered.
const OFFERS_MAX: usize = 64;

/// How often a page that does not come is asked for again before the sweep is given up.
const ATTEMPTS: u32 = 24;

/// So many pages a newcomer asks of one member before it turns to another.
const PAGES_PER_PEER: u32 = 8;

/// How many times as long as answers take a page is waited for, at most.
const WAITS_MAX: u32 = 4;

/// A walk over the table, at most one at a time.
#[derive(Debug)]
pub(super) struct Sweep<A> {
    /// Where the next page is to start.
    cursor: RowId,
    asked: Option<Asked<A>>,
    /// How many pages came.
    pages: u32,
    /// Whether what we lack is most of what there is: then any member will do.
    is_newcomer: bool,
}

/// A page that was asked for.
#[derive(Clone, Debug)]
struct Asked<A> {
    peer: A,
    at: Instant,
    /// How often.
    attempts: u32,
    overdue: Instant,
}

impl<A: Address> Sweep<A> {
    pub(super) const fn new() -> Self {
        Self { cursor: RowId::MIN, asked: None, pages: 0, is_newcomer: false }
    }

    /// Begins with a peer, unless it is under way.
    pub(super) fn begin(&mut self, peer: &A, is_newcomer: bool, scene: &mut Scene<'_, A>) {
        if self.asked.is_none() {
            self.is_newcomer = is_newcomer;
            self.ask(peer, 1, scene);
        }
    }

    /// Asks the only peer we were told of, who may not be there.
    pub(super) fn knock(&mut self, peer: &A, scene: &mut Scene<'_, A>) {
        self.is_newcomer = true;
        scene.out.next_page(peer, self.cursor);
    }

    /// Goes through a page of versions held elsewhere: what the peer lacks is sent, what we lack
    /// is asked for, and the next page too: of the same peer, or if we are new of `another`, so
    /// that no single one has to bring us up to date. Says whether the sweep is over.
    pub(super) fn handle_page(
        &mut self,
        from: &A,
        page: &Page,
        another: Option<A>,
        transfer: &mut Transfer<A>,
        scene: &mut Scene<'_, A>,
    ) -> bool {
        for &(id, version) in page.rows() {
            let wanted = Wanted { id, version, is_fresh: false };
            transfer.want(scene.now, wanted, from, scene.table, scene.out);
        }
        // To a newcomer's few rows others are no news, but for those that it wrote itself.
        let end = offer_what_lacks(from, page, self.is_newcomer, scene);
        if page.start() != self.cursor {
            return false;
        }
        if let Some(asked) = self.asked.take().filter(|asked| asked.attempts == 1) {
            transfer.observe(scene.now.since(asked.at));
        }
        self.cursor = end.unwrap_or(RowId::MIN);
        if end.is_some() && end == page.end() {
            self.pages += 1;
            let is_enough = self.is_newcomer && self.pages.is_multiple_of(PAGES_PER_PEER);
            let another = another.filter(|_| is_enough);
            self.ask(another.as_ref().unwrap_or(from), 1, scene);
        }
        end.is_none()
    }

    /// Asks again where no page came: the same peer, and every other time somebody else.
    pub(super) fn handle_timeout(
        &mut self,
        members: &Membership<A>,
        random: &mut Random,
        scene: &mut Scene<'_, A>,
    ) {
        let Some(asked) = self.asked.take_if(|asked| asked.overdue <= scene.now) else { return };
        if asked.attempts == ATTEMPTS {
            return;
        }
        let another = members.draw(random, 1).pop().filter(|_| asked.attempts.is_multiple_of(2));
        self.ask(&another.unwrap_or(asked.peer), asked.attempts + 1, scene);
    }

    /// Ends a sweep that is not needed any more. A newcomer's goes on: what it lacks may be too young
    /// for digests.
    pub(super) fn end(&mut self) {
        if !self.is_newcomer {
            self.asked = None;
            self.cursor = RowId::MIN;
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.asked.as_ref().map(|asked| asked.overdue)
    }

    /// Asks a peer for the page that is next.
    fn ask(&mut self, peer: &A, attempts: u32, scene: &mut Scene<'_, A>) {
        scene.out.next_page(peer, self.cursor);
        let wait = scene.timeout.saturating_mul(attempts.min(WAITS_MAX));
        let wait = wait.min(scene.config.request_timeout);
        let (peer, at) = (peer.clone(), scene.now);
        self.asked = Some(Asked { peer, at, attempts, overdue: at + wait });
    }
}

/// Sends what a page lacks, up to a bound: whoever lacks very much asks by itself. Returns where
/// to go on.
fn offer_what_lacks<A: Address>(
    from: &A,
    page: &Page,
    only_own: bool,
    scene: &mut Scene<'_, A>,
) -> Option<RowId> {
    let own = scene.table.life();
    let mut theirs = page.rows().iter().copied().peekable();
    let mut offers = 0;
    for row in scene.table.rows_from(page.start()) {
        let id = row.id();
        if page.end().is_some_and(|end| end <= id) {
            break;
        }
        while theirs.next_if(|(other, _)| *other < id).is_some() {}
        let held = theirs.next_if(|(other, _)| *other == id).map_or(0, |(_, version)| version);
        if held < row.version() && (!only_own || id.life == own) {
            if offers == OFFERS_MAX {
                return Some(id);
            }
            offers += 1;
            scene.out.offer(from, id, held);
        }
    }
    page.end()
}
