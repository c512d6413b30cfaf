//! loro, of loro-dev/loro.

use std::any::Any;

use loro::{ExportMode, LoroDoc, VersionVector};

use crate::{
    keys::{self, KEYS},
    peer::{Outcome, Peer, one},
    timing::nanos_per,
    work::Work,
};

pub(crate) struct Loro;

const WRITERS: usize = 10;

impl Peer for Loro {
    fn name(&self) -> &'static str {
        "loro"
    }

    fn version(&self) -> &'static str {
        "1.17.1"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "updates with an envelope of 22 bytes, a checksum among them; it keeps the history that undo and offline edits need",
            "a peer is brought up to date by its version vector and one answer, over a stream that the program brings",
            "writers wrote one after the other, each having seen all before; a set is a map of elements",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Update => {
                let document = document(KEYS, WRITERS);
                one(changed(&document, || overwrite(&document, 0, 1)).len())
            }
            Work::OneBehind { writers } => {
                let document = document(KEYS, writers);
                let vector = document.oplog_vv().encode();
                one(vector.len() + changed(&document, || overwrite(&document, 0, 1)).len())
            }
            Work::Equal { writers } => {
                let document = document(KEYS, writers);
                let vector = document.oplog_vv();
                one(vector.encode().len() + since(&document, &vector).len())
            }
            Work::SetAdd => {
                let document = document(KEYS, 100);
                let add = || {
                    let added = document.get_map("keys").insert(&keys::key(KEYS), true);
                    added.expect("a map takes any key");
                    document.commit();
                };
                one(changed(&document, add).len())
            }
            Work::SetRemove => {
                let document = document(KEYS, 100);
                let remove = || {
                    let removed = document.get_map("keys").delete(&keys::key(1));
                    removed.expect("it is there");
                    document.commit();
                };
                one(changed(&document, remove).len())
            }
            Work::Increment => one(increment()),
            Work::MakeDelta { keys } => Ok(vec![make_delta(keys)]),
            Work::Apply { keys } => Ok(vec![apply(keys)]),
            Work::Load { keys } => Ok(vec![load(keys)]),
            Work::Join { .. } => Err("takes in updates and snapshots, and no other state"),
            Work::Find { .. } => Err("would send its version vector"),
            Work::Memory { .. } => Err("held by others"),
            Work::Spread { .. } | Work::Newcomer { .. } | Work::Lossy { .. } => {
                Err("documents alone, no network")
            }
        }
    }

    fn hold(&self, keys: usize) -> Result<Box<dyn Any>, &'static str> {
        let updates = since(&document(keys, WRITERS), &VersionVector::default());
        let new = LoroDoc::new();
        new.import(&updates).expect("it was exported");
        Ok(Box::new(new))
    }
}

/// What so many writers wrote, seen by the first, who is to write next.
fn document(keys: usize, writers: usize) -> LoroDoc {
    let document = LoroDoc::new();
    let map = document.get_map("keys");
    for writer in (0..writers).rev() {
        document.set_peer_id(keys::spread(writer)).expect("nothing is pending");
        for number in (writer..keys).step_by(writers) {
            let value = keys::value(0).to_vec();
            map.insert(&keys::key(number), value).expect("a map takes any key");
        }
        document.commit();
    }
    document
}

fn overwrite(document: &LoroDoc, number: usize, edition: usize) {
    let value = keys::value(edition).to_vec();
    document.get_map("keys").insert(&keys::key(number), value).expect("a map takes any key");
    document.commit();
}

fn since(document: &LoroDoc, vector: &VersionVector) -> Vec<u8> {
    document.export(ExportMode::updates(vector)).expect("updates can be exported")
}

/// The update that an edit makes.
fn changed(document: &LoroDoc, edit: impl FnOnce()) -> Vec<u8> {
    let before = document.oplog_vv();
    edit();
    since(document, &before)
}

fn increment() -> usize {
    let document = LoroDoc::new();
    let counter = document.get_counter("calls");
    for writer in (0..1_000).rev() {
        document.set_peer_id(keys::spread(writer)).expect("nothing is pending");
        counter.increment(1_000.0).expect("it counts");
        document.commit();
    }
    let increment = || {
        counter.increment(1.0).expect("it counts");
        document.commit();
    };
    changed(&document, increment).len()
}

fn make_delta(keys: usize) -> f64 {
    let document = document(keys, WRITERS);
    let before = document.oplog_vv();
    for number in (0..keys).step_by(100) {
        overwrite(&document, number, 1);
    }
    nanos_per(keys / 100, || (), |()| since(&document, &before))
}

fn apply(keys: usize) -> f64 {
    // Each takes tens of microseconds.
    let deltas = keys / 10;
    let ahead = document(keys, WRITERS);
    let whole = since(&ahead, &VersionVector::default());
    let said: Vec<_> = (0..deltas)
        .map(|number| number.wrapping_mul(7_919) % keys)
        .map(|number| changed(&ahead, || overwrite(&ahead, number, 1)))
        .collect();
    let prepare = || {
        let behind = LoroDoc::new();
        behind.import(&whole).expect("it was exported");
        behind
    };
    nanos_per(deltas, prepare, |behind| {
        for update in &said {
            behind.import(update).expect("it was exported");
        }
        behind
    })
}

fn load(keys: usize) -> f64 {
    let snapshot =
        document(keys, WRITERS).export(ExportMode::Snapshot).expect("it can be exported");
    nanos_per(keys, LoroDoc::new, |new| {
        new.import(&snapshot).expect("it was exported");
        // What is imported is decoded when it is first read.
        let value = new.get_deep_value();
        (new, value)
    })
}
