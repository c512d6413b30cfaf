//! foca, of caio/foca.

use std::{
    cell::Cell,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddrV4},
    num::NonZeroU32,
    rc::Rc,
    time::Duration,
};

use foca::{
    AccumulatingRuntime, BroadcastHandler, Config, Foca as Machine, Identity, Invalidates, Member,
    OwnedNotification, PostcardCodec, Timer,
};
use rand::{SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use crate::{
    network::{AFTERMATH, MINUTE, Network, millis, spread_figures},
    peer::{Outcome, Peer},
    work::Work,
};

pub(crate) struct Foca;

/// How long the population settles before anything is measured: as long as ours.
const WARM_UP: Duration = Duration::from_secs(20);

/// The longest that an update may take.
const SPREAD_LIMIT: Duration = Duration::from_secs(60);

/// The longest that a newcomer may take.
const JOIN_LIMIT: Duration = Duration::from_secs(1_200);

impl Peer for Foca {
    fn name(&self) -> &'static str {
        "foca"
    }

    fn version(&self) -> &'static str {
        "2.0.0"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "membership and broadcasts, Config::new_lan; it holds no data and repairs nothing that a broadcast missed",
            "in virtual time on a network like ours; messages in its postcard codec, without a frame",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Spread { nodes, loss_pct } => Ok(spread(nodes, loss_pct)),
            Work::Newcomer { nodes } => newcomer(nodes),
            Work::Lossy { nodes, loss_pct } => Ok(lossy(nodes, loss_pct)),
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
            | Work::Memory { .. } => Err("membership and broadcasts, no data"),
        }
    }
}

/// An address, and how often its node came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Id {
    address: SocketAddrV4,
    bump: u64,
}

impl Id {
    fn of(number: usize) -> Self {
        let number = u32::try_from(number).expect("some thousands");
        let address = SocketAddrV4::new(Ipv4Addr::from(0x0a00_0000 + number), 7_946);
        Self { address, bump: 1 }
    }

    fn number(self) -> usize {
        (self.address.ip().to_bits() - 0x0a00_0000) as usize
    }
}

impl Identity for Id {
    type Addr = SocketAddrV4;

    fn renew(&self) -> Option<Self> {
        Some(Self { bump: self.bump + 1, ..*self })
    }

    fn addr(&self) -> SocketAddrV4 {
        self.address
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.bump > adversary.bump
    }
}

/// The one update there is.
struct Update;

impl Invalidates for Update {
    fn invalidates(&self, _: &Self) -> bool {
        true
    }
}

/// Remembers whether the update arrived.
struct Inbox(Rc<Cell<bool>>);

impl BroadcastHandler<Id> for Inbox {
    type Key = Update;
    type Error = Infallible;

    fn receive_item(&mut self, _: &[u8], _: Option<&Id>) -> Result<Option<Update>, Infallible> {
        Ok((!self.0.replace(true)).then_some(Update))
    }
}

struct Node {
    machine: Machine<Id, PostcardCodec, StdRng, Inbox>,
    has_update: Rc<Cell<bool>>,
    members: usize,
}

enum What {
    Start { who: usize },
    Arrive { who: usize, bytes: Box<[u8]> },
    Wake { who: usize, timer: Timer<Id> },
}

struct Population {
    nodes: Vec<Node>,
    network: Network<What>,
    /// How often somebody was taken for dead; all of them run.
    false_deaths: u64,
    /// How many know the node that joined last.
    know_the_last: usize,
}

impl Population {
    /// So many nodes that know each other.
    fn acquainted(count: usize, size: usize, loss_pct: u32, seed: u64) -> Self {
        let network = Network::new(seed, loss_pct);
        let mut new = Self { nodes: Vec::new(), network, false_deaths: 0, know_the_last: 0 };
        for who in 0..count {
            new.nodes.push(node(who, size, seed));
            let delay = new.network.some_time();
            new.network.after(delay, What::Start { who });
        }
        new
    }

    fn call(
        &mut self,
        who: usize,
        call: impl FnOnce(&mut Machine<Id, PostcardCodec, StdRng, Inbox>, &mut AccumulatingRuntime<Id>),
    ) {
        let mut runtime = AccumulatingRuntime::new();
        call(&mut self.nodes[who].machine, &mut runtime);
        while let Some((to, bytes)) = runtime.to_send() {
            let arrive = What::Arrive { who: to.number(), bytes: bytes.as_ref().into() };
            self.network.send(bytes.len(), arrive);
        }
        while let Some((delay, timer)) = runtime.to_schedule() {
            self.network.after(delay, What::Wake { who, timer });
        }
        while let Some(told) = runtime.to_notify() {
            self.note(who, &told);
        }
    }

