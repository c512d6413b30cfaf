//! Tables to read columns of: a column of each type, of as many writers or keys as are asked for.

use std::{hint::black_box, time::Duration};

use rumormill_crdt::{
    Column, Distinct, EventCursor, EventLog, GCounter, Histogram, Limits, LwwRegister, Map, MinMax,
    MvRegister, OrSet, PnCounter, Replica, Space, Table, TopK, WindowCounter, WriteError, Writer,
};

use crate::table;

const LWW_REGISTER: Column<LwwRegister<u64>> = Column::new(Space::SHARED, "lww");
const MV_REGISTER: Column<MvRegister<u64>> = Column::new(Space::SHARED, "mv");
const OR_SET: Column<OrSet<u64>> = Column::new(Space::SHARED, "set");
const MAP: Column<Map<u64, u64>> = Column::new(Space::SHARED, "map");
const G_COUNTER: Column<GCounter> = Column::new(Space::SHARED, "g");
const PN_COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "pn");
const WINDOW_COUNTER: Column<WindowCounter> = Column::new(Space::SHARED, "window");
const HISTOGRAM: Column<Histogram> = Column::new(Space::SHARED, "histogram");
const DISTINCT: Column<Distinct<u64>> = Column::new(Space::SHARED, "distinct");
const MIN_MAX: Column<MinMax> = Column::new(Space::SHARED, "extremes");
const TOP_K: Column<TopK<u64>> = Column::new(Space::SHARED, "top");
const EVENT_LOG: Column<EventLog<u64>> = Column::new(Space::SHARED, "log");

/// A column's type: how the `n`th of all edits is made, and the column read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// What the type is called.
    pub name: &'static str,
    writers: Writers,
    edit: fn(&mut Writer<'_>, u64) -> Result<(), WriteError>,
    read: fn(&Table),
}

/// Who makes the edits.
#[derive(Clone, Copy, Debug)]
enum Writers {
    /// Ten writers, each a tenth: there are as many keys as edits.
    Ten,
    /// For each edit another one.
    Each,
}

/// All types.
pub const ALL: [Reading; 12] = [
    Reading {
        name: "lww_register",
        writers: Writers::Each,
        edit: |writer, n| LWW_REGISTER.set(writer, &n),
        read: |table| look_at(LWW_REGISTER.read(table)),
    },
    Reading {
        name: "mv_register",
        writers: Writers::Each,
        edit: |writer, n| MV_REGISTER.set(writer, &n),
        read: |table| look_at(MV_REGISTER.read(table)),
    },
    Reading {
        name: "or_set",
        writers: Writers::Ten,
        edit: |writer, n| OR_SET.insert(writer, &n),
        read: |table| look_at(OR_SET.read(table)),
    },
    Reading {
        name: "map",
        writers: Writers::Ten,
        edit: |writer, n| MAP.insert(writer, &n, &n),
        read: |table| look_at(MAP.read(table)),
    },
    Reading {
        name: "g_counter",
        writers: Writers::Each,
        edit: |writer, n| G_COUNTER.add(writer, n),
        read: |table| look_at(G_COUNTER.read(table)),
    },
    Reading {
        name: "pn_counter",
        writers: Writers::Each,
        edit: |writer, _| PN_COUNTER.add(writer, -1),
        read: |table| look_at(PN_COUNTER.read(table)),
    },
    Reading {
        name: "window_counter",
        writers: Writers::Each,
        edit: |writer, n| WINDOW_COUNTER.add(writer, n % 5, 1).map(drop),
        read: |table| look_at(WINDOW_COUNTER.read(table, 5, 5)),
    },
    Reading {
        name: "histogram",
        writers: Writers::Each,
        edit: |writer, n| HISTOGRAM.record(writer, n),
        read: |table| look_at(HISTOGRAM.read(table)),
    },
    Reading {
        name: "distinct",
        writers: Writers::Each,
        edit: |writer, n| DISTINCT.insert(writer, &n),
        read: |table| look_at(DISTINCT.read(table)),
    },
    Reading {
        name: "min_max",
        writers: Writers::Each,
        edit: |writer, n| MIN_MAX.record(writer, 5, n.cast_signed()).map(drop),
        read: |table| look_at(MIN_MAX.read(table, 5, 5)),
    },
    Reading {
        name: "top_k",
        writers: Writers::Each,
        edit: |writer, n| TOP_K.record(writer, &(n % 100), 1),
        read: |table| look_at(TOP_K.read(table, 10)),
    },
    Reading {
        name: "event_log",
        writers: Writers::Each,
        edit: |writer, n| EVENT_LOG.push(writer, &n),
        read: |table| look_at(EVENT_LOG.read_since(table, &EventCursor::default())),
    },
];

impl Reading {
    /// The type with this name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        *ALL.iter().find(|it| it.name == name).expect("all types have a name")
    }

    /// Copies of the rows of all who made so many edits.
    ///
    /// # Panics
    ///
    /// Never: what is written is short.
    #[must_use]
    pub fn replica(&self, edits: u64) -> Replica {
        let writers = match self.writers {
            Writers::Ten => edits.min(10),
            Writers::Each => edits,
        };
        let mut holder = Replica::new(table(0).life(), Limits::DEFAULT);
        for writer in 0..writers {
            let mut owner = Replica::new(table(writer + 1).life(), Limits::DEFAULT);
            for edit in (writer..edits).step_by(usize::try_from(writers).unwrap_or(1)) {
                let written = owner.edit(Duration::from_secs(1), |it| (self.edit)(it, edit));
                written.expect("it is short");
            }
            holder.join(&owner);
        }
        holder
    }

    /// Reads the column of this type.
    pub fn read(&self, table: &Table) {
        (self.read)(table);
    }
}

/// Has a value be there, though nobody needs it.
fn look_at<T>(value: T) {
    black_box(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_is_read() {
        let replica = |name| Reading::named(name).replica(100);
        assert_eq!(MV_REGISTER.read(replica("mv_register").table()).len(), 100);
        assert_eq!(OR_SET.read(replica("or_set").table()).len(), 100);
        assert_eq!(MAP.read(replica("map").table()).len(), 100);
        assert_eq!(PN_COUNTER.read(replica("pn_counter").table()), -100);
        assert_eq!(WINDOW_COUNTER.read(replica("window_counter").table(), 5, 5), 80);
        assert_eq!(HISTOGRAM.read(replica("histogram").table()).len(), 100);
        assert_eq!(MIN_MAX.read(replica("min_max").table(), 5, 5), Some((0, 99)));
        let log = EVENT_LOG.read_since(replica("event_log").table(), &EventCursor::default());
        assert_eq!(log.events.len(), 100);
    }
}
