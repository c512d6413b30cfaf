//! Two nodes, driven by hand.

extern crate std;

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;
use std::string::String;

use rumormill_crdt::{Bytes, Key, ReplicaId, Retention, Row, RowId, Version};

use crate::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, Node, Stats, message,
    message::Message,
    random::Random,
    strangers::{UNIX, unsealed},
};

pub(super) const ANN: usize = 0;
pub(super) const BOB: usize = 1;

/// How long a datagram is on its way.
const LEG: Duration = Duration::from_millis(1);

/// How long the two have known each other before anything happens.
const WARM_UP: Duration = Duration::from_secs(5);

/// Two nodes that know each other, and the network between them.
pub(super) struct Pair {
    pub(super) nodes: [Node<u32>; 2],
    pub(super) now: Duration,
    /// Of a hundred datagrams, so many get lost.
    pub(super) loss_pct: usize,
    /// Whether datagrams with rumors get lost.
    pub(super) without_rumors: bool,
    /// How many pages were asked for.
    pub(super) pages: usize,
    /// Datagrams on their way, and where to.
    on_the_way: Vec<(usize, Vec<u8>)>,
    random: Random,
}

pub(super) const fn config() -> Config {
    let mut config = Config::DEFAULT;
    config.retention = Retention::FOREVER;
    config
}

impl Pair {
    /// Both hold these rows.
    pub(super) fn new(rows: &[Arc<Row<Key, Bytes>>]) -> Self {
        let mut new = Self::with_clocks(&config(), [UNIX; 2], rows);
        new.run(WARM_UP);
        new.pages = 0;
        new
    }

    /// Their wall clocks read this when they start.
    pub(super) fn with_clocks(
        config: &Config,
        unix: [Duration; 2],
        rows: &[Arc<Row<Key, Bytes>>],
    ) -> Self {
        let start = Instant::default();
        let node = |who: usize| {
            let address = address(who);
            let identity =
                Identity { replica: ReplicaId(address.into()), name: String::new(), address };
            Node::new(start, unix[who], identity, config.clone(), address.into())
        };
        let mut nodes = [node(ANN), node(BOB)];
        nodes.iter_mut().for_each(|node| node.restore(start, rows.iter().cloned()));
        nodes[BOB].join(start, address(ANN));
        Self {
            nodes,
            now: Duration::ZERO,
            loss_pct: 0,
            without_rumors: false,
            pages: 0,
            on_the_way: Vec::new(),
            random: Random::new(7),
        }
    }

    /// Gives rows to one side alone, as if it had heard of them long ago.
    pub(super) fn give(&mut self, who: usize, rows: impl IntoIterator<Item = (RowId, Version)>) {
        let rows = rows.into_iter().map(|(id, version)| super::rows::row_at(id, version));
        self.nodes[who].restore(Instant::new(self.now), rows);
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, span: Duration) {
        self.run_until(span, |_| false);
    }

    /// Lets time pass until the tables are equal, and says how long it took.
    pub(super) fn repair_within(&mut self, span: Duration) -> Option<Duration> {
        let begun = self.now;
        self.run_until(span, Self::is_equal).then(|| self.now - begun)
    }

    /// Lets time pass until something holds; says whether it ever did.
    pub(super) fn run_until(&mut self, span: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + span;
        while self.now < end && !holds(self) {
            self.step(end);
        }
        holds(self)
    }

    pub(super) fn is_equal(&self) -> bool {
        let [ann, bob] = &self.nodes;
        ann.table().fingerprint() == bob.table().fingerprint()
    }

    pub(super) fn stats(&self) -> [Stats; 2] {
        self.nodes.each_ref().map(Node::stats)
    }

    /// Bytes of both sides that found out what differs.
    pub(super) fn digest_bytes(&self) -> u64 {
        self.stats().iter().map(|stats| stats.digest_bytes_sent).sum()
    }

    fn step(&mut self, end: Duration) {
        let due = self.nodes.iter().filter_map(Node::poll_timeout).min();
        let due = due.map_or(end, Instant::since_origin).min(end);
        self.now = if self.on_the_way.is_empty() { due.max(self.now) } else { self.now + LEG };
        let now = Instant::new(self.now);
        for (to, bytes) in core::mem::take(&mut self.on_the_way) {
            let from = address(1 - to);
            self.nodes[to].handle_datagram(now, from, &bytes).expect("it is whole");
        }
        for who in [ANN, BOB] {
            if self.nodes[who].poll_timeout().is_some_and(|due| due <= now) {
                self.nodes[who].handle_timeout(now);
            }
            self.send(who);
        }
    }

    fn send(&mut self, who: usize) {
        let mut buf = [0; DATAGRAM_LEN_MIN];
        while let Some(it) = self.nodes[who].poll_transmit(&mut buf) {
            self.pages += usize::from(says(it.payload, |it| {
                matches!(it, Message::NextPage { .. } | Message::Lack(_))
            }));
            let is_lost = self.random.below(100) < self.loss_pct
                || self.without_rumors
                    && says(it.payload, |it| {
                        matches!(it, Message::Rumor { .. } | Message::Announce { .. })
                    });
            if !is_lost && it.to == address(1 - who) {
                self.on_the_way.push((1 - who, it.payload.to_vec()));
            }
        }
    }
}

/// Says whether a datagram has such a message.
pub(super) fn says(datagram: &[u8], is_such: impl Fn(&Message) -> bool) -> bool {
    messages_of(datagram).iter().any(is_such)
}

pub(super) fn messages_of(datagram: &[u8]) -> Vec<Message> {
    let mut seal = unsealed();
    let payload = seal.open(datagram).expect("it is whole");
    message::decode_all(payload).expect("it is whole").1
}

fn address(who: usize) -> u32 {
    u32::try_from(who).expect("there are two") + 1
}
