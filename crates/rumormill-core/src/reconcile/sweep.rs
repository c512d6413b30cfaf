//! Comparing all rows, a page of versions at a time: what always ends.
//!
//! Whoever gets a page sends what it lacks, asks for what it has more of, and asks for the next
//! page. The answering side keeps no state. The asking side keeps a cursor over its table, and
//! only the page that starts there makes it ask for another: copies of a page end a conversation
//! instead of doubling it, and after a loss the sweep goes on where it stopped. Push-pull
//! anti-entropy of Demers et al. (PODC 1987), section 1.3.
//!
//! A page costs bytes for every row that exists, so it is for what sketches cannot tell.

use rumormill_crdt::RowId;

use super::{Scene, asked::Asked};
use crate::{
    Address, Instant,
    membership::Membership,
    message::Page,
    random::Random,
    transfer::{Transfer, Wanted},
};

/// The most rows with which a page is answered.
const OFFERS_MAX: usize = 64;

/// A walk over the table, at most one at a time.
#[derive(Debug)]
pub(super) struct Sweep<A> {
    /// Where the next page is to start.
    cursor: RowId,
    asked: Option<Asked<A>>,
}

impl<A: Address> Sweep<A> {
    pub(super) const fn new() -> Self {
        Self { cursor: RowId::MIN, asked: None }
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.asked.is_some()
    }

    /// Begins with a peer, unless it is under way.
    pub(super) fn begin(&mut self, peer: &A, scene: &mut Scene<'_, A>) {
        if self.asked.is_none() {
            self.ask(peer, 1, false, scene);
        }
    }

    /// Goes through a page of versions held elsewhere: what the peer lacks is sent, what we lack
    /// is asked for, and the next page too. Says whether the sweep is over.
    pub(super) fn handle_page(
        &mut self,
        from: &A,
        page: &Page,
        transfer: &mut Transfer<A>,
        scene: &mut Scene<'_, A>,
    ) -> bool {
        for &(id, version) in page.rows() {
            let wanted = Wanted::old(id, version);
            transfer.want(scene.now, wanted, from, scene.table, scene.out);
        }
        let end = offer_what_lacks(from, page, scene);
        if page.start() != self.cursor {
            return false;
        }
        if let Some(took) = self.asked.take().and_then(|asked| asked.took(scene.now)) {
            transfer.observe(took);
        }
        self.cursor = end.unwrap_or(RowId::MIN);
        if end.is_some() && end == page.end() {
            self.ask(from, 1, false, scene);
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
        let overdue = self.asked.take_if(|asked| asked.overdue() <= scene.now);
        let again = overdue.and_then(|asked| asked.again(members, random));
        if let Some((peer, attempts, is_drawn)) = again {
            scene.out.begin_question(&peer, is_drawn);
            self.ask(&peer, attempts, is_drawn, scene);
            scene.out.end_answer();
        }
    }

    /// Ends a sweep that is not needed any more.
    pub(super) fn end(&mut self) {
        self.asked = None;
        self.cursor = RowId::MIN;
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.asked.as_ref().map(Asked::overdue)
    }

    /// Asks a peer for the page that is next.
    fn ask(&mut self, peer: &A, attempts: u32, is_drawn: bool, scene: &mut Scene<'_, A>) {
        scene.out.next_page(peer, self.cursor);
        self.asked = Some(Asked::new(peer, attempts, is_drawn, scene));
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
