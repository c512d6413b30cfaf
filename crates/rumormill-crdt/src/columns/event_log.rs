//! A log of the latest events of every life.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::stand_alone;
use crate::{
    Column, ColumnType, Element, Key, KeyKind, Life, Table, Timestamp, WriteError, Writer, codec,
};

stand_alone! {
    /// A log. It holds, of every life, the latest [`KEPT`](Self::KEPT) events of all that were
    /// heard of.
    ///
    /// Each life numbers its events from 0 and keeps them in a ring of cells in its own row, so
    /// that an event travels alone. A reader keeps an [`EventCursor`]: the number of the next
    /// event of every life. So each reader gets each event exactly once, also across its own
    /// restarts, joins in any order and copies that fall back; events that left the ring before
    /// the reader came are counted as missed. Events come in the order of (timestamp, life,
    /// number), so no event comes after one that its writer had heard of, within one read.
    ///
    /// ```
    /// use core::time::Duration;
    /// use rumormill_crdt::{EventCursor, EventLog, Life, ReplicaId};
    ///
    /// let mut ann = EventLog::<String>::new(Life { replica: ReplicaId(1), epoch: 1 });
    /// let mut bob = EventLog::<String>::new(Life { replica: ReplicaId(2), epoch: 1 });
    /// ann.push(Duration::from_secs(10), &"disk full".to_owned())?;
    /// bob.join(&ann);
    /// let first = bob.read_since(&EventCursor::default());
    /// assert_eq!((first.events.len(), first.missed), (1, 0));
    /// bob.join(&ann);
    /// assert!(bob.read_since(&first.cursor).events.is_empty());
    /// # Ok::<(), rumormill_crdt::WriteError>(())
    /// ```
    EventLog<T: Element>
}

/// An event of some life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<T> {
    /// Whose event.
    pub life: Life,
    /// Which of that life's events, from 0.
    pub sequence: u64,
    /// The writer's clock.
    pub timestamp: Timestamp,
    /// What was pushed.
    pub payload: T,
}

/// What a reader had not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread<T> {
    /// The events, by (timestamp, life, sequence).
    pub events: Vec<Event<T>>,
    /// How many unread events came before these and are gone, or are no `T`.
    pub missed: u64,
    /// Where to read on from.
    pub cursor: EventCursor,
}

/// How far a reader has read: of every life, the number of its next event. Keep it with serde
/// where the reader keeps what it did with the events.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventCursor {
    next: BTreeMap<Life, u64>,
}

impl EventCursor {
    /// The number of the event of `life` that is to be read next.
    #[must_use]
    pub fn next_of(&self, life: Life) -> u64 {
        self.next.get(&life).copied().unwrap_or(0)
    }
}

impl<T: Element> EventLog<T> {
    /// How many events of one life are kept.
    pub const KEPT: u64 = 64;

    /// Adds an event; `unix` is what the wall clock reads.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] if the payload is too long to travel.
    pub fn push(&mut self, unix: Duration, payload: &T) -> Result<(), WriteError> {
        self.replica.edit(unix, |writer| Self::COLUMN.push(writer, payload))
    }

    /// Reads what a reader with the given cursor has not read.
    #[must_use]
    pub fn read_since(&self, cursor: &EventCursor) -> Unread<T> {
        Self::COLUMN.read_since(self.replica.table(), cursor)
    }
}

impl<T: Element> Column<EventLog<T>> {
    /// Adds an event.
    ///
    /// # Errors
    ///
    /// [`WriteError::CellTooLong`] and [`WriteError::RowFull`].
    pub fn push(&self, writer: &mut Writer<'_>, payload: &T) -> Result<(), WriteError> {
        let cells = writer.own_row(self.space()).into_iter();
        let events = cells.flat_map(|row| self.parts_of(row, KeyKind::Event));
        let last = events.filter_map(|(_, cell)| Some(numbered(cell)?.1)).max();
        let sequence = last.map_or(0, |last| last.saturating_add(1));
        let slot = (sequence % EventLog::<T>::KEPT).to_be_bytes()[7];
        let timestamp = writer.timestamp();
        let key = Key::part(KeyKind::Event, self.name(), &[slot]);
        self.put(writer, key, &(timestamp, sequence, payload))
    }

    /// Reads what a reader with the given cursor has not read.
    #[must_use]
    pub fn read_since(&self, table: &Table, cursor: &EventCursor) -> Unread<T> {
        let mut events = Vec::new();
        let mut missed = 0_u64;
        let mut after = cursor.clone();
        for row in table.rows_in(self.space()) {
            let life = row.id().life;
            let first = cursor.next_of(life);
            let (mut next, mut read) = (first, 0);
            for (_, cell) in self.parts_of(row, KeyKind::Event) {
                let Some((timestamp, sequence, payload)) = numbered(cell) else { continue };
                if sequence < first {
                    continue;
                }
                next = next.max(sequence.saturating_add(1));
                if let Ok(payload) = codec::decode(payload) {
                    events.push(Event { life, sequence, timestamp, payload });
                    read += 1;
                }
            }
            if next > first {
                missed = missed.saturating_add((next - first).saturating_sub(read));
                after.next.insert(life, next);
            }
        }
        events.sort_by_key(|event| (event.timestamp, event.life, event.sequence));
        Unread { events, missed, cursor: after }
    }
}

impl<T: Element> ColumnType for EventLog<T> {
    const KINDS: &'static [KeyKind] = &[KeyKind::Event];

    type Read = Unread<T>;

    fn read(column: &Column<Self>, table: &Table) -> Self::Read {
        column.read_since(table, &EventCursor::default())
    }

    fn is_cell(_: KeyKind, _: &[u8], value: &[u8]) -> bool {
        numbered(value).is_some_and(|(.., payload)| codec::decode::<T>(payload).is_ok())
    }
}

/// Takes an event's cell apart: timestamp, number and encoded payload.
fn numbered(cell: &[u8]) -> Option<(Timestamp, u64, &[u8])> {
    let ((timestamp, sequence), payload) = codec::decode_prefix(cell).ok()?;
    Some((timestamp, sequence, payload))
}
