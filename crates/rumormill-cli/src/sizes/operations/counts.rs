//! Counters, distributions and other sums.

use rumormill::core::crdt::{
    Column, Distinct, GCounter, Histogram, MinMax, PnCounter, TopK, WindowCounter,
};

use super::{ELEMENT, Element, WITH_KEY, nothing};
use crate::sizes::{
    floor::Floor,
    operation::Operation,
    stage::{SPACE, Stage},
};

const UPS: Column<GCounter> = Column::new(SPACE, "calls");
const COUNTER: Column<PnCounter> = Column::new(SPACE, "calls");
const WINDOW: Column<WindowCounter> = Column::new(SPACE, "calls");
const EXTREMES: Column<MinMax> = Column::new(SPACE, "calls");
const HISTOGRAM: Column<Histogram> = Column::new(SPACE, "calls");
const DISTINCT: Column<Distinct<Element>> = Column::new(SPACE, "calls");
const TOP: Column<TopK<Element>> = Column::new(SPACE, "calls");

/// How much everybody has counted before: a number of two bytes.
const COUNTED: u16 = 1_000;

/// A minute of the year 2026, since 1970.
const MINUTE: u64 = 29_500_000;

/// How many buckets a histogram has, registers an estimate, and slots a list of the most frequent.
const BUCKETS: usize = 60 * 32;
const REGISTERS: usize = 4_096;
const SLOTS: usize = 64;

/// How many elements are counted before an estimate is measured: enough that all its groups are there.
const ELEMENTS: u128 = 2_000;

/// A write that says how far a count went on.
const COUNT: Floor = Floor::WRITE.step();

pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let all = [ups(), counter(), window(), extremes(), histogram(), distinct(), top()];
    all.into_iter().flatten()
}

fn ups() -> Vec<Operation> {
    let counted: fn(&mut Stage) = |s| {
        s.others_write(|w| UPS.add(w, COUNTED.into()));
        s.write(|w| UPS.add(w, COUNTED.into()));
    };
    let new = |name, floor, before, edit| Operation::new("GCounter", name, floor, before, edit);
    vec![
        new("write", Floor::WRITE.spelling(2), nothing, |s| {
            s.write(|w| UPS.add(w, COUNTED.into()))
        }),
        new("increment", COUNT, counted, |s| s.write(|w| UPS.add(w, 1))),
    ]
}

fn counter() -> Vec<Operation> {
    let counted: fn(&mut Stage) = |s| {
        s.others_write(|w| COUNTER.add(w, COUNTED.into()));
        s.write(|w| COUNTER.add(w, COUNTED.into()));
    };
    let own: fn(&mut Stage) = |s| s.write(|w| COUNTER.add(w, COUNTED.into()));
    let reset: fn(&mut Stage) = |s| s.write(|w| COUNTER.reset(w));
    let new = |name, floor, before, edit| Operation::new("PnCounter", name, floor, before, edit);
    // A count goes up or down.
    let either_way = COUNT.naming_one_of(2);
    vec![
        new("write", Floor::WRITE.spelling(2), nothing, own),
        new("increment", either_way, counted, |s| s.write(|w| COUNTER.add(w, 1))),
        new("decrement", either_way, counted, |s| s.write(|w| COUNTER.add(w, -1))),
        new("reset", Floor::WRITE, own, reset),
        // How far each had come.
        new("reset of all", Floor::WRITE.step_of_each(), counted, reset),
    ]
}

fn window() -> Vec<Operation> {
    let counted: fn(&mut Stage) = |s| s.write(|w| WINDOW.add(w, MINUTE, COUNTED.into()));
    let new = |name, before| {
        let edit: fn(&mut Stage) = |s| s.write(|w| WINDOW.add(w, MINUTE, 1));
        Operation::new("WindowCounter", name, COUNT, before, edit)
    };
    vec![new("write", nothing), new("increment", counted)]
}

fn extremes() -> Vec<Operation> {
    let recorded: fn(&mut Stage) = |s| s.write(|w| EXTREMES.record(w, MINUTE, COUNTED.into()));
    let new = |name, before| {
        let edit: fn(&mut Stage) = |s| s.write(|w| EXTREMES.record(w, MINUTE, -1_000));
        Operation::new("MinMax", name, Floor::WRITE.spelling(2), before, edit)
    };
    vec![new("write", nothing), new("overwrite", recorded)]
}

fn histogram() -> Vec<Operation> {
    let recorded: fn(&mut Stage) = |s| s.write(|w| HISTOGRAM.record(w, COUNTED.into()));
    let new = |name, before| {
        let edit: fn(&mut Stage) = |s| s.write(|w| HISTOGRAM.record(w, COUNTED.into()));
        Operation::new("Histogram", name, Floor::WRITE.naming_one_of(BUCKETS), before, edit)
    };
    vec![new("write", nothing), new("increment", recorded)]
}

fn distinct() -> Vec<Operation> {
    let counted: fn(&mut Stage) = |s| {
        (0..ELEMENTS).for_each(|number| s.write(|w| DISTINCT.insert(w, &element(number))));
    };
    let new = |name, before, edit| {
        let floor = COUNT.naming_one_of(REGISTERS);
        Operation::new("Distinct", name, floor, before, edit)
    };
    vec![
        new("write", nothing, |s| s.write(|w| DISTINCT.insert(w, &element(0)))),
        new("overwrite", counted, insert_what_counts),
    ]
}

/// Inserts elements until one changes the estimate.
fn insert_what_counts(stage: &mut Stage) {
    let before = stage.version();
    for number in ELEMENTS.. {
        stage.write(|w| DISTINCT.insert(w, &element(number)));
        if stage.version() > before {
            return;
        }
    }
}

const fn element(number: u128) -> Element {
    number.to_be_bytes()
}

fn top() -> Vec<Operation> {
    let recorded: fn(&mut Stage) = |s| s.write(|w| TOP.record(w, &ELEMENT, COUNTED.into()));
    let record: fn(&mut Stage) = |s| s.write(|w| TOP.record(w, &ELEMENT, 1));
    let new = |name, floor, before| Operation::new("TopK", name, floor, before, record);
    vec![
        new("write", WITH_KEY.step(), nothing),
        new("increment", COUNT.naming_one_of(SLOTS), recorded),
    ]
}
