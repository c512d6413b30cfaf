//! The workload that the swarm runs by itself.

use std::collections::{BTreeMap, BTreeSet};

use rumormill_core::crdt::{
    Column, Life, LwwRegister, Map, OrSet, PnCounter, Space, Table, Timestamp, WriteError, Writer,
};

use super::{Heard, HeardEdit, Workload};
use crate::Chance;

/// Elements that are inserted once, removed by anybody, and collected: the only cells of their
/// space, so that what is not collected can be counted.
const ERRANDS: Column<OrSet<Element>> = Column::new(ERRANDS_SPACE, "errands");
const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");
const LEADER: Column<LwwRegister<u64>> = Column::new(Space::SHARED, "leader");
const NOTES: Column<Map<u64, String>> = Column::new(Space::SHARED, "notes");

/// A number, and letters that make some rows with erase markers longer than a datagram.
type Element = (u64, String);

/// An element has up to so many letters.
const ELEMENT_LEN_MAX: u64 = 500;

/// Where the set lies.
const ERRANDS_SPACE: Space = Space(16);

/// A bulk of notes takes several datagrams.
const BULK: u64 = 12;

/// There are so many notes, of which each is written over and over.
const NOTES_MAX: u64 = 60;

/// A note is up to so long.
const NOTE_LEN_MAX: u64 = 400;

/// A set with removals, a counter with resets, a register and a map, edited at random.
#[derive(Clone, Copy, Debug)]
pub struct Errands;

/// What a user did.
#[derive(Clone, Debug)]
pub enum Errand {
    /// Inserted an element of its own.
    Insert(u64),
    /// Removed an element that was there.
    Remove(u64),
    /// Counted up or down.
    Count(i64),
    /// Reset the counter.
    Reset,
    /// Set the register, or cleared it.
    Lead(Option<u64>),
    /// Wrote notes, each with its stamp.
    Write(BTreeMap<u64, (Timestamp, String)>),
    /// Took a note away.
    Erase(u64),
}

/// All that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrandsRead {
    errands: BTreeSet<u64>,
    calls: i128,
    leader: Option<u64>,
    notes: BTreeMap<u64, String>,
}

impl Workload for Errands {
    type Edit = Errand;
    type Read = ErrandsRead;

    fn edit(
        number: u64,
        chance: &mut Chance,
        writer: &mut Writer<'_>,
    ) -> Option<(Space, Self::Edit)> {
        let mut errand = draw(number, chance, writer.table())?;
        let space = errand.space();
        errand.carry_out(writer).ok()?;
        Some((space, errand))
    }

    fn read(table: &Table) -> ErrandsRead {
        ErrandsRead {
            errands: ERRANDS.read(table).into_iter().map(|(number, _)| number).collect(),
            calls: CALLS.read(table),
            leader: LEADER.read(table),
            notes: NOTES.read(table),
        }
    }

    fn specified(heard: &Heard<'_, Errand>) -> ErrandsRead {
        let heard_edits: Vec<_> = heard.edits().collect();
        ErrandsRead {
            errands: errands(heard, &heard_edits),
            calls: calls(&heard_edits),
            leader: leader(&heard_edits),
            notes: notes(&heard_edits),
        }
    }

    fn inserted_once(read: &ErrandsRead) -> BTreeSet<u64> {
        read.errands.clone()
    }
}

fn draw(number: u64, chance: &mut Chance, table: &Table) -> Option<Errand> {
    let errand = match chance.below(20) {
        0..5 => Errand::Insert(number),
        5..7 => {
            let there = ERRANDS.read(table);
            let place = usize::try_from(chance.below(there.len().max(1) as u64)).ok()?;
            Errand::Remove(there.into_iter().nth(place)?.0)
        }
        7..13 => Errand::Count(i64::from(chance.draw().to_be_bytes()[0]) - 100),
        13 => Errand::Reset,
        14..16 => Errand::Lead(Some(number).filter(|_| !chance.happens(0.2))),
        16..18 => Errand::Write([draw_note(chance)].into()),
        18 => Errand::Write((0..BULK).map(|_| draw_note(chance)).collect()),
        _ => Errand::Erase(
            Some(chance.below(NOTES_MAX)).filter(|key| NOTES.get(table, key).is_some())?,
        ),
    };
    Some(errand)
}

/// The element of that number.
fn element(number: u64) -> Element {
    let len = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % ELEMENT_LEN_MAX;
    (number, "e".repeat(usize::try_from(len).expect("a short text")))
}

fn draw_note(chance: &mut Chance) -> (u64, (Timestamp, String)) {
    let len = usize::try_from(chance.below(NOTE_LEN_MAX)).expect("a short text");
    let letter = char::from(b'a' + chance.draw().to_be_bytes()[0] % 26);
    (chance.below(NOTES_MAX), (Timestamp::default(), letter.to_string().repeat(len)))
}

