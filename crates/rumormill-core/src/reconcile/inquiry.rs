//! Finding out what differs from one peer, by one sketch or a few.

use alloc::{collections::BTreeMap, vec::Vec};

use rumormill_crdt::Version;
use rumormill_sketch::{Gap, KeyHash, Peeled, Received, Size, Strata, Stripe, Width};

use super::{
    Scene,
    expectation::{NARROW, datagram_size, size_for},
};
use crate::{
    Address, Instant,
    digest::{Basis, View},
    message::{Cells, More},
    outbox::{CellsOwed, Wishes},
};

/// How many sketches one inquiry may take before the peer is to find what is left.
const SKETCHES_MAX: u32 = 4;

/// The width in which that is handed over: room for all gaps, and for rows that we do not have.
pub(super) const WIDEST: Width = Width::A64B64;

/// In so many cells hardly any rows share all of theirs.
const MANY_CELLS: usize = 96;

/// What is being found out of one peer: what came out so far, and which cells are awaited.
#[derive(Debug)]
pub(super) struct Inquiry<A> {
    peer: A,
    basis: Basis,
    found: BTreeMap<KeyHash, Found>,
    awaited: Received,
    strata: Option<Strata>,
    sketches: u32,
    /// The most cells that one of them had.
    largest: Size,
    /// When cells that have not come are not waited for any more.
    pub(super) deadline: Instant,
}

/// A row that differs.
#[derive(Clone, Copy, Debug)]
struct Found {
    ahead: i64,
    /// What we had of it, at the cut.
    ours: Version,
}

/// What became of an inquiry.
#[derive(Debug)]
pub(super) enum Outcome<A> {
    /// All that differs was found: so many rows.
    Found(usize),
    /// More cells were asked for.
    GoesOn(Inquiry<A>),
    /// Cells got lost, or cannot be compared: compare again.
    Incomplete {
        /// Whether what came told nothing.
        fruitless: bool,
    },
    /// What is left was handed over to the peer, who knows other rows.
    HandedOver,
    /// Sketches do not tell.
    Stuck,
}

impl<A: Address> Inquiry<A> {
    /// Asks a peer for a sketch.
    pub(super) fn open(
        peer: &A,
        basis: Basis,
        size: Size,
        strata: Option<Strata>,
        deadline: Instant,
        scene: &mut Scene<'_, A>,
    ) -> Self {
        scene.out.more(peer, More { basis, width: NARROW, size });
        let (peer, found) = (peer.clone(), BTreeMap::new());
        let awaited = Received::new(size, NARROW);
        Self { peer, basis, found, awaited, strata, sketches: 1, largest: size, deadline }
    }

    /// Takes up a sketch that came whole, unasked.
    pub(super) fn of_cells(peer: &A, cells: &Cells, deadline: Instant) -> Option<Self> {
        let awaited = Received::whole(&cells.part()).ok()?;
        let (peer, basis, strata) = (peer.clone(), cells.basis(), cells.strata());
        let (found, largest) = (BTreeMap::new(), awaited.size());
        Some(Self { peer, basis, found, awaited, strata, sketches: 1, largest, deadline })
    }

    /// Says whether these are cells that were asked for, and takes them in.
    pub(super) fn take(&mut self, from: &A, cells: &Cells) -> bool {
        let is_asked = self.peer == *from && self.basis == cells.basis();
        is_asked && self.awaited.take(&cells.part()).is_ok()
    }

    pub(super) const fn peer(&self) -> &A {
        &self.peer
    }

    /// How many cells have come, and how many have not.
    pub(super) fn arrived(&self) -> (usize, usize) {
        let missing = self.awaited.missing();
        (self.awaited.size().cells() - missing, missing)
    }

    /// Says whether all cells have come.
    pub(super) fn is_complete(&self) -> bool {
        self.awaited.missing() == 0
    }

    /// Works out what the cells say, repairs what came out, and asks for more if more differs.
    pub(super) fn conclude(mut self, scene: &mut Scene<'_, A>) -> Outcome<A> {
        let Some(view) = scene.digest.view_on(self.basis) else {
            return Outcome::Incomplete { fruitless: true };
        };
        let Some(mut peeled) = self.peel(&view, scene) else { return Outcome::Stuck };
        // What the peer was brought further in since it was found is no news.
        peeled.gaps.retain(|gap| !self.found.contains_key(&gap.key));
        let found = self.found.len() + peeled.gaps.len();
        repair(&self.peer, &view, &peeled.gaps, found, scene);
        if peeled.is_full() {
            Outcome::Found(found)
        } else if peeled.missing > 0 {
            let some_came = peeled.missing < self.awaited.size().cells();
            Outcome::Incomplete { fruitless: some_came && peeled.gaps.is_empty() }
        } else if self.awaited.width() == WIDEST && self.sketches == 1 {
            // It was handed over to us.
            Outcome::Stuck
        } else if self.sketches == SKETCHES_MAX {
            self.hand_over(scene);
            Outcome::HandedOver
        } else {
            self.note(&peeled.gaps, &view, scene);
            self.go_on(&peeled, &view, scene)
        }
    }

