//! A population of replicas, and the histories it goes through.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use rumormill_crdt::{
    Bytes, Key, Life, Limits, Replica, ReplicaId, RowId, Space, Table, Timestamp,
};

use self::{
    invariants::Memory,
    specification::{Dot, What},
    step::{Disk, Edit, History, LATE, Step, Who},
    tally::Tally,
    traffic::Flight,
    truth::{Broken, COUNTER, Check, REGISTER, SET, TableRow, Truth},
};

pub(crate) mod bytes;
pub(crate) mod heal;
pub(crate) mod invariants;
pub(crate) mod specification;
pub(crate) mod step;
pub(crate) mod tally;
pub(crate) mod traffic;
pub(crate) mod truth;
pub(crate) mod typed;

/// How far ahead of a wall clock a delta may be stamped.
pub(crate) const SKEW_MAX: Duration = Duration::from_secs(2);

const START: Duration = Duration::from_secs(1_000_000);

/// Few dependencies, so that histories meet the bound.
const LIMITS: Limits = Limits { dependencies_max: 2, ..Limits::DEFAULT };

/// A population, what is in flight between its members, and what really happened.
pub(crate) struct World {
    pub(crate) nodes: BTreeMap<Who, Node>,
    pub(crate) flights: Vec<Flight>,
    pub(crate) truth: Truth,
    pub(crate) tally: Tally,
    /// Epochs never repeat: each life has the next.
    epoch: u64,
    late_came: bool,
}

/// A replica, what it has on its disk, and what was seen of it.
pub(crate) struct Node {
    pub(crate) replica: Replica,
    pub(crate) wall: Duration,
    pub(crate) memory: Memory,
    pub(crate) reader: typed::Reader,
    disk: Vec<Arc<TableRow>>,
}

impl Node {
    fn new(life: Life) -> Self {
        let replica = Replica::new(life, LIMITS);
        let (memory, reader) = (Memory::default(), typed::Reader::default());
        Self { replica, wall: START, memory, reader, disk: Vec::new() }
    }

    pub(crate) fn table(&self) -> &Table {
        self.replica.table()
    }
}

