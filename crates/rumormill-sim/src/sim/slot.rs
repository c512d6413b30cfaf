//! A place for the lives of one replica, and how one begins.

use core::time::Duration;
use std::sync::Arc;

use rumormill_core::{
    Event, Identity, Instant, Node, Trust,
    crdt::{Bookmark, Bytes, Key, ReplicaId, Row},
};

use super::{Index, Insider, Sim, name};

/// A slow node's socket holds what it takes so long to handle.
const BACKLOG_MAX: Duration = Duration::from_secs(2);

/// A place for the lives of one replica.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) replica: ReplicaId,
    pub(super) zone: String,
    /// How many rows its table may hold, if that is less than others'.
    pub(super) rows_max: Option<usize>,
    /// What it signs with.
    pub(super) trust: Trust,
    /// What it does that no honest member does.
    pub(super) insider: Option<Box<Insider>>,
    /// Apart, since it is taken out and put back with every input, and is large.
    pub(super) node: Option<Box<Node<Index>>>,
    /// How far its wall clock is ahead of everybody's, and behind.
    pub(super) clock_ahead: Duration,
    pub(super) clock_behind: Duration,
    /// Whether a burst of loss is under way in what it sends.
    pub(super) is_bursting: bool,
    /// How long it takes over each datagram, and over each timer.
    pub(super) service: Duration,
    /// When it has done what has arrived so far.
    pub(super) free_at: Instant,
    pub(super) wake_at: Option<Instant>,
    /// Asleep: no timer fires, and what is sent to it is lost.
    pub(super) paused: bool,
    pub(super) saved: Vec<Arc<Row<Key, Bytes>>>,
    /// Changes of its table after this are not shared yet.
    pub(super) shared: Bookmark,
    /// What its nodes told, `TableChanged` left out.
    pub(super) events: Vec<Event<Index>>,
}

impl Sim {
    pub(super) fn add_slot(&mut self) -> Index {
        let index = Index::try_from(self.slots.len()).expect("fewer than 2^32 nodes");
        let (replica, trust) = match &self.fleet {
            None => (ReplicaId(u64::from(index)), Trust::Unsigned),
            Some(fleet) => fleet.admit(&self.config.cluster, index),
        };
        self.slots.push(Slot {
            replica,
            rows_max: None,
            trust,
            insider: None,
            zone: self.config.zone.clone(),
            node: None,
            clock_ahead: Duration::ZERO,
            clock_behind: Duration::ZERO,
            is_bursting: false,
            service: Duration::ZERO,
            free_at: Instant::default(),
            wake_at: None,
            paused: false,
            saved: Vec::new(),
            shared: Bookmark::default(),
            events: Vec::new(),
        });
        index
    }

    pub(super) fn boot(&mut self, who: Index) {
        let (now, unix, mut config) = (self.now, self.unix(who), self.config.clone());
        config.zone.clone_from(&self.slots[who as usize].zone);
        config.trust.clone_from(&self.slots[who as usize].trust);
        let rows_max = self.slots[who as usize].rows_max;
        config.limits.rows_max = rows_max.unwrap_or(config.limits.rows_max);
        let seed = self.chance.draw();
        let slot = self.slot_mut(who);
        let identity =
            Identity { replica: slot.replica, name: name(who).to_string(), address: who };
        slot.node = Some(Box::new(Node::new(now, unix, identity, config, seed)));
        slot.shared = Bookmark::default();
        self.line(format_args!("{} starts", name(who)));
        self.settle(who);
    }

    pub(super) fn slot_mut(&mut self, who: Index) -> &mut Slot {
        &mut self.slots[who as usize]
    }

    /// When a node gets round to what arrives; nothing if too much waits there already.
    pub(super) fn served_at(&mut self, who: Index, arrives_at: Instant) -> Option<Instant> {
        let slot = &mut self.slots[who as usize];
        if slot.service.is_zero() {
            return Some(arrives_at);
        }
        let free_at = slot.free_at.max(arrives_at);
        let is_full = free_at.since(arrives_at) > BACKLOG_MAX;
        self.record.note("slow node");
        if is_full {
            return None;
        }
        slot.free_at = free_at + slot.service;
        Some(slot.free_at)
    }
}
