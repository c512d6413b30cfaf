//! What each type's value is, as a function of the edits heard of. Written without a look at how
//! the types are stored.

use std::collections::{BTreeMap, BTreeSet};

use rumormill_crdt::Life;

use super::{Reads, What};
use crate::world::specification::{self, Dot};

type Heard<'e> = [&'e specification::Edit];

/// What a replica that heard of these edits must read.
pub(crate) fn specified(heard: &Heard<'_>) -> Reads {
    let (log, missed) = log(heard);
    Reads { up: up(heard), log, missed, map: map(heard), values: values(heard) }
}

/// The edits of typed columns, in the order of rows and versions.
fn typed<'e>(heard: &Heard<'e>) -> impl Iterator<Item = (&'e specification::Edit, &'e What)> {
    let mut edits: Vec<_> = heard.to_vec();
    edits.sort_by_key(|edit| (edit.row, edit.version));
    edits.into_iter().filter_map(|edit| match &edit.what {
        specification::What::Typed(what) => Some((edit, what)),
        specification::What::Insert(_)
        | specification::What::Remove(_)
        | specification::What::Count(_)
        | specification::What::Set(..)
        | specification::What::Say(_) => None,
    })
}

/// The sum of all increments.
fn up(heard: &Heard<'_>) -> u128 {
    let steps = typed(heard).filter_map(|(_, what)| {
        let What::CountUp(by) = what else { return None };
        Some(u128::from(*by))
    });
    steps.sum()
}

/// All events of each life, in order.
pub(super) fn pushed(heard: &Heard<'_>) -> BTreeMap<Life, Vec<u8>> {
    let mut pushed: BTreeMap<Life, Vec<u8>> = BTreeMap::new();
    for (edit, what) in typed(heard) {
        let What::Push(payloads) = what else { continue };
        pushed.entry(edit.row.life).or_default().extend(payloads);
    }
    pushed
}

/// The latest 64 events of each life, and how many there were before them.
fn log(heard: &Heard<'_>) -> (BTreeSet<(Life, u64, u8)>, u64) {
    let mut events = BTreeSet::new();
    let mut missed = 0;
    for (life, payloads) in pushed(heard) {
        let gone = payloads.len().saturating_sub(64);
        missed += gone as u64;
        let kept = (0..).zip(payloads).skip(gone);
        events.extend(kept.map(|(sequence, payload)| (life, sequence, payload)));
    }
    (events, missed)
}

/// Under each key, the greatest (timestamp, life) wins.
pub(super) fn map(heard: &Heard<'_>) -> BTreeMap<u8, u8> {
    let mut puts: Vec<_> = typed(heard)
        .filter_map(|(edit, what)| {
            let What::Put(at, key, value) = what else { return None };
            Some(((*at, edit.row.life), *key, *value))
        })
        .collect();
    puts.sort();
    let latest: BTreeMap<u8, Option<u8>> =
        puts.into_iter().map(|(_, key, value)| (key, value)).collect();
    latest.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// The writes of the register that were heard of.
pub(super) fn writes(heard: &Heard<'_>) -> BTreeSet<Dot> {
    let writes = typed(heard).filter(|(_, what)| matches!(what, What::Write(..)));
    writes.map(|(edit, _)| (edit.row.life, edit.version)).collect()
}

/// The values of all writes that no other write had heard of.
fn values(heard: &Heard<'_>) -> Vec<u8> {
    let replaced: BTreeSet<&Dot> = typed(heard)
        .filter_map(|(_, what)| {
            let What::Write(_, heard) = what else { return None };
            Some(heard)
        })
        .flatten()
        .collect();
    let values = typed(heard).filter_map(|(edit, what)| {
        let What::Write(value, _) = what else { return None };
        let stands = !replaced.contains(&(edit.row.life, edit.version));
        stands.then_some(*value)?
    });
    values.collect()
}
