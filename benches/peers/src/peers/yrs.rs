//! yrs, of y-crdt/y-crdt.

use std::any::Any;

use yrs::{
    Any as Value, Doc, Map, MapRef, ReadTxn, StateVector, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::{
    keys::{self, KEYS},
    peer::{Outcome, Peer, one},
    timing::nanos_per,
    work::Work,
};

pub(crate) struct Yrs;

const WRITERS: usize = 10;

/// Ids of clients have 53 bits.
const CLIENT_BITS: u32 = 53;

impl Peer for Yrs {
    fn name(&self) -> &'static str {
        "yrs"
    }

    fn version(&self) -> &'static str {
        "0.28.1"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "updates of its first version; it keeps the history that undo and offline edits need",
            "a peer is brought up to date by its state vector and one answer, over a stream that the program brings",
            "a set is a map of elements; a counter, which it does not have, an entry a writer in a map",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Update => one(overwrite(&document(KEYS, WRITERS), 0, 1).len()),
            Work::OneBehind { writers } => {
                let ahead = document(KEYS, writers);
                let vector = ahead.transact().state_vector();
                overwrite(&ahead, 0, 1);
                let update = ahead.transact().encode_diff_v1(&vector);
                one(vector.encode_v1().len() + update.len())
            }
            Work::Equal { writers } => {
                let document = document(KEYS, writers);
                let vector = document.transact().state_vector();
                one(vector.encode_v1().len() + document.transact().encode_diff_v1(&vector).len())
            }
            Work::SetAdd => one(write(&document(KEYS, 100), KEYS, true.into()).len()),
            Work::SetRemove => {
                let document = document(KEYS, 100);
                let map = map(&document);
                let mut writing = document.transact_mut();
                map.remove(&mut writing, &keys::key(1));
                one(writing.encode_update_v1().len())
            }
            Work::Increment => one(write(&document(1_000, 1_000), 0, 1_001_i64.into()).len()),
            Work::MakeDelta { keys } => Ok(vec![make_delta(keys)]),
            Work::Apply { keys } => Ok(vec![apply(keys)]),
            Work::Load { keys } => Ok(vec![load(keys)]),
            Work::Join { .. } => Err("takes in updates, and no other state"),
            Work::Find { .. } => Err("would send its state vector"),
            Work::Memory { .. } => Err("held by others"),
            Work::Spread { .. } | Work::Newcomer { .. } | Work::Lossy { .. } => {
                Err("documents alone, no network")
            }
        }
    }

    fn hold(&self, keys: usize) -> Result<Box<dyn Any>, &'static str> {
        Ok(Box::new(document(keys, WRITERS)))
    }
}

fn client(number: usize) -> Doc {
    Doc::with_client_id(keys::spread(number) >> (u64::BITS - CLIENT_BITS))
}

fn map(document: &Doc) -> MapRef {
    document.get_or_insert_map("keys")
}

/// The document of the first of so many writers, who holds what all have written.
fn document(keys: usize, writers: usize) -> Doc {
    let first = client(0);
    for writer in (0..writers).rev() {
        let document = if writer == 0 { first.clone() } else { client(writer) };
        let map = map(&document);
        let mut writing = document.transact_mut();
        for number in (writer..keys).step_by(writers) {
            map.insert(&mut writing, keys::key(number), value(0));
        }
        drop(writing);
        if writer > 0 {
            let update = document.transact().encode_diff_v1(&StateVector::default());
            take_in(&first, &update);
        }
    }
    first
}

fn value(edition: usize) -> Value {
    Value::from(keys::value(edition).to_vec())
}

fn overwrite(document: &Doc, number: usize, edition: usize) -> Vec<u8> {
    write(document, number, value(edition))
}

/// The update that a write makes.
fn write(document: &Doc, number: usize, value: Value) -> Vec<u8> {
    let map = map(document);
    let mut writing = document.transact_mut();
    map.insert(&mut writing, keys::key(number), value);
    writing.encode_update_v1()
}

fn take_in(document: &Doc, update: &[u8]) {
    let update = Update::decode_v1(update).expect("it was encoded");
    document.transact_mut().apply_update(update).expect("it continues what is held");
}

fn make_delta(keys: usize) -> f64 {
    let document = document(keys, WRITERS);
    let vector = document.transact().state_vector();
    for number in (0..keys).step_by(100) {
        overwrite(&document, number, 1);
    }
    nanos_per(keys / 100, || (), |()| document.transact().encode_diff_v1(&vector))
}

fn apply(keys: usize) -> f64 {
    let ahead = document(keys, WRITERS);
    let whole = ahead.transact().encode_diff_v1(&StateVector::default());
    let said: Vec<_> =
        (0..keys).map(|number| overwrite(&ahead, number.wrapping_mul(7_919) % keys, 1)).collect();
    let prepare = || {
        let behind = client(WRITERS);
        take_in(&behind, &whole);
        behind
    };
    nanos_per(keys, prepare, |behind| {
        said.iter().for_each(|update| take_in(&behind, update));
        behind
    })
}

fn load(keys: usize) -> f64 {
    let document = document(keys, WRITERS);
    let whole = document.transact().encode_diff_v1(&StateVector::default());
    nanos_per(
        keys,
        || client(WRITERS),
        |new| {
            take_in(&new, &whole);
            new
        },
    )
}
