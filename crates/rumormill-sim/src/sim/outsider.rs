//! Somebody on the network who is no node: records datagrams, and sends them again.

use super::{
    Index, Sim,
    meter::Load,
    queue::{Arrival, Occurrence},
};
use crate::link::Link;

/// The most datagrams that are remembered.
const RECORDED_MAX: usize = 512;

/// Of so many datagrams one is remembered, so that those that are go back a while.
const RECORD_EVERY: u64 = 16;

/// The longest junk.
const JUNK_LEN_MAX: u64 = 1_200;

/// Somebody on the network who is no node: records datagrams, and sends them again, to anybody,
/// from where they came; or sends junk.
#[derive(Debug, Default)]
pub(super) struct Outsider {
    heard: u64,
    recorded: Vec<(Index, Box<[u8]>)>,
}

impl Sim {
    /// Lets the outsider hear a datagram, and send something if it is there.
    pub(super) fn overhear(&mut self, link: &Link, from: Index, bytes: &[u8]) {
        if link.replay <= 0.0 && link.junk <= 0.0 {
            return;
        }
        if self.chance.happens(link.replay) {
            let place = self.draw(self.outsider.recorded.len() as u64);
            if let Some((from, bytes)) = self.outsider.recorded.get(place).cloned() {
                self.record.note("replay");
                self.forge(link, from, bytes);
            }
        }
        if self.chance.happens(link.junk) {
            let len = self.chance.below(JUNK_LEN_MAX);
            let bytes = (0..len).map(|_| self.chance.draw().to_be_bytes()[0]).collect();
            self.record.note("junk");
            self.forge(link, from, bytes);
        }
        self.outsider.listen(from, bytes);
    }

    /// Sends bytes to a random node, as if somebody else had sent them.
    fn forge(&mut self, link: &Link, from: Index, bytes: Box<[u8]>) {
        let to = self.draw(self.slots.len() as u64);
        let to = Index::try_from(to).expect("fewer than 2^32 nodes");
        let load = Load { is_digest: false, rows: 0 };
        let at = self.now + link.delay_max;
        self.queue.push(at, Occurrence::Arrive(Arrival { from, to, bytes, load }));
    }

    fn draw(&mut self, end: u64) -> usize {
        usize::try_from(self.chance.below(end)).expect("a place in a list")
    }
}

impl Outsider {
    fn listen(&mut self, from: Index, bytes: &[u8]) {
        self.heard += 1;
        if !self.heard.is_multiple_of(RECORD_EVERY) {
            return;
        }
        if self.recorded.len() < RECORDED_MAX {
            self.recorded.push((from, bytes.into()));
        } else if let Ok(place) = usize::try_from(self.heard / RECORD_EVERY) {
            // Every fourth goes on being remembered for good.
            let place = place % RECORDED_MAX;
            if !place.is_multiple_of(4) {
                self.recorded[place] = (from, bytes.into());
            }
        }
    }
}