    /// What the cells say beyond what was found before; nothing if their sketch is larger than
    /// ours can be.
    fn peel(&self, view: &View<'_>, scene: &Scene<'_, A>) -> Option<Peeled> {
        let mut ours = view.sketch(self.awaited.size());
        for (key, found) in &self.found {
            // We may have been brought further since.
            let since = version_of(*key, view, scene).wrapping_sub(found.ours);
            ours.update(*key, found.ahead.cast_unsigned().wrapping_add(since), 0);
        }
        Some(ours.difference(&self.awaited).ok()?.peel(view.index()))
    }

    /// Remembers what was found, to look for what else there is.
    fn note(&mut self, gaps: &[Gap], view: &View<'_>, scene: &Scene<'_, A>) {
        for gap in gaps {
            let ours = version_of(gap.key, view, scene);
            self.found.insert(gap.key, Found { ahead: gap.ahead, ours });
        }
    }

    /// Asks for what is left: for more cells if there were too few, for wider ones if there are
    /// rows that we do not have, or that are far behind.
    fn go_on(mut self, peeled: &Peeled, view: &View<'_>, scene: &mut Scene<'_, A>) -> Outcome<A> {
        let (cells, width) = (self.awaited.size().cells(), self.awaited.width());
        let left = self.estimate_left(peeled, view);
        let fitting = size_for(2 * left);
        // What stays entangled in a sketch is entangled in every smaller one, so it takes a larger
        // one to tell whether it is that. In many cells it rarely is: it is wider ones that tell.
        let is_second_of_many = self.sketches == 1 && cells >= MANY_CELLS;
        let larger = self.largest.triples().saturating_mul(2);
        let larger = Size::of_triples(larger).filter(|_| !is_second_of_many);
        let size = larger.map_or(fitting, |larger| larger.max(fitting)).min(view.size_max());
        self.largest = self.largest.max(size);
        let were_too_few = 4 * left > 3 * cells;
        let width = if width != NARROW {
            WIDEST
        } else if were_too_few {
            NARROW
        } else {
            Width::A32B64
        };
        scene.out.more(&self.peer, More { basis: self.basis, width, size });
        self.awaited = Received::new(size, width);
        self.sketches += 1;
        Outcome::GoesOn(self)
    }

    /// Sends our sketch, in one datagram, as wide as can be.
    fn hand_over(&self, scene: &mut Scene<'_, A>) {
        let (basis, size, width) = (self.basis, datagram_size(WIDEST, scene.config), WIDEST);
        let (stripe, with_strata) = (Stripe::WHOLE, false);
        scene.out.cells(&self.peer, CellsOwed { basis, size, width, stripe, with_strata });
    }

    /// About how many rows differ that were not found.
    fn estimate_left(&self, peeled: &Peeled, view: &View<'_>) -> usize {
        let Some(theirs) = &self.strata else { return peeled.unexplained };
        let mut ours = view.strata();
        for (key, found) in &self.found {
            ours.update(*key, found.ahead.cast_unsigned(), 0);
        }
        ours.estimate(theirs).max(peeled.unexplained.div_ceil(4))
    }
}

/// What we have of a row, at the cut.
fn version_of<A>(key: KeyHash, view: &View<'_>, scene: &Scene<'_, A>) -> Version {
    view.rows(key, scene.table).next().map_or(0, |(_, version)| version)
}

/// Sends the rows in which we are ahead, and asks for those in which we are behind.
pub(super) fn repair<A: Address>(
    peer: &A,
    view: &View<'_>,
    gaps: &[Gap],
    found: usize,
    scene: &mut Scene<'_, A>,
) {
    for gap in gaps.iter().filter(|gap| gap.ahead > 0) {
        for (id, version) in view.rows(gap.key, scene.table) {
            if let Some(theirs) = version.checked_sub(gap.ahead.unsigned_abs()) {
                scene.out.offer(peer, id, theirs);
            }
        }
    }
    let behind: Vec<Gap> = gaps.iter().filter(|gap| gap.ahead < 0).copied().collect();
    if !behind.is_empty() {
        scene.out.ask(peer, Wishes { basis: view.basis, found, behind });
    }
}
