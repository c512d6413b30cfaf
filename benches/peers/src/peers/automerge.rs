//! automerge, of automerge/automerge.

use std::any::Any;

use automerge::{
    ActorId, AutoCommit, ROOT, ReadDoc, ScalarValue,
    sync::{State, SyncDoc},
    transaction::Transactable,
};

use crate::{
    keys::{self, KEYS},
    peer::{Outcome, Peer, one},
    timing::nanos_per,
    work::Work,
};

pub(crate) struct Automerge;

const WRITERS: usize = 10;

/// Each takes a millisecond or two.
const DELTAS: usize = 100;

impl Peer for Automerge {
    fn name(&self) -> &'static str {
        "automerge"
    }

    fn version(&self) -> &'static str {
        "0.12.0"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "a change carries the hashes of 32 bytes of those before it; it keeps the history that undo and offline edits need",
            "its sync is between two peers that have synced before, over a stream in order that the program brings, and keeps state for each peer",
            "writers wrote one after the other, each having seen all before; a set is a map of elements",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Update => one(change(&mut document(KEYS, WRITERS), |d| put(d, 0, 1))),
            Work::OneBehind { writers } => one(sync(writers, |document| put(document, 0, 1))),
            Work::Equal { writers } => one(sync(writers, |_| {})),
            Work::SetAdd => one(change(&mut document(KEYS, 100), |document| {
                document.put(ROOT, keys::key(KEYS), true).expect("a map takes any key");
            })),
            Work::SetRemove => one(change(&mut document(KEYS, 100), |document| {
                document.delete(ROOT, keys::key(1)).expect("it is there");
            })),
            Work::Increment => one(increment()),
            Work::MakeDelta { keys } => Ok(vec![make_delta(keys)]),
            Work::Apply { keys } => Ok(vec![apply(keys)]),
            Work::Load { keys } => Ok(vec![load(keys)]),
            Work::Join { .. } => Err("takes in changes and saved documents, and no other state"),
            Work::Find { .. } => Err("would send a Bloom filter of changes"),
            Work::Memory { .. } => Err("held by others"),
            Work::Spread { .. } | Work::Newcomer { .. } | Work::Lossy { .. } => {
                Err("documents alone, no network")
            }
        }
    }

    fn hold(&self, keys: usize) -> Result<Box<dyn Any>, &'static str> {
        let saved = document(keys, WRITERS).save();
        Ok(Box::new(AutoCommit::load(&saved).expect("it was saved")))
    }
}

fn actor(number: usize) -> ActorId {
    // As long as random ones.
    ActorId::from(keys::key_bytes(number))
}

/// What so many writers wrote, a change each, seen by the first, who is to write next.
fn document(keys: usize, writers: usize) -> AutoCommit {
    let mut document = AutoCommit::new();
    for writer in (0..writers).rev() {
        document.set_actor(actor(writer));
        for number in (writer..keys).step_by(writers) {
            put(&mut document, number, 0);
        }
        document.commit();
    }
    document
}

fn put(document: &mut AutoCommit, number: usize, edition: usize) {
    let value = ScalarValue::Bytes(keys::value(edition).to_vec());
    document.put(ROOT, keys::key(number), value).expect("a map takes any key");
}

/// The bytes of the change that an edit makes.
fn change(document: &mut AutoCommit, edit: impl FnOnce(&mut AutoCommit)) -> usize {
    edit(document);
    document.commit();
    let change = document.get_last_local_change().expect("something was written");
    change.raw_bytes().len()
}

fn increment() -> usize {
    let mut document = AutoCommit::new();
    document.put(ROOT, "calls", ScalarValue::counter(0)).expect("a map takes any key");
    for writer in (0..1_000).rev() {
        document.set_actor(actor(writer));
        document.increment(ROOT, "calls", 1_000).expect("it is a counter");
        document.commit();
    }
    change(&mut document, |d| d.increment(ROOT, "calls", 1).expect("it is a counter"))
}

/// All messages of two that have synced before, after one of them wrote something.
fn sync(writers: usize, edit: impl FnOnce(&mut AutoCommit)) -> usize {
    let mut ahead = document(KEYS, writers);
    let mut behind = AutoCommit::load(&ahead.save()).expect("it was saved");
    let mut states = [State::new(), State::new()];
    exchange(&mut ahead, &mut behind, &mut states);
    edit(&mut ahead);
    ahead.commit();
    let bytes = exchange(&mut ahead, &mut behind, &mut states);
    assert_eq!(ahead.get_heads(), behind.get_heads(), "they are equal then");
    assert!(behind.get(ROOT, keys::key(0)).is_ok_and(|found| found.is_some()));
    bytes
}

fn exchange(ahead: &mut AutoCommit, behind: &mut AutoCommit, states: &mut [State; 2]) -> usize {
    let mut bytes = 0;
    let [aheads, behinds] = states;
    loop {
        let there = ahead.sync().generate_sync_message(aheads).map(|it| it.encode());
        if let Some(message) = &there {
            bytes += message.len();
            let message = automerge::sync::Message::decode(message).expect("it was encoded");
            behind.sync().receive_sync_message(behinds, message).expect("it is in order");
        }
        let back = behind.sync().generate_sync_message(behinds).map(|it| it.encode());
        if let Some(message) = &back {
            bytes += message.len();
            let message = automerge::sync::Message::decode(message).expect("it was encoded");
            ahead.sync().receive_sync_message(aheads, message).expect("it is in order");
        }
        if there.is_none() && back.is_none() {
            return bytes;
        }
    }
}

fn make_delta(keys: usize) -> f64 {
    let mut document = document(keys, WRITERS);
    let heads = document.get_heads();
    for number in (0..keys).step_by(100) {
        put(&mut document, number, 1);
        document.commit();
    }
    nanos_per(keys / 100, || (), |()| document.save_after(&heads))
}

fn apply(keys: usize) -> f64 {
    let mut ahead = document(keys, WRITERS);
    let saved = ahead.save();
    let said: Vec<_> = (0..DELTAS)
        .map(|number| {
            put(&mut ahead, number.wrapping_mul(7_919) % keys, 1);
            ahead.commit();
            let change = ahead.get_last_local_change().expect("something was written");
            change.raw_bytes().to_vec()
        })
        .collect();
    nanos_per(
        DELTAS,
        || AutoCommit::load(&saved).expect("it was saved"),
        |mut behind| {
            for change in &said {
                behind.load_incremental(change).expect("it was encoded");
            }
            behind
        },
    )
}

fn load(keys: usize) -> f64 {
    let saved = document(keys, WRITERS).save();
    nanos_per(keys, || (), |()| AutoCommit::load(&saved).expect("it was saved"))
}
