//! Nodes, the network between them, and time.

mod barrier;
mod driving;
mod faults;
mod fleet;
mod insider;
mod meter;
mod outsider;
mod queue;
mod record;
mod sharing;
mod slot;

use core::{fmt, time::Duration};
use std::{collections::BTreeSet, sync::Arc};

use rumormill_core::{
    Config, Event, Instant, Node,
    crdt::{Bytes, Key, ReplicaId, Row, RowPool, Table, Writer},
};

pub(crate) use self::insider::{HOARD, LIES, slander};
pub use self::{
    barrier::Barrier,
    faults::Disk,
    insider::{Vice, Vices},
    meter::Conversation,
};
use self::{
    fleet::Fleet, insider::Insider, meter::Meter, outsider::Outsider, queue::Queue, record::Record,
    slot::Slot,
};
use crate::{
    link::{Chance, Link},
    trace::Trace,
};

/// Which node: the address of a simulated node, and the number of its replica.
pub type Index = u32;

/// When the simulation begins, by everybody's wall clock.
const UNIX_AT_START: Duration = Duration::from_secs(1_767_225_600);

/// The trace keeps this many lines unless told otherwise.
const TRACE_LINES: usize = 200;

/// Nodes, the network between them, and time. See the crate's documentation.
#[derive(Debug)]
pub struct Sim {
    seed: u64,
    config: Config,
    now: Instant,
    chance: Chance,
    link: Link,
    /// What the network does between zones, if that is something else.
    far_link: Option<Link>,
    /// Nodes on the far side of a cut; datagrams cross it in neither direction.
    far_side: BTreeSet<Index>,
    /// Pairs, lower index first, between which no datagram arrives.
    broken: BTreeSet<(Index, Index)>,
    barriers: Vec<Barrier>,
    slots: Vec<Slot>,
    queue: Queue,
    meter: Meter,
    record: Record,
    outsider: Outsider,
    /// Lets members in, where they sign.
    fleet: Option<Fleet>,
    /// Rows that nodes share, if they do.
    pool: Option<RowPool<Key, Bytes>>,
    keeps_events: bool,
    trace: Trace,
    replay: String,
}

impl Sim {
    /// Makes an empty network, in which nothing is random but by `seed`.
    #[must_use]
    pub fn new(seed: u64, config: Config) -> Self {
        Self {
            seed,
            config,
            now: Instant::default(),
            chance: Chance::new(seed),
            link: Link::LAN,
            far_link: None,
            far_side: BTreeSet::new(),
            broken: BTreeSet::new(),
            barriers: Vec::new(),
            slots: Vec::new(),
            queue: Queue::default(),
            meter: Meter::default(),
            record: Record::default(),
            outsider: Outsider::default(),
            fleet: None,
            pool: None,
            keeps_events: true,
            trace: Trace::new(TRACE_LINES),
            replay: String::new(),
        }
    }

    /// Says which command runs this again; failed checks print it.
    #[must_use]
    pub fn replay_with(mut self, command: impl Into<String>) -> Self {
        self.replay = command.into();
        self
    }

    /// Keeps the last `lines_max` lines of the trace; 0 for none, which is faster.
    #[must_use]
    pub fn trace_lines(mut self, lines_max: usize) -> Self {
        self.trace = Trace::new(lines_max);
        self
    }

    /// Starts a node that knows nobody.
    pub fn start(&mut self) -> Index {
        let index = self.add_slot();
        self.boot(index);
        index
    }

    /// Starts a node in a zone that knows nobody.
    pub fn start_in(&mut self, zone: &str) -> Index {
        let index = self.add_slot();
        self.slot_mut(index).zone = zone.to_owned();
        self.boot(index);
        index
    }

    /// Starts a second process for the replica of a running node, at an address of its own: a
    /// mistake that operators make.
    pub fn start_twin_of(&mut self, who: Index) -> Index {
        let twin = self.add_slot();
        let Slot { replica, ref trust, .. } = self.slots[who as usize];
        let trust = trust.clone();
        let slot = self.slot_mut(twin);
        (slot.replica, slot.trust) = (replica, trust);
        self.boot(twin);
        twin
    }

    /// An address at which nobody runs.
    pub(crate) fn unoccupied(&mut self) -> Index {
        self.add_slot()
    }

    /// Starts `N` nodes that all join the first.
    pub fn start_all<const N: usize>(&mut self) -> [Index; N] {
        let nodes = [(); N].map(|()| self.start());
        for node in nodes.into_iter().skip(1) {
            self.join(node, nodes[0]);
        }
        nodes
    }

    /// Starts `count` nodes that know each other from the first moment.
    pub fn start_acquainted(&mut self, count: usize) {
        for _ in 0..count {
            self.start();
        }
        self.acquaint();
    }

    /// Gives every running node what all others hold.
    pub fn acquaint(&mut self) {
        let rows: Vec<_> = self.nodes().flat_map(|(_, node)| rows_of(node.table())).collect();
        let running: Vec<Index> = self.nodes().map(|(index, _)| index).collect();
        let now = self.now;
        for who in running {
            self.command(who, |node| node.restore(now, rows.iter().cloned()));
        }
    }

    /// Tells a node of a seed.
    pub fn join(&mut self, who: Index, seed: Index) {
        self.line(format_args!("{} joins {}", name(who), name(seed)));
        let now = self.now;
        self.command(who, |node| node.join(now, seed));
    }

