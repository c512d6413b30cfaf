//! What lies between nodes, and between clients and nodes.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::cluster::Cluster;
use crate::maelstrom::Message;

/// The one client; its messages are never lost.
const CLIENT: &str = "c1";

/// Carries messages, with delays, losses and cuts.
pub(super) struct Network {
    cluster: Cluster,
    loss: f64,
    latency_max: Duration,
    /// Messages on their way, by when they arrive, and in which order they were sent.
    on_their_way: BTreeMap<(Instant, u64), (usize, Message)>,
    /// By node, on which side of a cut it is.
    side: Vec<bool>,
    /// How many messages nodes sent each other, and how many of them did not arrive.
    pub(super) carried: u64,
    pub(super) lost: u64,
    state: u64,
}

impl Network {
    pub(super) fn new(cluster: Cluster, loss: f64, latency_max: Duration, seed: u64) -> Self {
        let side = vec![false; cluster.nodes()];
        let (on_their_way, carried, lost) = (BTreeMap::new(), 0, 0);
        Self { cluster, loss, latency_max, on_their_way, side, carried, lost, state: seed }
    }

    /// Tells all nodes who they are, and waits until they have heard.
    pub(super) fn init(&mut self, within: Duration) -> Result<(), String> {
        let ids: Vec<String> = (0..self.cluster.nodes()).map(name).collect();
        let neighbors: BTreeMap<_, _> = ids.iter().map(|id| (id, &ids)).collect();
        let topology = json!({ "type": "topology", "msg_id": 0, "topology": neighbors });
        for (node, id) in ids.iter().enumerate() {
            let init = json!({ "type": "init", "msg_id": 0, "node_id": id, "node_ids": ids });
            self.hand_over(node, init)?;
        }
        let (mut ready, end) = (0, Instant::now() + within);
        while ready < ids.len() && Instant::now() < end {
            self.run_until(Instant::now() + Duration::from_millis(20), |reply| {
                ready += usize::from(reply["type"] == "init_ok");
            })?;
        }
        if ready < ids.len() {
            return Err(format!("{ready} of {} nodes replied to init in time", ids.len()));
        }
        (0..ids.len()).try_for_each(|node| self.hand_over(node, topology.clone()))
    }

    /// Asks a node something.
    pub(super) fn ask(&mut self, node: u32, id: u64, mut body: Value) -> Result<(), String> {
        body["msg_id"] = id.into();
        self.hand_over(node as usize, body)
    }

    /// Cuts the network in two at random.
    pub(super) fn cut(&mut self) {
        for node in 0..self.side.len() {
            self.side[node] = self.draw().is_multiple_of(2);
        }
    }

    pub(super) fn heal(&mut self) {
        self.side.fill(false);
    }

    /// Carries messages for a while. Bodies of replies are handed on.
    pub(super) fn run_until(
        &mut self,
        end: Instant,
        mut take: impl FnMut(&Value),
    ) -> Result<(), String> {
        loop {
            self.deliver_due()?;
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            let next = self.on_their_way.first_key_value().map_or(end, |((at, _), _)| *at);
            let wait = next.min(end).saturating_duration_since(now);
            let Ok(message) = self.cluster.said().recv_timeout(wait) else { continue };
            if message.dest == CLIENT {
                take(&message.body);
            } else {
                self.carry(message);
            }
        }
    }

    pub(super) fn draw_node(&mut self) -> u32 {
        let nodes = self.cluster.nodes() as u64;
        u32::try_from(self.draw() % nodes).unwrap_or(0)
    }

    /// SplitMix64, of Steele, Lea and Flood (OOPSLA 2014), figure 16.
    pub(super) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Puts a message between nodes on its way, unless it gets lost.
    fn carry(&mut self, message: Message) {
        let Some((from, to)) = number(&message.src).zip(number(&message.dest)) else { return };
        self.carried += 1;
        let is_cut = self.side.get(from) != self.side.get(to);
        if is_cut || self.happens(self.loss) {
            self.lost += 1;
            return;
        }
        let micros = u64::try_from(self.latency_max.as_micros()).unwrap_or(u64::MAX);
        let delay = Duration::from_micros(self.draw() % micros.max(1));
        self.on_their_way.insert((Instant::now() + delay, self.carried), (to, message));
    }

    fn deliver_due(&mut self) -> Result<(), String> {
        while let Some(first) = self.on_their_way.first_entry()
            && first.key().0 <= Instant::now()
        {
            let (to, message) = first.remove();
            self.cluster.deliver(to, &message)?;
        }
        Ok(())
    }

    fn hand_over(&mut self, node: usize, body: Value) -> Result<(), String> {
        let message = Message { src: CLIENT.to_owned(), dest: name(node), body };
        self.cluster.deliver(node, &message)
    }

    fn happens(&mut self, share: f64) -> bool {
        crate::figures::to_f64(self.draw() >> 11) < share * crate::figures::to_f64(1 << 53)
    }
}

/// Nodes are counted from 1, as Maelstrom does.
fn name(node: usize) -> String {
    format!("n{}", node + 1)
}

fn number(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse::<usize>().ok()?.checked_sub(1)
}
