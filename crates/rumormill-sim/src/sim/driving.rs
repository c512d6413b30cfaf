//! What a driver does: lets the next thing happen, hands it to its node, and sends what the node says.

use core::time::Duration;

use rumormill_core::{DATAGRAM_LEN_MIN, Event, Instant, Node};

use super::{
    Index, Sim,
    barrier::Barrier,
    meter::Load,
    name,
    queue::{Arrival, Occurrence},
};
use crate::link::Link;

impl Sim {
    /// Lets the next thing happen, if that is before `end`, and says to whom; else moves time to
    /// `end`.
    pub(super) fn step(&mut self, end: Instant) -> Option<Index> {
        let Some((at, what)) = self.queue.pop(end) else {
            self.now = end;
            return None;
        };
        self.now = at;
        match what {
            Occurrence::Wake(who) => {
                if self.slot_mut(who).wake_at == Some(at) && !self.slot_mut(who).paused {
                    self.slot_mut(who).wake_at = None;
                    let now = self.now;
                    self.command(who, |node| node.handle_timeout(now));
                }
                Some(who)
            }
            Occurrence::Arrive(arrival) => {
                self.arrive(&arrival);
                Some(arrival.to)
            }
        }
    }

    fn arrive(&mut self, arrival: &Arrival) {
        let &Arrival { from, to, ref bytes, load } = arrival;
        let now = self.now;
        if !self.is_running(to) || self.slot_mut(to).paused {
            self.line(format_args!("{} -x {} not running", name(from), name(to)));
            return;
        }
        let (clock, mut spent) = (self.meter.clock(), Duration::ZERO);
        let taken = self.command(to, |node| {
            let begun = clock();
            let taken = node.handle_datagram(now, from, bytes);
            spent = clock().saturating_sub(begun);
            taken
        });
        self.meter.handled(now, load, spent);
        match taken {
            Ok(()) => {
                self.line(format_args!("{} -> {} {} bytes", name(from), name(to), bytes.len()));
            }
            Err(why) => {
                self.record.note_rejection(why);
                self.line(format_args!("{} -x {} {why}", name(from), name(to)));
            }
        }
    }

    pub(super) fn command<R>(
        &mut self,
        who: Index,
        command: impl FnOnce(&mut Node<Index>) -> R,
    ) -> R {
        let node = self.slot_mut(who).node.as_deref_mut();
        let result = command(node.unwrap_or_else(|| panic!("{} is not running", name(who))));
        self.settle(who);
        result
    }

    /// Does what a driver does after each input: sends, takes events, sets the timer.
    pub(super) fn settle(&mut self, who: Index) {
        let Some(mut node) = self.slot_mut(who).node.take() else { return };
        let mut buf = [0; DATAGRAM_LEN_MIN];
        loop {
            let before = self.meter.is_on().then(|| node.stats());
            let begun = self.meter.clock()();
            let Some(transmit) = node.poll_transmit(&mut buf) else { break };
            let load = before.map_or_else(Load::default, |it| Load::between(&it, &node.stats()));
            self.meter.composed(self.now, load, begun, transmit.payload);
            match self.distorted(who, transmit.payload) {
                Some(distorted) => self.send(who, transmit.to, &distorted, load),
                None => self.send(who, transmit.to, transmit.payload, load),
            }
        }
        while let Some(event) = node.poll_event() {
            if event != Event::TableChanged && self.keeps_events {
                self.line(format_args!("{}: {event:?}", name(who)));
                self.slot_mut(who).events.push(event);
            }
        }
        self.share_rows_of(who, &mut node);
        let service = self.slot_mut(who).service;
        let wake_at = node.poll_timeout().map(|at| at + service);
        let slot = self.slot_mut(who);
        slot.node = Some(node);
        if slot.wake_at != wake_at {
            slot.wake_at = wake_at;
            if let Some(at) = wake_at {
                self.queue.push(at.max(self.now), Occurrence::Wake(who));
                self.slot_mut(who).wake_at = Some(at.max(self.now));
            }
        }
    }

    pub(super) fn send(&mut self, from: Index, to: Index, bytes: &[u8], load: Load) {
        self.record.sent(self.now, (from, to), bytes);
        if let Some(kind) = self.blocks(from, to) {
            self.record.note(kind);
            self.line(format_args!("{} -| {} {kind}", name(from), name(to)));
            return;
        }
        let is_far = || self.slots[from as usize].zone != self.slots[to as usize].zone;
        let link = self.far_link.filter(|_| is_far()).unwrap_or(self.link);
        self.overhear(&link, from, bytes);
        let Self { chance, slots, .. } = self;
        let fate = link.draw(chance, &mut slots[from as usize].is_bursting);
        self.record.note_fate(link.delays, fate);
        for delay in fate.delays() {
            let bytes = self.spoil(&link, bytes);
            let Some(at) = self.served_at(to, self.now + delay) else { continue };
            let arrival = Arrival { from, to, bytes, load };
            self.queue.push(at, Occurrence::Arrive(arrival));
        }
        if fate.copies != 1 {
            let fate = if fate.copies == 0 { "lost" } else { "twice" };
            self.line(format_args!("{} -~ {} {fate}", name(from), name(to)));
        }
    }

    /// What stands between two nodes, if anything does.
    fn blocks(&self, from: Index, to: Index) -> Option<&'static str> {
        let is_cut = self.far_side.contains(&from) != self.far_side.contains(&to);
        if is_cut || self.broken.contains(&(from.min(to), from.max(to))) {
            return Some("cut");
        }
        let now = self.now.since_origin();
        self.barriers.iter().find(|it| it.blocks(from, to, now)).map(Barrier::kind)
    }

    /// What arrives of a datagram.
    fn spoil(&mut self, link: &Link, bytes: &[u8]) -> Box<[u8]> {
        let mut bytes: Box<[u8]> = bytes.into();
        if bytes.len() > link.len_max {
            self.record.note("small mtu");
            bytes = bytes[..link.len_max].into();
        }
        if self.chance.happens(link.corrupt) {
            self.record.note("corruption");
            for _ in 0..=self.chance.below(8) {
                let bit = self.chance.below(8 * bytes.len() as u64);
                let place = usize::try_from(bit / 8).expect("a place in a datagram");
                bytes[place] ^= 1 << (bit % 8);
            }
        }
        bytes
    }
}
