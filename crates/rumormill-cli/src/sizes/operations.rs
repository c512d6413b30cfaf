//! All kinds of writes, by what they write to.

mod counts;

use rumormill::core::crdt::{Column, EventLog, LwwRegister, Map, MvRegister, OrSet};

use super::{
    floor::Floor,
    operation::Operation,
    stage::{CELLS, SPACE, Stage, key, value},
};

type Element = [u8; 16];
type Value = [u8; 8];

const REGISTER: Column<LwwRegister<Value>> = Column::new(SPACE, "calls");
const VALUES: Column<MvRegister<Value>> = Column::new(SPACE, "calls");
const SET: Column<OrSet<Element>> = Column::new(SPACE, "calls");
const MAP: Column<Map<Element, Value>> = Column::new(SPACE, "calls");
const LOG: Column<EventLog<Value>> = Column::new(SPACE, "calls");

const ELEMENT: Element = *b"an element of 16";
const OTHER: Element = *b"another, as long";
const NEW: Value = *b"8 bytes!";
const OLD: Value = *b"8 before";

/// Every kind of write.
pub(super) fn operations() -> Vec<Operation> {
    let contents = [raw(), register(), values(), map(), set(), log()];
    contents.into_iter().flatten().chain(counts::operations()).collect()
}

fn nothing(_: &mut Stage) {}

fn raw() -> Vec<Operation> {
    let new = |name, floor, edit: fn(&mut Stage)| Operation::new("raw", name, floor, nothing, edit);
    vec![
        new("write", WITH_KEY.spelling(8), |s| s.write(|w| w.set(SPACE, key(CELLS), value(7)))),
        new("overwrite", OF_KEY.spelling(8), |s| s.write(|w| w.set(SPACE, key(500), value(7)))),
        new("erase", OF_KEY, |s| s.write(|w| Ok(w.erase(SPACE, &key(500))))),
    ]
}

/// A write that spells a key or an element of 16 bytes.
const WITH_KEY: Floor = Floor::WRITE.spelling(16);

/// A write to a key or an element that the row has.
const OF_KEY: Floor = Floor::WRITE.naming_one_of(CELLS);

fn register() -> Vec<Operation> {
    let all_set: fn(&mut Stage) = |s| {
        s.others_write(|w| REGISTER.set(w, &OLD));
        s.write(|w| REGISTER.set(w, &OLD));
    };
    let set: fn(&mut Stage) = |s| s.write(|w| REGISTER.set(w, &NEW));
    let others_set: fn(&mut Stage) = |s| s.others_write(|w| REGISTER.set(w, &OLD));
    let new = |name, floor, before, edit| Operation::new("LwwRegister", name, floor, before, edit);
    vec![
        new("write", Floor::WRITE.spelling(8), others_set, set),
        new("overwrite", Floor::WRITE.spelling(8), all_set, set),
        new("remove", Floor::WRITE, all_set, |s| s.write(|w| REGISTER.clear(w))),
    ]
}

fn values() -> Vec<Operation> {
    let own_set: fn(&mut Stage) = |s| s.write(|w| VALUES.set(w, &OLD));
    let others_set: fn(&mut Stage) = |s| s.others_write(|w| VALUES.set(w, &OLD));
    let set: fn(&mut Stage) = |s| s.write(|w| VALUES.set(w, &NEW));
    let new = |name, floor, before, edit| Operation::new("MvRegister", name, floor, before, edit);
    let one = Floor::WRITE.spelling(8);
    vec![
        new("write", one, nothing, set),
        new("overwrite", one, own_set, set),
        // Whoever wrote what is replaced, and which of its writes that was.
        new("overwrite of all", one.naming_of_each_one_of(CELLS), others_set, set),
        new("remove", Floor::WRITE, own_set, |s| s.write(|w| VALUES.clear(w))),
    ]
}

fn map() -> Vec<Operation> {
    let own: fn(&mut Stage) = |s| s.write(|w| MAP.insert(w, &ELEMENT, &OLD));
    let others: fn(&mut Stage) = |s| s.others_write(|w| MAP.insert(w, &ELEMENT, &OLD));
    let insert: fn(&mut Stage) = |s| s.write(|w| MAP.insert(w, &ELEMENT, &NEW));
    let remove: fn(&mut Stage) = |s| s.write(|w| MAP.remove(w, &ELEMENT));
    let new = |name, floor, before, edit| Operation::new("Map", name, floor, before, edit);
    vec![
        new("write", WITH_KEY.spelling(8), nothing, insert),
        new("overwrite", OF_KEY.spelling(8), own, insert),
        new("overwrite of another's", WITH_KEY.spelling(8), others, insert),
        new("remove by the writer", OF_KEY, own, remove),
        new("remove by another", WITH_KEY, others, remove),
    ]
}

fn set() -> Vec<Operation> {
    let own: fn(&mut Stage) = |s| s.write(|w| SET.insert(w, &ELEMENT));
    let own_other: fn(&mut Stage) = |s| s.write(|w| SET.insert(w, &OTHER));
    let another: fn(&mut Stage) = |s| s.another_writes(|w| SET.insert(w, &ELEMENT));
    let all: fn(&mut Stage) = |s| s.others_write(|w| SET.insert(w, &ELEMENT));
    let removed_by_another: fn(&mut Stage) = |s| {
        s.write(|w| SET.insert(w, &ELEMENT));
        s.another_writes(|w| SET.remove(w, &ELEMENT));
    };
    let dropped_by_another: fn(&mut Stage) = |s| {
        s.another_writes(|w| SET.insert(w, &ELEMENT));
        s.write(|w| SET.remove(w, &ELEMENT));
        s.another_collects();
    };
    let add: fn(&mut Stage) = |s| s.write(|w| SET.insert(w, &ELEMENT));
    let remove: fn(&mut Stage) = |s| s.write(|w| SET.remove(w, &ELEMENT));
    let new = |name, floor, before, edit| Operation::new("OrSet", name, floor, before, edit);
    // A removal names the write that it removes.
    let removal = OF_KEY;
    vec![
        new("first add", WITH_KEY, nothing, add),
        new("add", WITH_KEY, own_other, add),
        new("add again", OF_KEY, own, add),
        new("remove by the adder", removal, own, remove),
        new("remove by another", removal.naming_a_writer(), another, remove),
        new("remove of what all added", Floor::WRITE.naming_of_each_one_of(CELLS), all, remove),
        new("collect by the adder", Floor::WRITE, removed_by_another, Stage::collect),
        new("collect by the remover", Floor::WRITE, dropped_by_another, Stage::collect),
    ]
}

fn log() -> Vec<Operation> {
    let full: fn(&mut Stage) = |s| {
        for _ in 0..EventLog::<Value>::KEPT {
            s.write(|w| LOG.push(w, &OLD));
        }
    };
    let push: fn(&mut Stage) = |s| s.write(|w| LOG.push(w, &NEW));
    let new =
        |name, before| Operation::new("EventLog", name, Floor::WRITE.spelling(8), before, push);
    vec![new("write", nothing), new("overwrite", full)]
}
