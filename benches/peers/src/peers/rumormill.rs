//! rumormill, of this repository.

use std::{any::Any, time::Duration};

use rumormill_core::{
    Mode,
    crdt::{
        Bytes, Column, Key, Life, Limits, OrSet, PnCounter, Replica, ReplicaId, RowDelta, RowId,
        Space, VersionVector, WriteError, Writer, codec,
    },
};
use rumormill_sim::{Behind, Join, Loss, Reconcile, Spread, Telling};

use crate::{
    keys::{self, KEYS},
    network::spread_figures,
    peer::{Outcome, Peer, one},
    timing::nanos_per,
    work::Work,
};

pub(crate) struct Rumormill;

const SET: Column<OrSet<[u8; 16]>> = Column::new(Space::SHARED, "calls");
const COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "calls");

const NOON: Duration = Duration::from_secs(43_200);
const LATER: Duration = Duration::from_secs(46_800);
const WRITERS: usize = 10;

impl Peer for Rumormill {
    fn name(&self) -> &'static str {
        "rumormill"
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "nobody signs or seals; an update is what tells of it whoever holds the row as it was, and knows its owner",
            "messages that bring a peer up to date are those of two real nodes, senders included, frames not",
            "a column's name travels with each cell",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Update => one(update()),
            Work::OneBehind { writers } => {
                one(Behind { writers, keys: KEYS, changes: 1 }.run(1).bytes())
            }
            Work::Equal { .. } => one(find(KEYS, 0)),
            Work::SetAdd => one(set_add()),
            Work::SetRemove => one(set_remove()),
            Work::Increment => one(increment()),
            Work::Find { keys } => one(find(keys, 100)),
            Work::MakeDelta { keys } => Ok(vec![make_delta(keys)]),
            Work::Apply { keys } => Ok(vec![apply(keys)]),
            Work::Join { keys } => Ok(vec![join(keys)]),
            Work::Load { keys } => Ok(vec![load(keys)]),
            Work::Memory { .. } => Err("held by others"),
            Work::Spread { nodes, loss_pct } => Ok(spread(nodes, loss_pct)),
            Work::Newcomer { nodes } => newcomer(nodes),
            Work::Lossy { nodes, loss_pct } => Ok(lossy(nodes, loss_pct)),
        }
    }

    fn hold(&self, keys: usize) -> Result<Box<dyn Any>, &'static str> {
        Ok(Box::new(Store::of(keys).holder))
    }
}

/// Ten writers, and one who holds what they wrote.
#[derive(Clone)]
struct Store {
    writers: Vec<Replica>,
    holder: Replica,
    keys: usize,
}

impl Store {
    fn of(keys: usize) -> Self {
        let mut writers: Vec<_> = (0..WRITERS).map(replica).collect();
        for number in 0..keys {
            set(&mut writers[number % WRITERS], NOON, number, 0);
        }
        let mut holder = replica(WRITERS);
        writers.iter().for_each(|writer| drop(holder.join(writer)));
        Self { writers, holder, keys }
    }

    /// Has each hundredth key overwritten, at the writers; the holder does not hear of it.
    fn overwrite_1_pct(&mut self) {
        for number in (0..self.keys).step_by(100) {
            // One key after the other of each writer in turn.
            let number = number + number / 100 % WRITERS;
            set(&mut self.writers[number % WRITERS], LATER, number, 1);
        }
    }
}

fn replica(number: usize) -> Replica {
    Replica::new(Life { replica: ReplicaId(keys::spread(number)), epoch: 1 }, Limits::DEFAULT)
}

fn set(writer: &mut Replica, unix: Duration, number: usize, edition: usize) {
    let value = Bytes::copy_from(&keys::value(edition));
    let key = Key::raw(&keys::key(number));
    edit(writer, unix, |w| w.set(Space::SHARED, key, value));
}