    fn note(&mut self, who: usize, told: &OwnedNotification<Id>) {
        let last = self.nodes.len() - 1;
        match told {
            OwnedNotification::MemberUp(whom) => {
                self.nodes[who].members += 1;
                self.know_the_last += usize::from(whom.number() == last);
            }
            OwnedNotification::MemberDown(whom) => {
                self.nodes[who].members -= 1;
                self.false_deaths += 1;
                self.know_the_last -= usize::from(whom.number() == last);
            }
            _ => {}
        }
    }

    /// Lets the next thing happen; false if that is not before `end`.
    fn step(&mut self, end: Duration) -> bool {
        let Some(what) = self.network.next_before(end) else { return false };
        match what {
            What::Start { who } => {
                let others = (0..self.nodes.len()).filter(|other| *other != who);
                let others: Vec<_> = others.map(|other| Member::alive(Id::of(other))).collect();
                self.call(who, |machine, runtime| {
                    machine.apply_many(others.into_iter(), false, runtime).expect("members");
                });
            }
            // What does not fit a machine's state is an error, which its manual says to log.
            What::Arrive { who, bytes } => self.call(who, |machine, runtime| {
                let _ = machine.handle_data(&bytes, runtime);
            }),
            What::Wake { who, timer } => self.call(who, |machine, runtime| {
                let _ = machine.handle_timer(timer, runtime);
            }),
        }
        true
    }

    fn run(&mut self, span: Duration) {
        let end = self.network.now() + span;
        while self.step(end) {}
    }

    fn reached(&self) -> usize {
        self.nodes.iter().filter(|node| node.has_update.get()).count()
    }
}

fn node(number: usize, size: usize, seed: u64) -> Node {
    let size = NonZeroU32::new(u32::try_from(size).expect("some thousands")).expect("some");
    let has_update = Rc::new(Cell::new(false));
    let random = StdRng::seed_from_u64(seed << 32 | number as u64);
    let inbox = Inbox(Rc::clone(&has_update));
    let (id, config) = (Id::of(number), Config::new_lan(size));
    let machine = Machine::with_custom_broadcast(id, config, random, PostcardCodec, inbox);
    Node { machine, has_update, members: 0 }
}

fn spread(nodes: usize, loss_pct: u32) -> Vec<f64> {
    let mut population = Population::acquainted(nodes, nodes, loss_pct, 1);
    population.run(WARM_UP);
    let before = population.network.bytes();
    population.call(0, |machine, _| {
        machine.add_broadcast(&[7; 64]).expect("it is short");
    });
    let begun = population.network.now();
    let mut latest = begun;
    let mut reached = population.reached();
    while reached < nodes && population.step(begun + SPREAD_LIMIT) {
        let now = population.reached();
        if now > reached {
            (reached, latest) = (now, population.network.now());
        }
    }
    population.run(AFTERMATH);
    let sent = (population.network.bytes() - before) as f64 / nodes as f64;
    spread_figures(reached, nodes, latest - begun, sent)
}

/// The median of several seeds, or one where there are many nodes.
fn newcomer(nodes: usize) -> Outcome {
    let seeds = if nodes > 100 { 1 } else { 5 };
    let runs: Vec<_> = (1..=seeds).map(|seed| newcomer_with(nodes, seed)).collect();
    let median = |measure: fn(&(Duration, Duration)) -> Duration| {
        let mut spans: Vec<_> = runs.iter().flatten().map(measure).collect();
        spans.sort();
        spans.get(runs.len() / 2).copied().map(millis)
    };
    let both = median(|it| it.0).zip(median(|it| it.1));
    both.map(|(all, by_all)| vec![all, by_all]).ok_or("not within twenty minutes")
}

/// When the newcomer knew all, and when it was known by all, if both ever were.
fn newcomer_with(nodes: usize, seed: u64) -> Option<(Duration, Duration)> {
    let mut population = Population::acquainted(nodes, nodes + 1, 0, seed);
    population.run(WARM_UP);
    population.nodes.push(node(nodes, nodes + 1, seed));
    population.know_the_last = 0;
    population.call(nodes, |machine, runtime| {
        machine.announce(Id::of(0), runtime).expect("it can be sent");
    });
    let begun = population.network.now();
    let (mut all, mut by_all) = (None, None);
    while (all.is_none() || by_all.is_none()) && population.step(begun + JOIN_LIMIT) {
        let now = population.network.now() - begun;
        if population.nodes[nodes].members == nodes {
            all.get_or_insert(now);
        }
        if population.know_the_last == nodes {
            by_all.get_or_insert(now);
        }
    }
    all.zip(by_all)
}

fn lossy(nodes: usize, loss_pct: u32) -> Vec<f64> {
    let mut population = Population::acquainted(nodes, nodes, loss_pct, 1);
    population.run(Duration::from_secs(15));
    let before = population.network.bytes();
    population.run(MINUTE);
    let sent = (population.network.bytes() - before) as f64;
    vec![population.false_deaths as f64, sent / nodes as f64 / MINUTE.as_secs_f64()]
}
