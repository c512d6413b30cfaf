//! Two nodes, and a network that does what the bytes say.

use std::{collections::VecDeque, time::Duration};

use rumormill_core::{Config, DATAGRAM_LEN_MIN, Instant, Node};

use crate::nodes::{node, read, write};

/// So many steps are enough for anything that two nodes do.
const STEPS_MAX: usize = 120;

/// After so long without harm both hold the same.
const HEALED_AFTER: Duration = Duration::from_secs(60);

/// What is under way, at most: a network does not hold more.
const UNDER_WAY_MAX: usize = 64;

struct World {
    nodes: [Node<u8>; 2],
    /// Who sent it, and what.
    under_way: VecDeque<(usize, Vec<u8>)>,
    now: Instant,
}

/// Each byte is a step: time passes, somebody writes, a datagram arrives, is lost, arrives twice, late, or with a
/// bit flipped. Whatever happened, both hold the same in the end.
pub(super) fn run(bytes: &[u8]) {
    let mut world = World::new();
    for step in bytes.iter().take(STEPS_MAX) {
        world.step(*step);
    }
    world.heal();
    let [ann, bob] = &world.nodes;
    assert_eq!(ann.table(), bob.table(), "both hold the same in the end");
    assert_eq!(read(ann), read(bob));
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let usual: Vec<u8> = [0, 8, 16, 1, 2, 2, 2, 2, 0, 2, 2].repeat(6);
    let lossy: Vec<u8> = [0, 8, 3, 2, 4, 3, 16, 5, 2, 0].repeat(6);
    let damaged: Vec<u8> = [8, 0, 6, 2, 14, 2, 22, 2, 16, 7].repeat(6);
    vec![usual, lossy, damaged]
}

impl World {
    fn new() -> Self {
        let mut nodes = [1, 2].map(|address| node(address, Config::DEFAULT));
        nodes[1].join(Instant::default(), 1);
        Self { nodes, under_way: VecDeque::new(), now: Instant::default() }
    }

    /// The low three bits say what, the others how much.
    fn step(&mut self, step: u8) {
        let (what, much) = (step % 8, u64::from(step / 8));
        match what {
            0 => self.pass(Duration::from_millis(1 + much * much * 10)),
            1 => self.write(usize::from(much % 2 == 1), much),
            2 => self.arrive(0),
            3 => drop(self.under_way.pop_front()),
            4 => {
                self.under_way
                    .front()
                    .cloned()
                    .into_iter()
                    .for_each(|it| self.under_way.push_back(it));
                self.arrive(0);
            }
            5 => self.under_way.rotate_left(usize::from(!self.under_way.is_empty())),
            6 => self.arrive(1 + much),
            _ => self.pass(Duration::from_secs(much)),
        }
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        for who in 0..2 {
            // A node that was stopped is woken once.
            if self.nodes[who].poll_timeout().is_some_and(|due| due <= end) {
                self.nodes[who].handle_timeout(end);
            }
            self.collect(who);
        }
        self.now = end;
    }

    fn write(&mut self, who: usize, step: u64) {
        write(&mut self.nodes[who], step);
        self.collect(who);
    }

    /// Lets a datagram arrive, with a bit flipped unless `flipped` is 0.
    fn arrive(&mut self, flipped: u64) {
        let Some((from, mut bytes)) = self.under_way.pop_front() else { return };
        if let Some(bit) = flipped.checked_sub(1) {
            let bit = usize::try_from(bit * 97).unwrap_or(0) % (8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        let address = self.nodes[from].identity().address;
        let taken = self.nodes[1 - from].handle_datagram(self.now, address, &bytes);
        assert!(flipped == 0 || taken.is_err(), "what is damaged is not taken in");
        self.collect(1 - from);
    }

    fn collect(&mut self, who: usize) {
        let mut buf = [0; DATAGRAM_LEN_MIN];
        while let Some(transmit) = self.nodes[who].poll_transmit(&mut buf) {
            if self.under_way.len() < UNDER_WAY_MAX {
                self.under_way.push_back((who, transmit.payload.to_vec()));
            }
        }
        while self.nodes[who].poll_event().is_some() {}
    }

    fn heal(&mut self) {
        let end = self.now + HEALED_AFTER;
        while self.now < end && self.nodes[0].table() != self.nodes[1].table()
            || !self.under_way.is_empty()
        {
            let due = self.nodes.iter().filter_map(Node::poll_timeout).min();
            if self.under_way.is_empty() {
                let due = due.unwrap_or(end).min(end);
                self.pass(due.since(self.now).max(Duration::from_millis(1)));
            }
            self.arrive(0);
            if self.now >= end {
                break;
            }
        }
    }
}