fn edit<R>(
    writer: &mut Replica,
    unix: Duration,
    edit: impl FnOnce(&mut Writer<'_>) -> Result<R, WriteError>,
) {
    writer.edit(unix, edit).expect("all is short and few");
}

/// The bytes that tell of what a writer edits an hour later.
fn told<R>(
    writer: &mut Replica,
    later: impl FnOnce(&mut Writer<'_>) -> Result<R, WriteError>,
) -> usize {
    let row = RowId { space: Space::SHARED, life: writer.table().life() };
    let before = writer.table().version(row);
    writer.mark_told(row);
    edit(writer, LATER, later);
    let row = writer.table().row(row).expect("it was written");
    Telling::of(row, before).expect("something was written").division.total()
}

fn update() -> usize {
    let mut store = Store::of(KEYS);
    let (key, value) = (Key::raw(&keys::key(0)), Bytes::copy_from(&keys::value(1)));
    told(&mut store.writers[0], |w| w.set(Space::SHARED, key, value))
}

/// A writer of keys, who has added to a set, and holds what 99 others added.
fn of_a_hundred() -> Replica {
    let mut writer = replica(0);
    (0..KEYS).for_each(|number| set(&mut writer, NOON, number, 0));
    edit(&mut writer, NOON, |w| SET.insert(w, &keys::key_bytes(99)));
    for number in 0..99 {
        let mut other = replica(1 + number);
        edit(&mut other, NOON, |w| SET.insert(w, &keys::key_bytes(number)));
        writer.join(&other);
    }
    writer
}

fn set_add() -> usize {
    let mut writer = of_a_hundred();
    told(&mut writer, |w| SET.insert(w, &keys::key_bytes(KEYS)))
}

fn set_remove() -> usize {
    let mut writer = of_a_hundred();
    told(&mut writer, |w| SET.remove(w, &keys::key_bytes(0)))
}

fn increment() -> usize {
    let mut writer = replica(0);
    (0..KEYS).for_each(|number| set(&mut writer, NOON, number, 0));
    edit(&mut writer, NOON, |w| COUNTER.add(w, 1_000));
    for number in 1..1_000 {
        let mut other = replica(number);
        edit(&mut other, NOON, |w| COUNTER.add(w, 1_000));
        writer.join(&other);
    }
    told(&mut writer, |w| COUNTER.add(w, 1))
}

/// Bytes of all messages of two nodes with so many rows, so many of which differ; the median of several.
fn find(rows: usize, differ: usize) -> u32 {
    let runs = 9;
    let reconcile =
        Reconcile { rows, differ, unknown_pct: 0, big_gap_pct: 0, loss: 0.0, runs, cold: false };
    let report = reconcile.run(1, || Duration::ZERO, |_| {});
    let mut bytes: Vec<u64> =
        report.repairs.iter().map(|it| it.digest_bytes.iter().sum()).collect();
    bytes.sort_unstable();
    u32::try_from(bytes[runs / 2]).expect("some kilobytes")
}

fn make_delta(keys: usize) -> f64 {
    let mut store = Store::of(keys);
    let before = store.holder.table().version_vector();
    store.overwrite_1_pct();
    store.writers.iter().for_each(|writer| drop(store.holder.join(writer)));
    nanos_per(keys / 100, || (), |()| encoded(&store.holder, &before))
}

fn encoded(replica: &Replica, since: &VersionVector) -> Vec<Vec<u8>> {
    let deltas = replica.delta_since(since);
    deltas.map(|delta| codec::encode_to_vec(&delta).expect("it has a length")).collect()
}

fn apply(keys: usize) -> f64 {
    let mut store = Store::of(keys);
    let holder = store.holder.clone();
    let mut said = Vec::new();
    for number in 0..keys {
        let number = number.wrapping_mul(7_919) % keys;
        let writer = &mut store.writers[number % WRITERS];
        let (key, value) = (Key::raw(&keys::key(number)), Bytes::copy_from(&keys::value(1)));
        let before = writer.table().version_vector();
        edit(writer, LATER, |w| w.set(Space::SHARED, key, value));
        said.extend(encoded(writer, &before));
    }
    nanos_per(
        keys,
        || holder.clone(),
        |mut holder| {
            said.iter().for_each(|bytes| take_in(&mut holder, bytes));
            holder
        },
    )
}

fn take_in(holder: &mut Replica, bytes: &[u8]) {
    let delta = RowDelta::decode(bytes).expect("it was encoded");
    holder.admit(LATER, Duration::from_secs(10), &delta).expect("it continues what is held");
}

fn join(keys: usize) -> f64 {
    let mut store = Store::of(keys);
    let holder = store.holder.clone();
    store.overwrite_1_pct();
    store.writers.iter().for_each(|writer| drop(store.holder.join(writer)));
    let theirs = store.holder;
    nanos_per(
        keys,
        || holder.clone(),
        |mut holder| {
            holder.join(&theirs);
            holder
        },
    )
}

fn load(keys: usize) -> f64 {
    let said = encoded(&Store::of(keys).holder, &VersionVector::default());
    nanos_per(
        keys,
        || replica(WRITERS),
        |mut holder| {
            said.iter().for_each(|bytes| take_in(&mut holder, bytes));
            holder
        },
    )
}

fn spread(nodes: usize, loss_pct: u32) -> Vec<f64> {
    let report = Spread {
        nodes,
        fanout: 3,
        loss: f64::from(loss_pct) / 100.0,
        mode: Mode::PushThenPull,
        interval: Duration::from_millis(200),
        update_bytes: 64,
    }
    .run(1);
    let latest = *report.times.last().expect("the writer has it");
    spread_figures(report.reached, nodes, latest, report.bytes_per_node)
}

fn newcomer(nodes: usize) -> Outcome {
    let report = Join { nodes: nodes + 1, loss: 0.0 }.run(1);
    let millis = |it: Option<Duration>| it.map(|it| it.as_secs_f64() * 1_000.0);
    let known = millis(report.joiner_knows_all).zip(millis(report.all_know_joiner));
    known.map(|(all, by_all)| vec![all, by_all]).ok_or("not within a minute")
}

fn lossy(nodes: usize, loss_pct: u32) -> Vec<f64> {
    let loss = f64::from(loss_pct) / 100.0;
    let report = Loss { nodes, loss, span: Duration::from_secs(60) }.run(1);
    vec![report.false_deaths as f64, report.bytes_per_s_per_node]
}
