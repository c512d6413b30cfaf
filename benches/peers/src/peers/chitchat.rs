//! chitchat, of quickwit-oss/chitchat.

mod wire;

use std::{any::Any, collections::HashSet, net::SocketAddr, time::Duration};

use chitchat::{
    Chitchat as State, ChitchatConfig, ChitchatHandle, ChitchatId, DeletionStatus,
    FailureDetectorConfig, ProtocolVersion, VersionedValue, spawn_chitchat,
};
use tokio::{runtime::Builder, sync::watch, time};

use self::wire::{Kind, Wire};
use crate::{
    keys::{self, KEYS},
    network::{AFTERMATH, MINUTE, millis, spread_figures},
    peer::{Outcome, Peer, one},
    work::Work,
};

pub(crate) struct Chitchat;

const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

/// The longest that anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How long the population comes together before anything is measured.
const WARM_UP: Duration = Duration::from_secs(10);

/// How often the population is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Larger populations take minutes of the processor.
const NODES_MAX: usize = 100;

const TOO_MANY: &str = "takes minutes of the processor: its messages name all nodes";

impl Peer for Chitchat {
    fn name(&self) -> &'static str {
        "chitchat"
    }

    fn version(&self) -> &'static str {
        "0.13.0"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "protocol V1, whose digests are compressed; V0 is its default. Each node writes keys of its own, and removes no others",
            "an update is the last message of a handshake of three, without the two digests before it",
            "messages between its own servers on tokio's paused clock, without delay; whom they talk to is drawn anew in each run, so their figures vary",
            "gossips once a second with three nodes, we do five times",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Update => one(handshake(10, Edit::Key).of(Kind::Ack)),
            Work::OneBehind { writers } => one(handshake(writers, Edit::Key).total()),
            Work::Equal { writers } => one(handshake(writers, Edit::Nothing).total()),
            Work::SetAdd => one(handshake(100, Edit::Element).of(Kind::Ack)),
            Work::Increment => one(handshake(1_000, Edit::Count).of(Kind::Ack)),
            Work::SetRemove => Err("only who set a key can remove it"),
            Work::Spread { nodes, .. } | Work::Newcomer { nodes } if nodes > NODES_MAX => {
                Err(TOO_MANY)
            }
            Work::Lossy { .. } => Err(TOO_MANY),
            Work::Spread { nodes, loss_pct } => Ok(run(spread(nodes, loss_pct))),
            Work::Newcomer { nodes } => run(newcomer(nodes)),
            Work::Find { .. } => Err("would send its digest"),
            Work::MakeDelta { .. } | Work::Apply { .. } | Work::Join { .. } | Work::Load { .. } => {
                Err("does so within a handshake of its servers alone")
            }
            Work::Memory { .. } => Err("held by others"),
        }
    }

    fn hold(&self, keys: usize) -> Result<Box<dyn Any>, &'static str> {
        let (_seeds, seeds) = watch::channel(HashSet::new());
        let mut state = State::with_chitchat_id_and_seeds(config(0, HOUR), seeds, Vec::new());
        fill(&mut state, keys, 10);
        Ok(Box::new(state))
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("it starts").block_on(work)
}

fn address(number: usize) -> SocketAddr {
    let number = u32::try_from(number).expect("some thousands");
    SocketAddr::from((std::net::Ipv4Addr::from(0x0a00_0000 + number), 7_280))
}

fn id(number: usize) -> ChitchatId {
    // Generations are times, and names as long as keys.
    ChitchatId::new(keys::key(number), 1_796_000_000, address(number))
}

fn config(number: usize, gossip_interval: Duration) -> ChitchatConfig {
    ChitchatConfig {
        chitchat_id: id(number),
        cluster_id: String::new(),
        gossip_interval,
        listen_addr: address(number),
        seed_nodes: Vec::new(),
        failure_detector_config: FailureDetectorConfig::default(),
        marked_for_deletion_grace_period: HOUR,
        catchup_callback: None,
        extra_liveness_predicate: None,
        protocol_version: ProtocolVersion::V1,
    }
}

fn versioned(version: u64) -> VersionedValue {
    VersionedValue { value: keys::value_text(0), version, status: DeletionStatus::Set }
}

/// Has a node hold so many keys, as many of each writer as of every other.
fn fill(state: &mut State, keys: usize, writers: usize) {
    for writer in 0..writers {
        let numbers = (writer..keys).step_by(writers);
        let entries = (1..).zip(numbers);
        let entries: Vec<_> =
            entries.map(|(version, number)| (keys::key(number), versioned(version))).collect();
        if *state.self_chitchat_id() == id(writer) {
            let own = state.self_node_state();
            entries.iter().for_each(|(key, value)| own.set(key, &value.value));
        } else {
            let version = entries.len() as u64;
            state.reset_node_state_if_update(&id(writer), entries.into_iter(), version, 0);
        }
    }
}

