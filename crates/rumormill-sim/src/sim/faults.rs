//! What goes wrong.

use core::time::Duration;
use std::sync::Arc;

use rumormill_core::crdt::{Bytes, Key, Row};

use super::{
    Barrier, Index, Sim,
    meter::Load,
    name,
    queue::{Arrival, Occurrence},
    rows_of,
};
use crate::link::Link;

/// What a restarted node finds on its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Everything its table held when it crashed.
    Kept,
    /// What its table held when [`Sim::save`] was called last.
    Stale,
    /// Nothing, from here on.
    Lost,
}

impl Sim {
    /// Changes the network between all nodes, from here on.
    pub fn set_link(&mut self, link: Link) {
        self.line(format_args!(
            "link loss {:.2} duplicate {:.2} reorder {:.2}",
            link.loss, link.duplicate, link.reorder
        ));
        self.link = link;
    }

    /// Changes the network between nodes of different zones, from here on; that between others stays.
    pub fn set_link_between_zones(&mut self, link: Link) {
        self.line(format_args!("link between zones loss {:.2}", link.loss));
        self.far_link = Some(link);
    }

    /// Stops a node at once.
    pub fn crash(&mut self, who: Index) {
        self.line(format_args!("{} crashes", name(who)));
        let slot = self.slot_mut(who);
        slot.wake_at = None;
        if let Some(node) = slot.node.take() {
            slot.saved = rows_of(node.table()).collect();
        }
    }

    /// Writes a node's table to its disk, for a later restart from a stale one. A crash does so
    /// too.
    pub fn save(&mut self, who: Index) {
        let rows = rows_of(self.node(who).table()).collect();
        self.slot_mut(who).saved = rows;
    }

    /// What is on a node's disk.
    #[must_use]
    pub fn disk(&self, who: Index) -> &[Arc<Row<Key, Bytes>>] {
        &self.slots[who as usize].saved
    }

    /// Starts a new life of a crashed node, which joins by `seed`. For a stale disk, call
    /// [`save`](Self::save) first and [`crash_without_saving`](Self::crash_without_saving) then.
    pub fn restart(&mut self, who: Index, disk: Disk, seed: Index) {
        self.line(format_args!("{} restarts, disk {disk:?}", name(who)));
        self.boot(who);
        let now = self.now;
        if disk == Disk::Lost {
            self.slot_mut(who).saved.clear();
        } else {
            let saved = self.slot_mut(who).saved.clone();
            self.command(who, |node| node.restore(now, saved));
        }
        self.join(who, seed);
    }

    /// Stops a node at once; its disk stays as [`save`](Self::save) left it.
    pub fn crash_without_saving(&mut self, who: Index) {
        let saved = core::mem::take(&mut self.slot_mut(who).saved);
        self.crash(who);
        self.slot_mut(who).saved = saved;
    }

    /// Lets a node hold so many rows, or as many as others, from its next start on.
    pub fn bound_table(&mut self, who: Index, rows_max: Option<usize>) {
        self.line(format_args!("{} holds at most {rows_max:?} rows", name(who)));
        self.slot_mut(who).rows_max = rows_max;
    }

    /// Stops a process where it stands, as a laptop does whose lid is closed: its timers do not
    /// fire, and what is sent to it is lost.
    pub fn pause(&mut self, who: Index) {
        self.line(format_args!("{} sleeps", name(who)));
        self.slot_mut(who).paused = true;
    }

    /// Lets a paused process go on; the first it does is look at its clocks.
    pub fn resume(&mut self, who: Index) {
        self.line(format_args!("{} wakes", name(who)));
        let slot = self.slot_mut(who);
        slot.paused = false;
        // The timer that it waited for fired in vain.
        slot.wake_at = None;
        let (now, unix) = (self.now, self.unix(who));
        self.command(who, |node| node.handle_wall_clock(now, unix));
    }

    /// Cuts the network between `far_side` and everybody else, in both directions.
    pub fn cut(&mut self, far_side: &[Index]) {
        let names: Vec<_> = far_side.iter().map(|index| name(*index).to_string()).collect();
        self.line(format_args!("cut off {}", names.join(" ")));
        self.far_side = far_side.iter().copied().collect();
    }

    /// Breaks the link between two nodes, in both directions; others still reach both.
    pub fn break_link(&mut self, a: Index, b: Index) {
        self.line(format_args!("no link between {} and {}", name(a), name(b)));
        self.broken.insert((a.min(b), a.max(b)));
    }

    /// Puts a barrier between nodes, beside those that stand.
    pub fn raise(&mut self, barrier: Barrier) {
        self.line(format_args!("{} begins", barrier.kind()));
        self.barriers.push(barrier);
    }

    /// Takes a barrier away.
    pub fn lower(&mut self, barrier: &Barrier) {
        self.line(format_args!("{} ends", barrier.kind()));
        if let Some(place) = self.barriers.iter().position(|it| it == barrier) {
            self.barriers.remove(place);
        }
    }

    /// Heals the cut and all broken links, and takes all barriers away.
    pub fn heal(&mut self) {
        self.line(format_args!("heal"));
        self.barriers.clear();
        self.far_side.clear();
        self.broken.clear();
    }

    /// Sets a node's wall clock ahead of everybody's.
    pub fn set_clock_ahead(&mut self, who: Index, ahead: Duration) {
        self.set_clock(who, ahead, Duration::ZERO);
    }

    fn set_clock(&mut self, who: Index, ahead: Duration, behind: Duration) {
        self.line(format_args!("{}'s clock is {ahead:?} ahead, {behind:?} behind", name(who)));
        let slot = self.slot_mut(who);
        (slot.clock_ahead, slot.clock_behind) = (ahead, behind);
        if slot.node.is_none() {
            return;
        }
        let (now, unix) = (self.now, self.unix(who));
        self.command(who, |node| node.handle_wall_clock(now, unix));
    }

    /// Sets a node's wall clock behind everybody's.
    pub fn set_clock_behind(&mut self, who: Index, behind: Duration) {
        self.set_clock(who, Duration::ZERO, behind);
    }

    /// Makes a node take so long over each datagram and each timer; with no time at all it is as
    /// fast as others again. What waits for more than two seconds is lost.
    pub fn slow_down(&mut self, who: Index, service: Duration) {
        self.line(format_args!("{} takes {service:?} for everything", name(who)));
        self.slot_mut(who).service = service;
    }

    /// Hands a node bytes that seem to come from `from`.
    pub fn inject(&mut self, from: Index, to: Index, bytes: &[u8]) {
        let load = Load { is_digest: false, rows: 0 };
        let arrival = Arrival { from, to, bytes: bytes.into(), load };
        self.queue.push(self.now, Occurrence::Arrive(arrival));
    }
}
