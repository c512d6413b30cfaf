//! iroh-gossip, of n0-computer/iroh-gossip: its protocol, without connections.

use std::time::{Duration, Instant};

use iroh_gossip::proto::{Command, Config, Event, InEvent, OutEvent, Scope, State, TopicId};
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    keys,
    network::{AFTERMATH, MINUTE, Network, spread_figures},
    peer::{Outcome, Peer},
    work::Work,
};

pub(crate) struct IrohGossip;

/// As long as keys are.
type Id = [u8; 32];

const TOPIC: [u8; 32] = [7; 32];

/// How long the population comes together before anything is measured.
const WARM_UP: Duration = Duration::from_secs(60);

/// Updates that prune the tree before one is measured.
const UPDATES_BEFORE: u8 = 3;

const SECOND: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(60);

impl Peer for IrohGossip {
    fn name(&self) -> &'static str {
        "iroh-gossip"
    }

    fn version(&self) -> &'static str {
        "0.101.0"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "broadcasts along a tree of connections; it holds no data and repairs nothing for whoever was away",
            "messages in postcard, without what QUIC adds to them; who is alive is QUIC's business, which is not here",
            "every update is of one sender, whose tree is pruned by three updates before: its best case",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Spread { nodes, loss_pct: 0 } => Ok(spread(nodes)),
            Work::Lossy { nodes, loss_pct: 0 } => Ok(quiet(nodes)),
            Work::Spread { .. } | Work::Lossy { .. } => {
                Err("sends over connections that lose nothing")
            }
            Work::Newcomer { .. } => Err("a node knows a few neighbours"),
            Work::Update
            | Work::OneBehind { .. }
            | Work::Equal { .. }
            | Work::SetAdd
            | Work::SetRemove
            | Work::Increment
            | Work::Find { .. }
            | Work::MakeDelta { .. }
            | Work::Apply { .. }
            | Work::Join { .. }
            | Work::Load { .. }
            | Work::Memory { .. } => Err("broadcasts, no data"),
        }
    }
}

struct Population {
    nodes: Vec<State<Id, StdRng>>,
    network: Network<(usize, InEvent<Id>)>,
    origin: Instant,
    has_update: Vec<bool>,
}

impl Population {
    /// So many nodes that joined by the first, and came together.
    fn together(count: usize) -> Self {
        let node = |number| {
            let random = StdRng::seed_from_u64(number as u64);
            State::new(id(number), Default::default(), Config::default(), random)
        };
        let mut new = Self {
            nodes: (0..count).map(node).collect(),
            network: Network::new(1, 0),
            origin: Instant::now(),
            has_update: vec![false; count],
        };
        for who in 0..count {
            let seeds = if who == 0 { Vec::new() } else { vec![id(0)] };
            // Who joins by a node that is not there yet does not try again.
            let delay = if who == 0 { Duration::ZERO } else { SECOND + new.network.some_time() };
            let join = InEvent::Command(TopicId::from(TOPIC), Command::Join(seeds));
            new.network.after(delay, (who, join));
        }
        new.run(WARM_UP);
        new
    }

    /// Lets the next thing happen; false if that is not before `end`.
    fn step(&mut self, end: Duration) -> bool {
        let Some((who, event)) = self.network.next_before(end) else { return false };
        let now = (self.origin + self.network.now()).into();
        let said: Vec<_> = self.nodes[who].handle(event, now, None).collect();
        for event in said {
            self.carry_out(who, event);
        }
        true
    }

    fn carry_out(&mut self, who: usize, event: OutEvent<Id>) {
        match event {
            OutEvent::SendMessage(to, message) => {
                let len = message.size().expect("it can be encoded");
                self.network.send(len, (number(to), InEvent::RecvMessage(id(who), message)));
            }
            OutEvent::ScheduleTimer(delay, timer) => {
                self.network.after(delay, (who, InEvent::TimerExpired(timer)));
            }
            OutEvent::DisconnectPeer(whom) => {
                self.network.send(0, (number(whom), InEvent::PeerDisconnected(id(who))));
            }
            OutEvent::EmitEvent(_, Event::Received(_)) => self.has_update[who] = true,
            OutEvent::EmitEvent(..) | OutEvent::PeerData(..) => {}
        }
    }

    /// Has the first node tell all of something that was not told before.
    fn broadcast(&mut self, number: u8) {
        self.has_update.fill(false);
        self.has_update[0] = true;
        let broadcast = Command::Broadcast(vec![number; 64].into(), Scope::Swarm);
        let event = InEvent::Command(TopicId::from(TOPIC), broadcast);
        self.network.after(Duration::ZERO, (0, event));
    }

    fn run(&mut self, span: Duration) {
        let end = self.network.now() + span;
        while self.step(end) {}
    }
}

/// The number first, so that it can be read off; the rest as random as keys are.
fn id(number: usize) -> Id {
    let mut id = [0; 32];
    for (place, chunk) in id.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&keys::spread(number * 4 + place).to_be_bytes());
    }
    id[..4].copy_from_slice(&u32::try_from(number).expect("some thousands").to_be_bytes());
    id
}

fn number(id: Id) -> usize {
    u32::from_be_bytes(*id.first_chunk().expect("32 bytes")) as usize
}

fn spread(nodes: usize) -> Vec<f64> {
    let mut population = Population::together(nodes);
    for number in 0..UPDATES_BEFORE {
        population.broadcast(number);
        population.run(10 * SECOND);
    }
    let before = population.network.bytes();
    let begun = population.network.now();
    population.broadcast(UPDATES_BEFORE);
    let reached = |it: &Population| it.has_update.iter().filter(|it| **it).count();
    let (mut latest, mut count) = (begun, 1);
    while count < nodes && population.step(begun + LIMIT) {
        let now = reached(&population);
        if now > count {
            (count, latest) = (now, population.network.now());
        }
    }
    population.run(AFTERMATH);
    let sent = (population.network.bytes() - before) as f64 / nodes as f64;
    spread_figures(count, nodes, latest - begun, sent)
}

fn quiet(nodes: usize) -> Vec<f64> {
    let mut population = Population::together(nodes);
    let before = population.network.bytes();
    population.run(MINUTE);
    let sent = (population.network.bytes() - before) as f64;
    // It has no verdicts that could be wrong.
    vec![f64::NAN, sent / nodes as f64 / MINUTE.as_secs_f64()]
}
