//! What is kept of the table to find where it differs from others.
//!
//! A [`Summary`](rumormill_sketch::Summary) of the versions of all rows, at a *settled cut*: as the table was at a time by
//! which what had been written has spread. What is in motion differs everywhere; it is the rumors'
//! business. Who compares names the cut, and the other answers for the same one, which it can do
//! for every cut from a little before its own up to the present, since the few rows in motion are
//! remembered with what they were at each.
//!
//! The cut is a matter of when owners wrote, by their clocks, not of when we heard of it, so that
//! all who hold the same rows say the same. A head names the version that its row had when the
//! period of its timestamp began; therefore one head of each period is enough to know a row at
//! every cut, and it does not matter which heads came by.
//!
//! Row ids are hashed under a secret of the population that changes every hour; the summary under
//! the key before stays for a while, for peers whose clocks are late.

mod basis;
mod keyed;
mod settling;

use core::time::Duration;

use rumormill_crdt::{Bookmark, Change, RowId, Table, Version};
use rumormill_sketch::{Audit, Comparison, Fingerprint, KeyHash, KeyIndex, Size, Sketch, Strata};

pub(crate) use self::basis::Basis;
use self::{
    basis::{Cut, KeyNumber},
    keyed::Keyed,
    settling::Settling,
};
use crate::message::Called;

/// For how long after a change of keys peers may ask under the earlier one.
const OVERLAP: Duration = Duration::from_secs(64);

/// What is kept of the table to find where it differs from others.
#[derive(Debug)]
pub(crate) struct Digest {
    secret: [u8; 16],
    /// What of the table is in the digest.
    seen: Bookmark,
    settling: Settling,
    current: Keyed,
    previous: Option<Keyed>,
}

/// The digest on one basis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'d> {
    pub(crate) basis: Basis,
    cut: Cut,
    settling: &'d Settling,
    keyed: &'d Keyed,
}

impl Digest {
    pub(crate) fn new(table: &Table, secret: [u8; 16], unix: Duration, lag: Duration) -> Self {
        let settling = Settling::new(Cut::before(unix, lag));
        let current = Keyed::new(KeyNumber::at(unix), secret, table, &settling);
        Self { secret, seen: table.bookmark(), settling, current, previous: None }
    }

    /// Takes in what changed in the table. The sooner after each change, the more is known of what
    /// rows were; cheap if nothing changed.
    pub(crate) fn handle_changes(&mut self, table: &Table) {
        let seen = core::mem::replace(&mut self.seen, table.bookmark());
        if seen == self.seen {
            return;
        }
        match table.changes_since(seen) {
            Some(changes) => changes.iter().for_each(|change| self.take(table, *change)),
            None => self.rebuild(table),
        }
        self.current.fit(table, &self.settling);
        if let Some(previous) = &mut self.previous {
            previous.fit(table, &self.settling);
        }
    }

    /// Moves the cut on, and the key.
    pub(crate) fn handle_time(&mut self, table: &Table, unix: Duration, lag: Duration) {
        self.handle_changes(table);
        let base = Cut::before(unix, lag);
        if base != self.settling.base() {
            for step in self.settling.advance(base) {
                self.current.take(step);
                self.previous.iter_mut().for_each(|previous| previous.take(step));
            }
        }
        let number = KeyNumber::at(unix);
        if number != self.current.number {
            let next = Keyed::new(number, self.secret, table, &self.settling);
            self.previous = Some(core::mem::replace(&mut self.current, next));
        }
        self.previous.take_if(|_| number.age(unix) > OVERLAP);
    }