impl Errand {
    const fn space(&self) -> Space {
        match self {
            Self::Insert(_) | Self::Remove(_) => ERRANDS_SPACE,
            Self::Count(_) | Self::Reset => Space::STATS,
            Self::Lead(_) | Self::Write(_) | Self::Erase(_) => Space::SHARED,
        }
    }

    fn carry_out(&mut self, writer: &mut Writer<'_>) -> Result<(), WriteError> {
        match self {
            Self::Insert(number) => ERRANDS.insert(writer, &element(*number)),
            Self::Remove(number) => ERRANDS.remove(writer, &element(*number)).map(drop),
            Self::Count(by) => CALLS.add(writer, *by),
            Self::Reset => CALLS.reset(writer),
            Self::Lead(Some(who)) => LEADER.set(writer, who),
            Self::Lead(None) => LEADER.clear(writer),
            Self::Write(notes) => notes.iter_mut().try_for_each(|(key, (stamp, note))| {
                NOTES.insert(writer, key, note)?;
                *stamp = writer.own_row(Space::SHARED).map_or(*stamp, |row| row.head().timestamp);
                Ok(())
            }),
            Self::Erase(key) => NOTES.remove(writer, key).map(drop),
        }
    }
}

/// An element is there if its insert was heard of and no remove of it was: neither here, nor by
/// its owner, who obeyed it.
fn errands(heard: &Heard<'_, Errand>, edits: &[HeardEdit<'_, Errand>]) -> BTreeSet<u64> {
    let removed: BTreeSet<u64> = edits.iter().copied().filter_map(removed).collect();
    let inserts = edits.iter().filter_map(|edit| match edit.edit() {
        Errand::Insert(element) => Some((*element, edit.row())),
        Errand::Remove(_)
        | Errand::Count(_)
        | Errand::Reset
        | Errand::Lead(_)
        | Errand::Write(_)
        | Errand::Erase(_) => None,
    });
    let mut there = BTreeMap::<_, Vec<u64>>::new();
    for (element, row) in inserts.filter(|(element, _)| !removed.contains(element)) {
        there.entry(row).or_default().push(element);
    }
    let standing = there.into_iter().flat_map(|(row, elements)| {
        let obeyed: BTreeSet<u64> = heard.passed_on_with(row).filter_map(self::removed).collect();
        elements.into_iter().filter(move |element| !obeyed.contains(element))
    });
    standing.collect()
}

fn removed(edit: HeardEdit<'_, Errand>) -> Option<u64> {
    if let Errand::Remove(element) = edit.edit() { Some(*element) } else { None }
}

/// All that was counted, less what a reset had heard of.
fn calls(edits: &[HeardEdit<'_, Errand>]) -> i128 {
    let resets: Vec<_> = edits.iter().filter(|it| matches!(it.edit(), Errand::Reset)).collect();
    let counts = edits.iter().copied().filter_map(|it| {
        if let Errand::Count(by) = it.edit() { Some((it, i128::from(*by))) } else { None }
    });
    let stands =
        |(count, _): &(HeardEdit<'_, _>, i128)| !resets.iter().any(|reset| reset.saw(count));
    counts.filter(stands).map(|(_, by)| by).sum()
}

/// The greatest (timestamp, life) wins.
fn leader(edits: &[HeardEdit<'_, Errand>]) -> Option<u64> {
    let leads = edits.iter().filter_map(|it| {
        if let Errand::Lead(who) = it.edit() { Some((when(it), *who)) } else { None }
    });
    leads.max_by_key(|(when, _)| *when)?.1
}

/// Under each key, the greatest (timestamp, life) wins.
fn notes(edits: &[HeardEdit<'_, Errand>]) -> BTreeMap<u64, String> {
    let mut latest = BTreeMap::new();
    let mut note = |key, when, note: Option<&String>| {
        let known = latest.entry(key).or_insert((when, None));
        if when >= known.0 {
            *known = (when, note.cloned());
        }
    };
    for edit in edits {
        match edit.edit() {
            Errand::Write(notes) => {
                for (key, (stamp, text)) in notes {
                    note(*key, (*stamp, edit.author()), Some(text));
                }
            }
            Errand::Erase(key) => note(*key, when(edit), None),
            Errand::Insert(_)
            | Errand::Remove(_)
            | Errand::Count(_)
            | Errand::Reset
            | Errand::Lead(_) => {}
        }
    }
    latest.into_iter().filter_map(|(key, (_, note))| Some((key, note?))).collect()
}

fn when(edit: &HeardEdit<'_, Errand>) -> (Timestamp, Life) {
    (edit.stamp(), edit.author())
}