impl World {
    /// Three replicas that know nothing.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            nodes: BTreeMap::new(),
            flights: Vec::new(),
            truth: Truth::default(),
            tally: Tally::default(),
            epoch: 0,
            late_came: false,
        };
        for who in [Who(0), Who(1), Who(2)] {
            let life = world.next_life(who);
            world.nodes.insert(who, Node::new(life));
        }
        world
    }

    /// Goes through a history and checks every invariant after each step.
    pub(crate) fn run(history: &History) -> Result<Self, Broken> {
        let mut world = Self::new();
        for (number, step) in history.0.iter().enumerate() {
            let at = |Broken(why)| Broken(format!("after step {number} ({step}): {why}"));
            world.take(*step).map_err(at)?;
        }
        world.check_all()?;
        Ok(world)
    }

    /// Takes one step.
    pub(crate) fn take(&mut self, step: Step) -> Check {
        match step {
            Step::Edit { who, edit } => self.edit(who, edit),
            Step::Collect { who } => self.collect(who),
            Step::Forget { who, before } => self.forget(who, before),
            Step::Flicker { who, element } => {
                self.edit(who, Edit::Insert(element))?;
                self.edit(who, Edit::Remove(element))
            }
            Step::Send { from, to, since, cut } => self.send(from, to, since, cut),
            Step::Deliver { nth, astray, keep } => self.deliver(nth, astray, keep),
            Step::Lose { nth } => {
                self.take_flight(nth, false);
                Ok(())
            }
            Step::Fetch { from, to, every, pieces } => self.fetch(from, to, every, pieces),
            Step::Sync { from, to } => self.sync(from, to).map(drop),
            Step::Talk { one, other } => {
                self.sync(one, other)?;
                self.sync(other, one)?;
                self.collect(one)?;
                self.collect(other)
            }
            Step::Join { from, to } => self.join(from, to),
            Step::GiveUp { who } => self.give_up(who),
            Step::Tick { who, millis, back } => {
                self.tick(who, Duration::from_millis(millis.into()), back);
                Ok(())
            }
            Step::Save { who } => {
                if let Some(node) = self.nodes.get_mut(&who) {
                    node.disk = node.replica.table().rows().cloned().collect();
                }
                Ok(())
            }
            Step::Restart { who, disk } => self.restart(who, disk),
            Step::Arrive => {
                self.arrive();
                Ok(())
            }
            Step::Leave { who } => {
                if self.nodes.len() > 2 {
                    self.nodes.remove(&who);
                }
                Ok(())
            }
        }
    }

    fn edit(&mut self, who: Who, edit: Edit) -> Check {
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        let before = node.table().clone();
        let after_last = Timestamp(node.replica.last_timestamp().0 + 1);
        let stamp = after_last.max(Timestamp::from_unix(node.wall));
        let heard = self.truth.heard(node.table());
        let live = specification::live_inserts(&heard);
        let named = live
            .into_iter()
            .filter(|(_, element)| matches!(edit, Edit::Remove(it) if it == *element));
        let named: BTreeSet<Dot> = named.map(|(dot, _)| dot).collect();
        let mut space = Space::SHARED;
        let what = node.replica.edit(node.wall, |writer| match edit {
            Edit::Insert(element) => {
                SET.insert(writer, &element).expect("an element of one byte fits");
                What::Insert(element)
            }
            Edit::Remove(element) => {
                let was_there = SET.remove(writer, &element).expect("the row has room");
                assert_eq!(was_there, !named.is_empty(), "a remove says whether it was there");
                What::Remove(named)
            }
            Edit::Count(by) => {
                COUNTER.add(writer, by.into()).expect("the counter has room");
                What::Count(by.into())
            }
            Edit::Set(value) => {
                REGISTER.set(writer, &value).expect("a value of one byte fits");
                What::Set(stamp, Some(value))
            }
            Edit::Clear => {
                REGISTER.clear(writer).expect("nothing fits");
                What::Set(stamp, None)
            }
            Edit::Say(value) => {
                space = Space::SELF;
                let word = Bytes::copy_from(&[value]);
                writer.set(space, Key::raw("word"), word).expect("a word fits");
                What::Say(value)
            }
            Edit::Typed(edit) => What::Typed(typed::make(writer, edit, stamp, &heard)),
        });
        self.truth.note(node.replica.table(), space, what);
        self.wrote(who, &before)
    }

    fn collect(&mut self, who: Who) -> Check {
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        let before = node.table().clone();
        let passed_on = specification::own_removed(&self.truth.heard(&before), before.life());
        if node.replica.collect(before.rows().map(|row| row.id())) {
            let what = What::Remove(passed_on);
            self.truth.note(node.replica.table(), Space::SHARED, what);
        }
        self.wrote(who, &before)
    }

    fn forget(&mut self, who: Who, before: u8) -> Check {
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        let table = node.table().clone();
        node.replica.forget(Space::SHARED, before.into());
        self.wrote(who, &table)
    }

    /// Checks a write, the only thing that mints versions.
    fn wrote(&mut self, who: Who, before: &Table) -> Check {
        let Some(node) = self.nodes.get(&who) else { return Ok(()) };
        invariants::i1_uniqueness(&mut self.truth, before, node.table())?;
        self.tally.note_write(before, node.table());
        self.check(who)
    }

    fn join(&mut self, from: Who, to: Who) -> Check {
        let Some(other) = self.nodes.get(&from).map(|node| node.replica.clone()) else {
            return Ok(());
        };
        let Some(node) = self.nodes.get_mut(&to) else { return Ok(()) };
        let before = node.table().clone();
        let grown = node.replica.join(&other);
        invariants::growth_is_what_grew(&before, node.table(), &grown)?;
        self.check(to)
    }

    fn give_up(&mut self, who: Who) -> Check {
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        let staged: Vec<RowId> = node.table().staged().collect();
        for id in staged {
            node.replica.drop_staging(id);
        }
        self.check(who)
    }

    fn tick(&mut self, who: Who, by: Duration, back: bool) {
        if let Some(node) = self.nodes.get_mut(&who) {
            node.wall = if back { node.wall.saturating_sub(by) } else { node.wall + by };
        }
    }

    fn restart(&mut self, who: Who, disk: Disk) -> Check {
        let life = self.next_life(who);
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        self.tally.note_restart(disk);
        let rows = match disk {
            Disk::Kept => {
                node.replica.begin_life(life);
                return self.check(who);
            }
            Disk::Fresh => node.table().rows().cloned().collect(),
            Disk::Stale => node.disk.clone(),
            Disk::Lost => Vec::new(),
        };
        node.replica = Replica::new(life, LIMITS);
        let before = node.table().clone();
        let grown = node.replica.restore(rows);
        invariants::growth_is_what_grew(&before, node.table(), &grown)?;
        if !matches!(disk, Disk::Fresh) {
            // Whoever lost rows is a new copy: what the old one showed binds it no more.
            node.memory = Memory::default();
        }
        self.check(who)
    }

    fn arrive(&mut self) {
        if !self.late_came {
            self.late_came = true;
            let life = self.next_life(LATE);
            self.nodes.insert(LATE, Node::new(life));
        }
    }

    fn next_life(&mut self, who: Who) -> Life {
        self.epoch += 1;
        Life { replica: ReplicaId(0xa + u64::from(who.0)), epoch: self.epoch }
    }
}
