//! A node among members who answer it and say nothing else, but for one who tells of what it wrote.

use std::{net::SocketAddr, time::Duration};

use rumormill_core::{Config, DATAGRAM_LEN_MIN, Instant, Node, forging::Forger};
use rumormill_crdt::{Bytes, Key, Space, Writer};

use crate::population::{Population, UNIX, address};

/// So many probe periods go by before anything is measured: whom one has just met is news.
const SETTLING: u32 = 20;

/// Who writes.
const WRITER: u64 = 1;

/// The node, the members, and what time it is.
#[derive(Debug)]
pub struct Quiet {
    population: Population,
    node: Node<SocketAddr>,
    writer: Forger,
    now: Instant,
    written: u64,
}

impl Quiet {
    /// So many members, and a node that has known them for a while.
    #[must_use]
    pub fn new(members: u64) -> Self {
        let population = Population::new(members);
        let writer = Forger::new(population.life(WRITER), &Config::DEFAULT, WRITER);
        let (node, now) = (population.node(), Instant::default());
        let mut quiet = Self { population, node, writer, now, written: 0 };
        for _ in 0..SETTLING {
            quiet.probe_round();
            let rumor = quiet.next_rumor();
            quiet.handle_rumor(&rumor);
            quiet.transmit();
        }
        quiet
    }

    /// Everything that is due in a probe period: whom it pings answers at once.
    pub fn probe_round(&mut self) {
        self.pass(Config::DEFAULT.probe_every);
    }

    /// Everything that is due in a rumor period.
    pub fn rumor_period(&mut self) {
        self.pass(Config::DEFAULT.rumor_every);
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.node.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.node.handle_timeout(self.now);
            self.answer_pings();
        }
        self.now = end;
    }

    fn answer_pings(&mut self) {
        let mut buf = [0; DATAGRAM_LEN_MIN];
        while let Some(transmit) = self.node.poll_transmit(&mut buf) {
            let whom = transmit.to;
            let ack = self.population.answer(whom, transmit.payload);
            if let Some(ack) = ack {
                self.node.handle_datagram(self.now, whom, &ack).expect("it is whole");
            }
        }
        while self.node.poll_event().is_some() {}
    }

    /// A rumor period later, the datagram in which the writer tells of one more cell.
    ///
    /// # Panics
    ///
    /// Never: what it tells is short.
    #[must_use]
    pub fn next_rumor(&mut self) -> Vec<u8> {
        self.rumor_period();
        self.writer.hoard(UNIX, Space::SHARED, 1).expect("a cell fits a datagram")
    }

    /// Hands a rumor to the node.
    ///
    /// # Panics
    ///
    /// If it is not whole.
    pub fn handle_rumor(&mut self, datagram: &[u8]) {
        self.node.handle_datagram(self.now, address(WRITER), datagram).expect("it is whole");
    }

    /// Has the node write, which it will tell of.
    ///
    /// # Panics
    ///
    /// Never: what is written is short.
    pub fn write(&mut self) {
        self.written += 1;
        let value = Bytes::copy_from(&self.written.to_be_bytes());
        let edit = |it: &mut Writer<'_>| it.set(Space::SHARED, Key::raw("news"), value);
        self.node.update(self.now, edit).expect("eight bytes fit a cell");
    }

    /// Has the node tell others at once of what is news; how many datagrams that takes.
    pub fn transmit(&mut self) -> usize {
        self.node.handle_timeout(self.now);
        let mut buf = [0; DATAGRAM_LEN_MIN];
        let count = std::iter::from_fn(|| self.node.poll_transmit(&mut buf).map(drop)).count();
        while self.node.poll_event().is_some() {}
        count
    }
}

#[cfg(test)]
mod tests {
    use rumormill_core::Liveness;

    use super::*;

    #[test]
    fn rumors_are_taken_in_and_passed_on() {
        let mut quiet = Quiet::new(100);
        let rumor = quiet.next_rumor();
        let before = quiet.node.table().fingerprint();
        quiet.handle_rumor(&rumor);
        assert_ne!(quiet.node.table().fingerprint(), before);
        assert!(quiet.transmit() > 0);
    }

    #[test]
    fn everybody_answers() {
        let mut quiet = Quiet::new(100);
        let before = quiet.node.stats().datagrams_received;
        (0..50).for_each(|_| quiet.probe_round());
        assert!(quiet.node.stats().datagrams_received >= before + 50);
        assert!(quiet.node.members().all(|member| member.liveness == Liveness::Alive));
    }
}
