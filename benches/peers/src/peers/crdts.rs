//! crdts, of rust-crdt/rust-crdt.

use std::{any::Any, collections::BTreeMap};

use crdts::{CmRDT, CvRDT, LWWReg, Orswot, PNCounter};

use crate::{
    keys::{self, KEYS},
    peer::{Outcome, Peer, one},
    timing::nanos_per,
    work::Work,
};

pub(crate) struct Crdts;

type Key = [u8; 16];
/// When, and by whom: unique, as the library asks for.
type Marker = (u64, u64);
type Register = LWWReg<[u8; 8], Marker>;
type Store = BTreeMap<Key, Register>;
type Set = Orswot<Key, u64>;

const WRITERS: usize = 10;

/// Microseconds of a day in 2026, since 1970.
const NOW: u64 = 1_796_000_000_000_000;

impl Peer for Crdts {
    fn name(&self) -> &'static str {
        "crdts"
    }

    fn version(&self) -> &'static str {
        "7.3.2"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "the keys are a BTreeMap of its LWWReg, which nothing joins but a loop of ours: no deltas, no digest, no check of what arrives",
            "operations in postcard, without who sent them; they have to arrive once, and in order for sets",
            "its own Map is not measured: each of its updates carries a clock of all writers",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Update => {
                let op: (Key, Register) = (keys::key_bytes(0), register(1, 0));
                one(len(&op))
            }
            Work::SetAdd => {
                let set = set_of(100);
                let context = set.read_ctx().derive_add_ctx(keys::spread(0));
                one(len(&set.add(keys::key_bytes(KEYS), context)))
            }
            Work::SetRemove => {
                let set = set_of(100);
                let element = keys::key_bytes(0);
                let context = set.contains(&element).derive_rm_ctx();
                one(len(&set.rm(element, context)))
            }
            Work::Increment => one(len(&counter_of(1_000).inc(keys::spread(0)))),
            Work::Apply { keys } => Ok(vec![apply(keys)]),
            Work::Join { keys } => Ok(vec![join(keys)]),
            Work::Load { keys } => Ok(vec![load(keys)]),
            Work::OneBehind { .. } | Work::Equal { .. } | Work::Find { .. } => {
                Err("does not find out what a peer lacks")
            }
            Work::MakeDelta { .. } => Err("makes no deltas"),
            Work::Memory { .. } => Err("held by others"),
            Work::Spread { .. } | Work::Newcomer { .. } | Work::Lossy { .. } => {
                Err("data types alone, no network")
            }
        }
    }

    fn hold(&self, keys: usize) -> Result<Box<dyn Any>, &'static str> {
        Ok(Box::new(store(keys)))
    }
}

fn len(op: &impl serde::Serialize) -> usize {
    postcard::to_allocvec(op).expect("it can be encoded").len()
}

fn register(edition: usize, number: usize) -> Register {
    let writer = keys::spread(number % WRITERS);
    LWWReg { val: keys::value(edition), marker: (NOW + edition as u64, writer) }
}

fn store(keys: usize) -> Store {
    (0..keys).map(|number| (keys::key_bytes(number), register(0, number))).collect()
}

fn set_of(writers: usize) -> Set {
    let mut set = Set::new();
    for number in 0..KEYS {
        let writer = keys::spread(number % writers);
        let context = set.read_ctx().derive_add_ctx(writer);
        set.apply(set.add(keys::key_bytes(number), context));
    }
    set
}

fn counter_of(writers: usize) -> PNCounter<u64> {
    let mut counter = PNCounter::new();
    for number in 0..writers {
        counter.apply(counter.inc_many(keys::spread(number), 1_000));
    }
    counter
}

fn apply(keys: usize) -> f64 {
    let held = store(keys);
    let said: Vec<_> = (0..keys)
        .map(|number| number.wrapping_mul(7_919) % keys)
        .map(|number| (keys::key_bytes(number), register(1, number)))
        .map(|op| postcard::to_allocvec(&op).expect("it can be encoded"))
        .collect();
    nanos_per(
        keys,
        || held.clone(),
        |mut held| {
            for bytes in &said {
                let (key, register): (Key, Register) =
                    postcard::from_bytes(bytes).expect("encoded");
                take_in(&mut held, key, register);
            }
            held
        },
    )
}

fn take_in(held: &mut Store, key: Key, register: Register) {
    match held.get_mut(&key) {
        Some(known) => known.merge(register),
        None => drop(held.insert(key, register)),
    }
}

fn join(keys: usize) -> f64 {
    let held = store(keys);
    let mut theirs = held.clone();
    for number in (0..keys).step_by(100) {
        theirs.insert(keys::key_bytes(number), register(1, number));
    }
    nanos_per(
        keys,
        || (held.clone(), theirs.clone()),
        |(mut held, theirs)| {
            theirs.into_iter().for_each(|(key, register)| take_in(&mut held, key, register));
            held
        },
    )
}

fn load(keys: usize) -> f64 {
    let bytes = postcard::to_allocvec(&store(keys)).expect("it can be encoded");
    nanos_per(keys, || (), |()| postcard::from_bytes::<Store>(&bytes).expect("it was encoded"))
}