/// What the first writer does.
#[derive(Clone, Copy)]
enum Edit {
    Nothing,
    Key,
    Element,
    Count,
}

impl Edit {
    fn make(self, state: &mut State) {
        let own = state.self_node_state();
        match self {
            Self::Nothing => {}
            Self::Key => own.set(keys::key(0), keys::value_text(1)),
            Self::Element => own.set(keys::key(KEYS), ""),
            Self::Count => own.set("calls", "1001"),
        }
    }
}

/// Has two nodes that hold the same keys talk to each other, after one of them wrote something.
fn handshake(writers: usize, edit: Edit) -> Wire {
    run(async {
        let wire = Wire::new(0);
        let ahead = spawn(&wire, config(0, HOUR)).await;
        let behind = spawn(&wire, config(writers, HOUR)).await;
        for node in [&ahead, &behind] {
            node.with_chitchat(|state| fill(state, KEYS, writers)).await;
        }
        // Both know each other, and hold the same.
        ahead.gossip(address(writers)).expect("it runs");
        time::sleep(SECOND).await;
        ahead.with_chitchat(|state| edit.make(state)).await;
        wire.forget();
        ahead.gossip(address(writers)).expect("it runs");
        time::sleep(SECOND).await;
        wire
    })
}

async fn spawn(wire: &Wire, config: ChitchatConfig) -> ChitchatHandle {
    spawn_chitchat(config, Vec::new(), wire).await.expect("the wire is there")
}

/// So many nodes that joined by the first, and know each other.
async fn together(wire: &Wire, nodes: usize) -> Vec<ChitchatHandle> {
    let mut handles = Vec::new();
    for number in 0..nodes {
        let seed_nodes = if number == 0 { Vec::new() } else { vec![address(0).to_string()] };
        let config = ChitchatConfig { seed_nodes, ..config(number, SECOND) };
        handles.push(spawn(wire, config).await);
        time::sleep(SECOND / u32::try_from(nodes).expect("some thousands")).await;
    }
    time::sleep(WARM_UP).await;
    handles
}

async fn spread(nodes: usize, loss_pct: u32) -> Vec<f64> {
    let wire = Wire::new(loss_pct);
    let handles = together(&wire, nodes).await;
    wire.forget();
    let update = "7".repeat(64);
    handles[0].with_chitchat(|state| state.self_node_state().set("news", &update)).await;
    let begun = time::Instant::now();
    let (mut latest, mut reached) = (Duration::ZERO, 1);
    while reached < nodes && begun.elapsed() < LIMIT {
        time::sleep(LOOK_EVERY).await;
        let now = count(&handles, has_news).await;
        if now > reached {
            (reached, latest) = (now, begun.elapsed());
        }
    }
    time::sleep(AFTERMATH).await;
    let sent = wire.total() as f64 / nodes as f64;
    spread_figures(reached, nodes, latest, sent)
}

fn has_news(state: &State) -> bool {
    state.node_state(&id(0)).is_some_and(|state| state.get("news").is_some())
}

async fn count(handles: &[ChitchatHandle], holds: impl Fn(&State) -> bool) -> usize {
    let mut count = 0;
    for handle in handles {
        count += usize::from(handle.with_chitchat(|state| holds(state)).await);
    }
    count
}

async fn newcomer(nodes: usize) -> Outcome {
    let wire = Wire::new(0);
    let handles = together(&wire, nodes).await;
    let seed_nodes = vec![address(0).to_string()];
    let newcomer = spawn(&wire, ChitchatConfig { seed_nodes, ..config(nodes, SECOND) }).await;
    let begun = time::Instant::now();
    let (mut all, mut by_all) = (None, None);
    while (all.is_none() || by_all.is_none()) && begun.elapsed() < MINUTE {
        time::sleep(LOOK_EVERY).await;
        let known = newcomer.with_chitchat(|state| state.node_states().len()).await;
        if known > nodes {
            all.get_or_insert(begun.elapsed());
        }
        let knows_it = |state: &State| state.node_state(&id(nodes)).is_some();
        if count(&handles, knows_it).await == nodes {
            by_all.get_or_insert(begun.elapsed());
        }
    }
    let both = all.zip(by_all).ok_or("not within a minute")?;
    Ok(vec![millis(both.0), millis(both.1)])
}
