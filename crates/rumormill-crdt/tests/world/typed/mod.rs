//! The types that have histories of their own, one column each: what users do with them and what
//! is read from them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rumormill_crdt::{
    Column, Distinct, EventCursor, EventLog, GCounter, Histogram, Life, Map, MinMax, MvRegister,
    PnCounter, Space, Table, Timestamp, Top, TopK, WindowCounter, Writer, codec,
};

use super::{
    specification::Dot,
    truth::{Check, ensure},
};

pub(crate) mod specification;

const G_COUNTER: Column<GCounter> = Column::new(Space::SHARED, "up");
const DISTINCT: Column<Distinct<u8>> = Column::new(Space::SHARED, "distinct");
const LOG: Column<EventLog<u8>> = Column::new(Space::SHARED, "log");
const MAP: Column<Map<u8, u8>> = Column::new(Space::SHARED, "map");
const HISTOGRAM: Column<Histogram> = Column::new(Space::SHARED, "times");
const MIN_MAX: Column<MinMax> = Column::new(Space::SHARED, "ends");
const WINDOW: Column<WindowCounter> = Column::new(Space::SHARED, "window");
const PN_COUNTER: Column<PnCounter> = Column::new(Space::SHARED, "balance");
const TOP_K: Column<TopK<u8>> = Column::new(Space::SHARED, "most");
const MV_REGISTER: Column<MvRegister<u8>> = Column::new(Space::SHARED, "values");

/// Which type a history is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type {
    Distinct,
    EventLog,
    GCounter,
    Histogram,
    Map,
    MinMax,
    MvRegister,
    PnCounter,
    TopK,
    WindowCounter,
}

/// The windows that are read: the bucket they end with, and how many buckets they have.
pub(super) const WINDOWS: [(u64, u64); 5] = [(0, 1), (70, 3), (70, 200), (140, 64), (u64::MAX, 9)];

/// The fractions at which the histogram is read.
pub(super) const FRACTIONS: [(u32, u32); 4] = [(0, 1), (1, 2), (99, 100), (1, 1)];

/// What a user does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    CountUp(u8),
    /// Pushes so many events, with payloads that count up from the given one.
    Push {
        first: u8,
        count: u8,
    },
    Put {
        key: u8,
        value: u8,
    },
    TakeAway {
        key: u8,
    },
    Write(Option<u8>),
    /// Counts up or down in the counter that can be reset.
    Count(i8),
    Reset,
    /// Records so many elements that count up from the given one.
    See {
        first: u8,
        count: u8,
        times: u8,
    },
    Record(u64),
    Meet(u8),
    CountIn {
        bucket: u64,
        by: u8,
    },
    RecordIn {
        bucket: u64,
        value: i8,
    },
}

/// What a user did.
#[derive(Clone, Debug)]
pub(crate) enum What {
    CountUp(u64),
    Push(Vec<u8>),
    /// Puts a value under a key, or takes it away.
    Put(Timestamp, u8, Option<u8>),
    CountIn(u64, u64),
    RecordIn(u64, i64),
    Record(u64),
    Meet(u8),
    /// Writes a value, or clears, and replaces these writes.
    Write(Option<u8>, BTreeSet<Dot>),
    Count(i64),
    /// Takes back these edits of the counter.
    Reset(BTreeSet<Dot>),
    /// Records these elements, each so many times.
    See(Vec<u8>, u64),
    /// Does nothing, since there was nothing to do it to.
    Nothing,
}

/// What a replica can read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reads {
    up: u128,
    balance: i128,
    /// The two most frequent elements, and all of them.
    top: [Top<u8>; 2],
    /// The events of the log: life, number and payload.
    log: BTreeSet<(Life, u64, u8)>,
    missed: u64,
    map: BTreeMap<u8, u8>,
    values: Vec<u8>,
    distinct: u64,
    recorded: u128,
    /// Least value, median, 99th percentile and greatest value of the histogram.
    quantiles: [Option<u64>; 4],
    /// What the window counter reads in each of [`WINDOWS`].
    counted: [u128; 5],
    /// The extremes in each of [`WINDOWS`].
    extremes: [Option<(i64, i64)>; 5],
}

