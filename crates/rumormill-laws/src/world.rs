//! A population of replicas, and what steps do to it.

use std::collections::BTreeMap;

use rumormill_crdt::{Life, ReplicaId};

use crate::{
    Check, Crdt, Disk, Heard, Laws, Mark, Step, Transfer, Who,
    check::{Broken, Checked},
    checks::State,
    edit_set::EditSet,
    history::History,
    tally::Tally,
    trace::Trace,
};

/// Replicas, what is in flight between them, and what really happened.
pub(crate) struct World<'l, T: Crdt, M: Transfer<T>> {
    pub(crate) laws: &'l Laws<T, M>,
    pub(crate) nodes: BTreeMap<Who, Node<T>>,
    pub(crate) flights: Vec<Flight<M::Parcel>>,
    pub(crate) history: History<T::Edit>,
    /// The author's digest before and after each edit.
    marks: Vec<(M::Digest, M::Digest)>,
    collections: Vec<Collected<M::Digest>>,
    /// States that were reached earlier.
    pub(crate) past: Vec<State<T>>,
    /// How many steps were taken.
    pub(crate) step: usize,
    pub(crate) watch: Watch,
    pub(crate) tally: Tally,
    pub(crate) trace: Option<Trace>,
    epoch: u64,
    evicted: Vec<ReplicaId>,
}

/// A replica.
pub(crate) struct Node<T> {
    pub(crate) value: T,
    life: Life,
    pub(crate) heard: EditSet,
    /// For each edit whose insert was not there to be read, what was heard of at that time.
    pub(crate) gone: BTreeMap<usize, EditSet>,
    disk: (T, EditSet),
}

/// Something sent, and what its sender had heard of.
pub(crate) struct Flight<P> {
    to: Who,
    pub(crate) from: Who,
    pub(crate) parcel: P,
    heard: EditSet,
}

/// What a life had heard of when it collected.
struct Collected<D> {
    author: Life,
    seen: EditSet,
    before: D,
    after: D,
}

/// Which checks are to be made, and which were.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) wanted: Vec<Check>,
    pub(crate) made: BTreeMap<Check, u64>,
}

/// The most that is in flight; what comes on top is lost.
const FLIGHTS_MAX: usize = 24;

impl<'l, T: Crdt, M: Transfer<T>> World<'l, T, M> {
    /// Three replicas that have heard of nothing.
    pub(crate) fn new(laws: &'l Laws<T, M>, wanted: Vec<Check>, trace: Option<Trace>) -> Self {
        let mut world = Self {
            laws,
            nodes: BTreeMap::new(),
            flights: Vec::new(),
            history: History::new(),
            marks: Vec::new(),
            collections: Vec::new(),
            past: Vec::new(),
            step: 0,
            watch: Watch { wanted, made: BTreeMap::new() },
            tally: Tally::default(),
            trace,
            epoch: 0,
            evicted: Vec::new(),
        };
        Who::AT_START.into_iter().for_each(|who| world.arrive(who));
        world
    }

    /// Takes one step. Returns whom it was about, if it did anything.
    pub(crate) fn take(&mut self, step: &Step<T::Edit>) -> Result<Option<Who>, Broken> {
        match step {
            Step::Edit { who, edit } => self.edit(*who, edit),
            Step::Sync { from, to } => self.sync(*from, *to, |_| true),
            Step::SyncPart { from, to, mask } => {
                self.sync(*from, *to, |nth| mask >> (nth % 8) & 1 == 1)
            }
            Step::Meet { one, other } => self.meet(*one, *other),
            Step::Send { from, to } => Ok(self.send(*from, *to)),
            Step::Deliver { nth, astray, again } => self.deliver(*nth, *astray, *again),
            Step::Lose { nth } => Ok(self.lose(*nth)),
            Step::Collect { who } => self.collect(*who, None),
            Step::Forget { who, before } => self.collect(*who, Some(u64::from(*before))),
            Step::Save { who } => Ok(self.save(*who)),
            Step::Restart { who, disk } => self.restart(*who, *disk),
            Step::BlindStart { who, edit } => {
                if self.restart(*who, Disk::Lost)?.is_none() {
                    return Ok(None);
                }
                self.tally.count("blind start");
                self.edit(*who, edit)
            }
            Step::Arrive => {
                let gone = self.tally.of("left") + self.tally.of("evicted");
                if self.nodes.contains_key(&Who::D) || gone > 0 {
                    return Ok(None);
                }
                self.tally.count("arrived");
                self.arrive(Who::D);
                self.listen(Who::D, &EditSet::default())?;
                Ok(Some(Who::D))
            }
            Step::Evict { who } => self.evict(*who),
            Step::Leave { who } => {
                if self.nodes.len() > 2 && self.nodes.remove(who).is_some() {
                    self.tally.count("left");
                    return Ok(Some(*who));
                }
                Ok(None)
            }
        }
    }