    /// The digest on the basis that we compare on.
    pub(crate) const fn view(&self) -> View<'_> {
        let (settling, keyed) = (&self.settling, &self.current);
        let cut = settling.base();
        View { basis: Basis::new(cut, keyed.number), cut, settling, keyed }
    }

    /// The digest on a basis that a peer named, if we can tell: our clocks may disagree.
    pub(crate) fn view_on(&self, basis: Basis) -> Option<View<'_>> {
        let settling = &self.settling;
        let cut = basis.cut(settling.base());
        let mut keys = [Some(&self.current), self.previous.as_ref()].into_iter().flatten();
        let keyed = keys.find(|keyed| basis.is_under(keyed.number))?;
        (cut >= settling.earliest()).then_some(View { basis, cut, settling, keyed })
    }

    /// Calls a row by the end of its hash, if we know no other whose hash ends so.
    pub(crate) fn call(&self, id: RowId, table: &Table) -> Option<Called> {
        let [.., a, b, c] = self.current.hash(id).bits().to_be_bytes();
        let (key, low) = (self.current.number.low(), [a, b, c]);
        self.called(key, low, table).all(|it| it == id).then_some(Called::Hashed { key, low })
    }

    /// The rows whose hash ends so, under the key whose number ends so.
    pub(crate) fn called<'t>(
        &'t self,
        key: u8,
        [a, b, c]: [u8; 3],
        table: &'t Table,
    ) -> impl Iterator<Item = RowId> + 't {
        let mut all = [Some(&self.current), self.previous.as_ref()].into_iter().flatten();
        let keyed = all.find(|keyed| keyed.number.low() == key);
        let low = u64::from(u32::from_be_bytes([0, a, b, c]));
        let numbers = keyed.into_iter().flat_map(move |it| it.index.values_ending(low, 24));
        numbers.filter_map(|number| table.numbered(*number)).map(|row| row.id())
    }

    #[cfg(test)]
    pub(crate) fn hash(&self, id: RowId) -> KeyHash {
        self.current.hash(id)
    }

    fn take(&mut self, table: &Table, change: Change) {
        let Change { id, before, number } = change;
        let row = table.row(id);
        let step = match row {
            Some(row) => self.settling.grow(id, before, row.head()),
            None => self.settling.remove(id, before),
        };
        let is = table.number(id);
        let was = (before > 0).then_some(number);
        for keyed in [Some(&mut self.current), self.previous.as_mut()].into_iter().flatten() {
            keyed.take(step);
            if was != is {
                let hash = keyed.hash(id);
                was.map(|was| keyed.index.remove(hash, &was));
                keyed.index.extend(is.map(|is| (hash, is)));
            }
        }
    }

    /// Begins again: too much changed to tell what. Rows are taken to have come as their heads say.
    fn rebuild(&mut self, table: &Table) {
        self.settling = Settling::new(self.settling.base());
        for row in table.rows() {
            self.settling.grow(row.id(), 0, row.head());
        }
        self.current = Keyed::new(self.current.number, self.secret, table, &self.settling);
        self.previous = None;
    }
}

impl View<'_> {
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let mut fingerprint = *self.keyed.summary.fingerprint();
        for (hash, from, to) in self.steps() {
            fingerprint.update(hash, from, to);
        }
        fingerprint
    }

    /// The moment of the cut, by the wall clock.
    pub(crate) fn cut_at(&self) -> Duration {
        self.cut.to_unix()
    }

    pub(crate) fn strata(&self) -> Strata {
        let mut strata = *self.keyed.summary.strata();
        for (hash, from, to) in self.steps() {
            strata.update(hash, from, to);
        }
        strata
    }

    /// The sketch with so many cells, or with as many as there are.
    pub(crate) fn sketch(&self, size: Size) -> Sketch {
        let kept = self.keyed.summary.sketch();
        let mut sketch = kept.fold(size.min(kept.size()));
        for (hash, from, to) in self.steps() {
            sketch.update(hash, from, to);
        }
        sketch
    }

    /// The most cells that a sketch can have.
    pub(crate) const fn size_max(&self) -> Size {
        self.keyed.summary.sketch().size()
    }

    pub(crate) fn compare(&self, theirs: &Fingerprint) -> Comparison {
        self.fingerprint().compare(theirs, &self.keyed.index)
    }

    pub(crate) const fn index(&self) -> &KeyIndex<u32> {
        &self.keyed.index
    }

    /// The rows with a hash, rarely more than one, with their versions at the cut.
    pub(crate) fn rows<'t>(
        &'t self,
        hash: KeyHash,
        table: &'t Table,
    ) -> impl Iterator<Item = (RowId, Version)> + 't {
        let rows = self.index().values(hash).filter_map(|number| table.numbered(*number));
        rows.map(|row| (row.id(), self.settling.version_at(row.id(), row.version(), self.cut)))
    }

    /// The sum over all rows as they were at the cut, under a salt. Walks over all rows.
    pub(crate) fn audit(&self, salt: [u8; 16], table: &Table) -> [u8; 16] {
        let mut audit = Audit::new(salt);
        for row in table.rows() {
            let version = self.settling.version_at(row.id(), row.version(), self.cut);
            // To whom a row came after the cut, and to whom it did not, it was not there.
            if version > 0 {
                audit.add(&row.id().to_bytes(), version);
            }
        }
        audit.finish()
    }

    fn steps(&self) -> impl Iterator<Item = (KeyHash, Version, Version)> {
        let is_base = self.cut == self.settling.base();
        let cut = Some(self.cut).filter(|_| !is_base);
        let steps = cut.into_iter().flat_map(|cut| self.settling.steps_to(cut));
        steps.map(|step| (self.keyed.hash(step.id), step.from, step.to))
    }
}