/// Edits of the column of one type.
pub(crate) fn edits(of: Type) -> BoxedStrategy<Edit> {
    match of {
        Type::EventLog => (any::<u8>(), prop_oneof![19 => Just(1), 1 => 60..70u8])
            .prop_map(|(first, count)| Edit::Push { first, count })
            .boxed(),
        Type::GCounter => any::<u8>().prop_map(Edit::CountUp).boxed(),
        Type::Map => prop_oneof![
            3 => (0..3u8, 0..9u8).prop_map(|(key, value)| Edit::Put { key, value }),
            2 => (0..3u8).prop_map(|key| Edit::TakeAway { key }),
        ]
        .boxed(),
        Type::MvRegister => prop_oneof![
            5 => (0..9u8).prop_map(|value| Edit::Write(Some(value))),
            1 => Just(Edit::Write(None)),
        ]
        .boxed(),
        Type::PnCounter => prop_oneof![
            4 => (-9..=9i8).prop_map(Edit::Count),
            1 => Just(Edit::Reset),
        ]
        .boxed(),
        Type::TopK => {
            let first = prop_oneof![3 => 0..3u8, 1 => any::<u8>()];
            let count = prop_oneof![9 => Just(1), 1 => 30..70u8];
            let met = (first, count, 1..4u8);
            met.prop_map(|(first, count, times)| Edit::See { first, count, times }).boxed()
        }
        // None of these share a register, so they are counted exactly.
        Type::Distinct => (0..30u8).prop_map(Edit::Meet).boxed(),
        Type::Histogram => {
            let value = (0..64u32, any::<u64>()).prop_map(|(shift, value)| value >> shift);
            value.prop_map(Edit::Record).boxed()
        }
        Type::WindowCounter => {
            (bucket(), 1..9u8).prop_map(|(bucket, by)| Edit::CountIn { bucket, by }).boxed()
        }
        Type::MinMax => (bucket(), any::<i8>())
            .prop_map(|(bucket, value)| Edit::RecordIn { bucket, value })
            .boxed(),
    }
}

/// Time buckets, not in order, some of which share a slot of the ring.
fn bucket() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 66..74u64, 2 => 2..10u64, 1 => 130..140u64, 1 => Just(u64::MAX)]
}

/// Makes an edit. `stamp` is the timestamp that it will take, `heard` are the edits heard of.
pub(crate) fn make(
    writer: &mut Writer<'_>,
    edit: Edit,
    stamp: Timestamp,
    heard: &[&super::specification::Edit],
) -> What {
    let heard = &specification::typed(heard)[..];
    match edit {
        Edit::CountUp(by) => {
            G_COUNTER.add(writer, by.into()).expect("the counter has room");
            What::CountUp(by.into())
        }
        Edit::Push { first, count } => {
            let payloads: Vec<u8> = (0..count).map(|nth| first.wrapping_add(nth)).collect();
            for payload in &payloads {
                LOG.push(writer, payload).expect("a byte fits");
            }
            What::Push(payloads)
        }
        Edit::Put { key, value } => {
            MAP.insert(writer, &key, &value).expect("two bytes fit");
            What::Put(stamp, key, Some(value))
        }
        Edit::TakeAway { key } => {
            let was_there = MAP.remove(writer, &key).expect("the row has room");
            let there = specification::map(heard).contains_key(&key);
            assert_eq!(was_there, there, "a remove says whether it was there");
            if there { What::Put(stamp, key, None) } else { What::Nothing }
        }
        Edit::Write(value) => {
            match value {
                Some(value) => MV_REGISTER.set(writer, &value).expect("a byte fits"),
                None => MV_REGISTER.clear(writer).expect("nothing fits"),
            }
            What::Write(value, specification::writes(heard))
        }
        Edit::Count(by) => {
            PN_COUNTER.add(writer, by.into()).expect("the counter has room");
            What::Count(by.into())
        }
        Edit::Reset => {
            PN_COUNTER.reset(writer).expect("the row has room");
            What::Reset(specification::counts(heard).map(|(dot, _)| dot).collect())
        }
        Edit::See { first, count, times } => {
            let elements: Vec<u8> = (0..count).map(|nth| first.wrapping_add(nth)).collect();
            for element in &elements {
                TOP_K.record(writer, element, times.into()).expect("a byte fits");
            }
            What::See(elements, times.into())
        }
        Edit::Meet(element) => {
            DISTINCT.insert(writer, &element).expect("the row has room");
            What::Meet(element)
        }
        Edit::Record(value) => {
            HISTOGRAM.record(writer, value).expect("the bucket has room");
            What::Record(value)
        }
        Edit::CountIn { bucket, by } => {
            let counts = WINDOW.add(writer, bucket, by.into()).expect("the counter has room");
            assert_eq!(counts, !specification::is_too_late(heard, writer.life(), bucket));
            What::CountIn(bucket, by.into())
        }
        Edit::RecordIn { bucket, value } => {
            MIN_MAX.record(writer, bucket, value.into()).expect("the row has room");
            What::RecordIn(bucket, value.into())
        }
    }
}

