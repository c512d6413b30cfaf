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
    Address, Config, Instant,
    membership::Membership,
    message::Page,
    outbox::Outbox,
    random::Random,
    transfer::{Transfer, Wanted},
};

/// The most rows with which a page is answered.
const OFFERS_MAX: usize = 64;

/// How often a page that does not come is asked for again before the sweep is given up.
const ATTEMPTS: u32 = 8;

/// A walk over the table, at most one at a time.
#[derive(Debug)]
pub(super) struct Sweep {
    /// Where the next page is to start.
    cursor: RowId,
    /// When a page that was asked for is overdue, and how often it was asked for.
    overdue: Option<(Instant, u32)>,
}

impl Sweep {
    pub(super) const fn new() -> Self {
        Self { cursor: RowId::MIN, overdue: None }
    }

    /// Begins with a peer, unless it is under way.
    pub(super) fn begin<A: Address>(&mut self, peer: &A, scene: &mut Scene<'_, A>) {
        if self.overdue.is_none() {
            self.overdue = Some((scene.now + scene.config.request_timeout, 1));
            self.ask(peer, scene.out);
        }
    }

    /// Asks a peer for the page that is next.
    pub(super) fn ask<A: Address>(&self, peer: &A, out: &mut Outbox<A>) {
        out.next_page(peer, self.cursor);
    }

    /// Goes through a page of versions held elsewhere: what the peer lacks is sent, what we lack
    /// is asked for, and the next page too. Says whether the sweep is over.
    pub(super) fn handle_page<A: Address>(
        &mut self,
        from: &A,
        page: &Page,
        transfer: &mut Transfer<A>,
        scene: &mut Scene<'_, A>,
    ) -> bool {
        for &(id, version) in page.rows() {
            let wanted = Wanted { id, version, is_fresh: false };
            transfer.want(scene.now, wanted, from, scene.table, scene.out);
        }
        let end = offer_what_lacks(from, page, scene);
        if page.start() != self.cursor {
            return false;
        }
        self.cursor = end.unwrap_or(RowId::MIN);
        let next = end.filter(|_| end == page.end());
        self.overdue = next.map(|_| (scene.now + transfer.timeout(), 1));
        if next.is_some() {
            self.ask(from, scene.out);
        }
        end.is_none()
    }

    /// Asks somebody else where no page came.
    pub(super) fn handle_timeout<A: Address>(
        &mut self,
        now: Instant,
        config: &Config,
        members: &Membership<A>,
        random: &mut Random,
        out: &mut Outbox<A>,
    ) {
        let Some((_, attempts)) = self.overdue.filter(|(deadline, _)| *deadline <= now) else {
            return;
        };
        let peer = members.draw(random, 1).pop().filter(|_| attempts < ATTEMPTS);
        self.overdue = peer.as_ref().map(|_| (now + config.request_timeout, attempts + 1));
        if let Some(peer) = peer {
            self.ask(&peer, out);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.overdue.map(|(deadline, _)| deadline)
    }
}

/// Sends what a page lacks, up to a bound: whoever lacks very much asks by itself. Returns where
/// to go on.
fn offer_what_lacks<A: Address>(from: &A, page: &Page, scene: &mut Scene<'_, A>) -> Option<RowId> {
    let mut theirs = page.rows().iter().copied().peekable();
    let mut offers = 0;
    for row in scene.table.rows_from(page.start()) {
        let id = row.id();
        if page.end().is_some_and(|end| end <= id) {
            break;
        }
        while theirs.next_if(|(other, _)| *other < id).is_some() {}
        let held = theirs.next_if(|(other, _)| *other == id).map_or(0, |(_, version)| version);
        if held < row.version() {
            if offers == OFFERS_MAX {
                return Some(id);
            }
            offers += 1;
            scene.out.offer(from, id, held);
        }
    }
    page.end()
}