    fn edit(&mut self, who: Who, edit: &T::Edit) -> Result<Option<Who>, Broken> {
        let Some(node) = self.nodes.get(&who) else { return Ok(None) };
        let (author, seen) = (node.life, node.heard.clone());
        let before = M::digest(&node.value);
        let resolved = T::resolve(edit, &self.heard(&before, &seen));
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(None) };
        node.value.edit(edit);
        let (after, stamp) = (M::digest(&node.value), node.value.stamp());
        let wrote = !M::BY_DELTA || before != after;
        let stamp = self.ordered(&seen, wrote.then_some(stamp))?;
        let place = self.history.note(author, resolved, stamp, seen);
        self.marks.push((before, after));
        self.tally.count("edit");
        let mut own = EditSet::default();
        own.insert(place);
        self.listen(who, &own)?;
        if !wrote {
            // Whoever has heard of all that its author had has heard of it.
            let mut everybody = self.everybody().into_iter();
            everybody.try_for_each(|who| self.listen(who, &EditSet::default()))?;
        }
        self.check(who)
    }

    /// The stamp of an edit, which is never less than those heard of. An edit that wrote nothing
    /// is as late as the latest of those.
    fn ordered(&mut self, seen: &EditSet, stamp: Option<u64>) -> Result<u64, Broken> {
        let heard_of = seen.iter().map(|place| self.history.entry(place).stamp).max();
        let least = heard_of.unwrap_or(0);
        let stamp = stamp.unwrap_or(least);
        self.ensure(Check::Refinement, least <= stamp, || {
            format!("an edit is stamped {stamp}, and its author had heard of one at {least}")
        })?;
        Ok(stamp)
    }

    fn sync(
        &mut self,
        from: Who,
        to: Who,
        arrives: impl Fn(usize) -> bool,
    ) -> Result<Option<Who>, Broken> {
        let (Some(sender), Some(receiver)) = (self.nodes.get(&from), self.nodes.get(&to)) else {
            return Ok(None);
        };
        let parcels = M::parcels(&sender.value, &M::digest(&receiver.value));
        let heard = sender.heard.clone();
        let arriving = (0..parcels.len()).filter(|nth| arrives(*nth)).count();
        if arriving == 0 {
            return Ok(None);
        }
        for (nth, parcel) in parcels.iter().enumerate() {
            if arrives(nth) {
                self.hand_over(parcel, &heard, to)?;
            }
        }
        let in_part = arriving < parcels.len();
        self.tally.count(if in_part { "sync in part" } else { "sync" });
        self.check(to)
    }

    fn meet(&mut self, one: Who, other: Who) -> Result<Option<Who>, Broken> {
        if !self.nodes.contains_key(&one) || !self.nodes.contains_key(&other) {
            return Ok(None);
        }
        self.tally.count("met");
        for (from, to) in [(one, other), (other, one)] {
            self.sync(from, to, |_| true)?;
            self.collect(to, None)?;
        }
        Ok(Some(one))
    }

    fn send(&mut self, from: Who, to: Who) -> Option<Who> {
        let (sender, receiver) = (self.nodes.get(&from)?, self.nodes.get(&to)?);
        let parcels = M::parcels(&sender.value, &M::digest(&receiver.value));
        let heard = sender.heard.clone();
        for parcel in parcels {
            if self.flights.len() < FLIGHTS_MAX {
                self.flights.push(Flight { to, from, parcel, heard: heard.clone() });
            }
        }
        Some(from)
    }

    fn deliver(
        &mut self,
        nth: u8,
        astray: Option<Who>,
        again: bool,
    ) -> Result<Option<Who>, Broken> {
        let Some(nth) = usize::from(nth).checked_rem(self.flights.len()) else { return Ok(None) };
        let flight = self.flights.remove(nth);
        let to = astray.unwrap_or(flight.to);
        let late = if nth > 0 { "delivered out of order" } else { "delivered" };
        self.tally.count(late);
        if let Some(trace) = &mut self.trace {
            trace.note(format!("{to} gets what {} sent to {}", flight.from, flight.to));
        }
        let taken = self.hand_over(&flight.parcel, &flight.heard, to);
        if to != flight.to {
            self.tally.count("delivered astray");
        }
        if again {
            self.tally.count("delivered to come again");
            self.flights.push(flight);
        }
        taken?;
        self.check(to)
    }

    fn lose(&mut self, nth: u8) -> Option<Who> {
        let nth = usize::from(nth).checked_rem(self.flights.len())?;
        self.tally.count("lost");
        Some(self.flights.remove(nth).to)
    }

    fn collect(&mut self, who: Who, before: Option<u64>) -> Result<Option<Who>, Broken> {
        let Some(collection) = &self.laws.collection else { return Ok(None) };
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(None) };
        let uncollected = node.value.clone();
        match before {
            Some(before) => (collection.forget)(&mut node.value, before),
            None => (collection.collect)(&mut node.value),
        }
        let (author, seen) = (node.life, node.heard.clone());
        // Who collects obeys, and passes on what it obeyed; who forgets passes on nothing.
        let obeys = before.is_none();
        let (before, after) = (M::digest(&uncollected), M::digest(&node.value));
        if obeys && before != after {
            self.collections.push(Collected { author, seen, before, after });
        }
        self.tally.count("collected");
        self.collection_invisible(who, &uncollected)?;
        self.listen(who, &EditSet::default())?;
        self.check(who)
    }

    fn save(&mut self, who: Who) -> Option<Who> {
        let node = self.nodes.get_mut(&who)?;
        node.disk = (node.value.clone(), node.heard.clone());
        Some(who)
    }

    fn restart(&mut self, who: Who, disk: Disk) -> Result<Option<Who>, Broken> {
        let life = self.next_life(who);
        let fresh = self.fresh(life);
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(None) };
        match disk {
            Disk::Fresh => node.disk = (node.value.clone(), node.heard.clone()),
            Disk::Stale => {}
            Disk::Lost => node.disk = (fresh, EditSet::default()),
        }
        if disk != Disk::Fresh {
            // Whoever lost something is a new copy: what the old one showed binds it no more.
            node.gone.clear();
        }
        let (state, heard) = node.disk.clone();
        node.value = T::restart(&state, life);
        node.life = life;
        node.heard = heard;
        self.tally.count(match disk {
            Disk::Fresh => "restart with the disk",
            Disk::Stale => "restart with a stale disk",
            Disk::Lost => "restart without the disk",
        });
        self.listen(who, &EditSet::default())?;
        self.check(who)
    }

    fn arrive(&mut self, who: Who) {
        let life = self.next_life(who);
        let empty = self.fresh(life);
        let node = Node {
            value: empty.clone(),
            life,
            heard: EditSet::default(),
            gone: BTreeMap::new(),
            disk: (empty, EditSet::default()),
        };
        self.nodes.insert(who, node);
    }

    /// Everybody is told to drop what somebody did, and it is gone.
    fn evict(&mut self, whom: Who) -> Result<Option<Who>, Broken> {
        let Some(evict) = self.laws.eviction else { return Ok(None) };
        if self.nodes.len() <= 2 || self.nodes.remove(&whom).is_none() {
            return Ok(None);
        }
        let replica = replica_of(whom);
        self.evicted.push(replica);
        self.tally.count("evicted");
        // States from before have nothing to say to those after it, and what the evicted had
        // removed may be back.
        self.past.clear();
        for node in self.nodes.values_mut() {
            evict(&mut node.value, replica);
            evict(&mut node.disk.0, replica);
            node.disk.1 = EditSet::default();
            node.heard = EditSet::default();
            node.gone.clear();
        }
        for who in self.everybody() {
            self.listen(who, &EditSet::default())?;
            self.check(who)?;
        }
        Ok(self.everybody().first().copied())
    }

    /// A value in which nothing was edited, and that knows who is evicted.
    pub(crate) fn fresh(&self, life: Life) -> T {
        let mut fresh = T::new(life);
        if let Some(evict) = self.laws.eviction {
            self.evicted.iter().for_each(|replica| evict(&mut fresh, *replica));
        }
        fresh
    }

    fn next_life(&mut self, who: Who) -> Life {
        self.epoch += 1;
        Life { replica: replica_of(who), epoch: self.epoch }
    }

    /// Lets somebody take in a parcel.
    pub(crate) fn hand_over(&mut self, parcel: &M::Parcel, heard: &EditSet, to: Who) -> Checked {
        let Some(node) = self.nodes.get(&to) else { return Ok(()) };
        let receiver = node.value.clone();
        let decoded = self.sent_and_decoded(parcel, &receiver)?;
        if let Some(node) = self.nodes.get_mut(&to) {
            M::deliver(decoded.as_ref().unwrap_or(parcel), &mut node.value);
        }
        self.listen(to, heard)
    }

    /// Everything in flight arrives at everybody, for the last time.
    pub(crate) fn deliver_all(&mut self) -> Checked {
        for flight in std::mem::take(&mut self.flights) {
            self.tally.count("delivered after all");
            for to in self.everybody() {
                self.hand_over(&flight.parcel, &flight.heard, to)?;
                self.check(to)?;
                if let Some(trace) = &mut self.trace {
                    let node = self.nodes.get(&to);
                    trace.note(format!("{to} gets what {} sent to {}", flight.from, flight.to));
                    trace.end_step(node.map(|node| (to, format!("{:?}", node.value.read()))));
                }
            }
        }
        Ok(())
    }

    /// Notes what somebody has heard of after taking in what somebody with `heard` sent.
    fn listen(&mut self, who: Who, heard: &EditSet) -> Checked {
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        if !M::BY_DELTA {
            node.heard.unite(heard);
            return Ok(());
        }
        let known = std::mem::take(&mut node.heard);
        let digest = M::digest(&node.value);
        for (place, (before, after)) in self.marks.iter().enumerate() {
            let author = self.history.entry(place).author;
            if self.evicted.contains(&author.replica) {
                continue;
            }
            if M::has_heard(&digest, &Mark { author, before, after }) == Some(true) {
                node.heard.insert(place);
            }
        }
        let lost = known.first_beyond(&node.heard);
        if !self.on(Check::NothingLost) {
            return Ok(());
        }
        let edit = lost.map(|place| format!("{:?}", self.history.entry(place).edit));
        self.ensure(Check::NothingLost, edit.is_none(), || {
            format!("{who} had heard of {}, and has no longer", edit.unwrap_or_default())
        })
    }

    /// What somebody with the given digest, who has heard of these edits, knows of the history.
    pub(crate) fn heard<'a>(
        &'a self,
        digest: &M::Digest,
        heard: &'a EditSet,
    ) -> Heard<'a, T::Edit> {
        let told = self.collections.iter().filter(|Collected { author, before, after, .. }| {
            M::has_heard(digest, &Mark { author: *author, before, after }) == Some(true)
        });
        let passed_on = told.map(|it| (it.author, it.seen.clone())).collect();
        Heard::new(&self.history, heard, passed_on)
    }

    /// Says whether a check is to be made, and counts it.
    pub(crate) fn on(&mut self, check: Check) -> bool {
        let wanted = self.watch.wanted.contains(&check);
        if wanted {
            *self.watch.made.entry(check).or_default() += 1;
        }
        wanted
    }

    /// Fails with a sentence unless the check holds or is not to be made.
    pub(crate) fn ensure(
        &mut self,
        check: Check,
        held: bool,
        how: impl FnOnce() -> String,
    ) -> Checked {
        if held || !self.on(check) { Ok(()) } else { Err(Broken { check, how: how() }) }
    }

    pub(crate) fn everybody(&self) -> Vec<Who> {
        self.nodes.keys().copied().collect()
    }
}

fn replica_of(who: Who) -> ReplicaId {
    ReplicaId(0xa + u64::from(who.0))
}