/// Everything that the types read from a table.
pub(crate) fn reads(table: &Table) -> Reads {
    let map = MAP.read(table);
    let found = (0..4).filter_map(|key| Some((key, MAP.get(table, &key)?)));
    assert_eq!(map, found.collect(), "`get` and `read` are one rule");
    let log = LOG.read_since(table, &EventCursor::default());
    assert!(log.events.is_sorted_by_key(|event| (event.timestamp, event.life, event.sequence)));
    let events = log.events.iter().map(|event| (event.life, event.sequence, event.payload));
    let times = HISTOGRAM.read(table);
    let (counted, extremes) = (WINDOW.buckets(table), MIN_MAX.buckets(table));
    for (now, buckets) in WINDOWS {
        let window = now.saturating_sub(buckets - 1)..=now;
        let sum = counted.range(window.clone()).map(|(_, total)| total).sum();
        assert_eq!(WINDOW.read(table, now, buckets), sum, "`buckets` and `read` are one rule");
        let inside = || extremes.range(window.clone()).map(|(_, ends)| *ends);
        let least = inside().map(|(least, _)| least).min();
        let greatest = inside().map(|(_, greatest)| greatest).max();
        assert_eq!(MIN_MAX.read(table, now, buckets), least.zip(greatest), "likewise");
    }
    Reads {
        up: G_COUNTER.read(table),
        balance: PN_COUNTER.read(table),
        top: [2, usize::MAX].map(|k| TOP_K.read(table, k)),
        log: events.collect(),
        missed: log.missed,
        map,
        values: MV_REGISTER.read(table),
        distinct: DISTINCT.read(table),
        recorded: times.len(),
        quantiles: FRACTIONS.map(|(part, of)| times.quantile(part, of)),
        counted: WINDOWS.map(|(now, buckets)| WINDOW.read(table, now, buckets)),
        extremes: WINDOWS.map(|(now, buckets)| MIN_MAX.read(table, now, buckets)),
    }
}

/// A reader of the log, who outlives restarts of its replica.
#[derive(Default)]
pub(crate) struct Reader {
    saved: Vec<u8>,
    seen: BTreeSet<(Life, u64)>,
    missed: u64,
    /// How many events of each life the reader could have heard of at some time.
    pushed: BTreeMap<Life, u64>,
}

impl Reader {
    /// Reads on. Each event comes once, and those that do not come are counted.
    pub(crate) fn poll(&mut self, table: &Table, heard: &[&super::specification::Edit]) -> Check {
        let cursor = codec::decode(&self.saved).unwrap_or_default();
        let unread = LOG.read_since(table, &cursor);
        for event in &unread.events {
            let is_new = self.seen.insert((event.life, event.sequence));
            ensure(is_new, || format!("{event:?} was read twice"))?;
        }
        self.missed += unread.missed;
        self.saved = codec::encode_to_vec(&unread.cursor).expect("a cursor can be encoded");
        for (life, events) in specification::pushed(&specification::typed(heard)) {
            let pushed = self.pushed.entry(life).or_default();
            *pushed = (events.len() as u64).max(*pushed);
        }
        let (read, all) = (self.seen.len() as u64 + self.missed, self.pushed.values().sum::<u64>());
        ensure(read == all, || format!("of {all} events, {read} were read or reported"))
    }
}
