//! A log of the latest events of every life.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rumormill_crdt::{Column, EventCursor, EventLog, Life, Space, Table, Unread, Writer};
use rumormill_laws::{Columns, Heard, laws_of, laws_of_rows};

use crate::{alone::alone, ran::check};

const LOG: Column<EventLog<u8>> = Column::new(Space::SHARED, "log");

enum Log {}

/// Pushes so many events, with payloads that count up from the given one.
#[derive(Clone, Copy, Debug)]
struct Push {
    first: u8,
    count: u8,
}

impl Push {
    fn payloads(self) -> impl Iterator<Item = u8> {
        (0..self.count).map(move |nth| self.first.wrapping_add(nth))
    }
}

/// The events that are there, by life and number, and how many are gone.
type Events = (BTreeSet<(Life, u64, u8)>, u64);

impl Columns for Log {
    type Edit = Push;
    type Read = Events;

    fn edit(writer: &mut Writer<'_>, push: &Push) {
        for payload in push.payloads() {
            LOG.push(writer, &payload).expect("there is room");
        }
    }

    fn read(table: &Table) -> Events {
        events(LOG.read_since(table, &EventCursor::default()))
    }

    /// The latest 64 events of every life; those before them were missed.
    fn specified(heard: &Heard<'_, Push>) -> Events {
        let mut pushed: BTreeMap<Life, Vec<u8>> = BTreeMap::new();
        for edit in heard.edits() {
            pushed.entry(edit.author()).or_default().extend(edit.edit().payloads());
        }
        let mut events = BTreeSet::new();
        let mut missed = 0;
        for (life, payloads) in pushed {
            let gone = payloads.len().saturating_sub(64);
            missed += gone as u64;
            let kept = (0..).zip(payloads).skip(gone);
            events.extend(kept.map(|(number, payload)| (life, number, payload)));
        }
        (events, missed)
    }
}

fn events(unread: Unread<u8>) -> Events {
    let in_order = unread.events.is_sorted_by_key(|it| (it.timestamp, it.life, it.sequence));
    assert!(in_order, "events come by (timestamp, life, number)");
    let events = unread.events.into_iter().map(|it| (it.life, it.sequence, it.payload));
    (events.collect(), unread.missed)
}

alone!(
    Alone,
    EventLog<u8>,
    Log,
    |log, wall, push| {
        for payload in push.payloads() {
            log.push(wall, &payload).expect("there is room");
        }
    },
    |log| events(log.read_since(&EventCursor::default()))
);

fn edits() -> impl Strategy<Value = Push> {
    let count = prop_oneof![39 => Just(1), 1 => 60..70u8];
    (any::<u8>(), count).prop_map(|(first, count)| Push { first, count })
}

#[test]
fn as_a_column() {
    check(&laws_of_rows::<Log>(edits()));
}

#[test]
fn alone() {
    check(&laws_of::<Alone>(edits()).deltas().eviction().sizes());
}