    /// Edits a node's own rows.
    pub fn update<R>(&mut self, who: Index, edit: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        self.line(format_args!("{} writes", name(who)));
        let now = self.now;
        self.command(who, |node| node.update(now, edit))
    }

    /// Gives a node rows at rest, of which it tells nobody.
    pub fn restore(&mut self, who: Index, rows: impl IntoIterator<Item = Arc<Row<Key, Bytes>>>) {
        self.line(format_args!("{} finds rows on its disk", name(who)));
        let now = self.now;
        self.command(who, |node| node.restore(now, rows));
    }

    /// Makes a node say good-bye. It goes on running.
    pub fn leave(&mut self, who: Index) {
        self.line(format_args!("{} leaves", name(who)));
        let now = self.now;
        self.command(who, |node| node.leave(now));
    }

    /// Makes a node drop and refuse what another one's replica wrote.
    pub fn evict(&mut self, who: Index, whom: Index) {
        self.line(format_args!("{} evicts {}", name(who), name(whom)));
        let (now, replica) = (self.now, self.slots[whom as usize].replica);
        self.command(who, |node| node.evict(now, replica));
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.step(end).is_some() {}
    }

    /// Lets time pass until `done` holds, checked after every event, or `limit` is over. Returns
    /// the time it took, or nothing.
    pub fn run_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&Self, Index) -> bool,
    ) -> Option<Duration> {
        let start = self.now;
        while let Some(touched) = self.step(start + limit) {
            if done(self, touched) {
                return Some(self.now.since(start));
            }
        }
        None
    }

    /// Lets time pass until all running nodes show the same rows, checked ten times a second.
    pub fn run_until_equal(&mut self, limit: Duration) -> Option<Duration> {
        let start = self.now;
        while self.now.since(start) < limit {
            if self.tables_are_equal() {
                return Some(self.now.since(start));
            }
            self.run(Duration::from_millis(100));
        }
        None
    }

    /// Says whether all running nodes show the same rows.
    #[must_use]
    pub fn tables_are_equal(&self) -> bool {
        let mut tables = self.nodes().map(|(_, node)| node.table());
        tables.next().is_none_or(|first| tables.all(|table| table == first))
    }

    /// A running node.
    ///
    /// # Panics
    ///
    /// If the node is not running.
    #[must_use]
    pub fn node(&self, who: Index) -> &Node<Index> {
        let slot = &self.slots[who as usize];
        slot.node.as_deref().unwrap_or_else(|| panic!("{} is not running", name(who)))
    }

    /// Walks the running nodes.
    pub fn nodes(&self) -> impl Iterator<Item = (Index, &Node<Index>)> {
        let running = (0..).zip(&self.slots);
        running.filter_map(|(index, slot)| Some((index, slot.node.as_deref()?)))
    }

    /// Says whether a node is running.
    #[must_use]
    pub fn is_running(&self, who: Index) -> bool {
        self.slots[who as usize].node.is_some()
    }

    /// How many places for nodes there are, whether one runs there or not.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The replica whose lives run at a place.
    #[must_use]
    pub fn replica(&self, who: Index) -> ReplicaId {
        self.slots[who as usize].replica
    }

    /// What a node's wall clock reads, as time since the Unix epoch.
    #[must_use]
    pub fn unix(&self, who: Index) -> Duration {
        let Slot { clock_ahead, clock_behind, .. } = self.slots[who as usize];
        (UNIX_AT_START + self.now.since_origin() + clock_ahead).saturating_sub(clock_behind)
    }

    /// Everything a replica's nodes told since the beginning, table changes left out.
    #[must_use]
    pub fn events(&self, who: Index) -> &[Event<Index>] {
        &self.slots[who as usize].events
    }

    /// Keeps what nodes tell from here on, or does not. What was kept stays.
    pub const fn keep_events(&mut self, keeps: bool) {
        self.keeps_events = keeps;
    }

    /// Takes what all nodes told since the beginning, or since this was called last.
    pub fn take_events(&mut self) -> impl Iterator<Item = Event<Index>> {
        self.slots.iter_mut().flat_map(|slot| slot.events.drain(..))
    }

    /// Virtual time since the beginning.
    #[must_use]
    pub const fn now(&self) -> Duration {
        self.now.since_origin()
    }

    /// The last lines of what happened.
    #[must_use]
    pub fn trace(&self) -> String {
        self.trace.to_string()
    }

    /// Stops the run unless `holds`, printing what happened last and how to run it again.
    ///
    /// # Panics
    ///
    /// If it does not hold.
    pub fn check(&self, holds: bool, what: &str) {
        assert!(
            holds,
            "{what}\nseed {} at {:?}\n{}run it again: {}",
            self.seed, self.now, self.trace, self.replay
        );
    }

    fn line(&mut self, what: core::fmt::Arguments<'_>) {
        self.trace.line(self.now, what);
    }
}

fn rows_of(table: &Table) -> impl Iterator<Item = Arc<Row<Key, Bytes>>> {
    table.rows().map(Arc::clone)
}

/// What a node is called in traces: one letter for the first 26, then a number too. Made into text
/// only where somebody reads it.
struct Name(Index);

const fn name(index: Index) -> Name {
    Name(index)
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = char::from(b'a' + u8::try_from(self.0 % 26).unwrap_or(0));
        match self.0 / 26 {
            0 => write!(f, "{letter}"),
            number => write!(f, "{letter}{number}"),
        }
    }
}
