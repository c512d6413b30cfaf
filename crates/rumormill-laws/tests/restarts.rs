//! Histories about restarts, written down: every counter stays exact, and what was removed stays
//! removed. The same steps occur in every generated history.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rumormill_crdt::{Column, OrSet, PnCounter, Space, Table, Writer};
use rumormill_laws::{ByDelta, Columns, Disk, EditId, Heard, Laws, Rows, Step, Who, laws_of_rows};

const SKILLS: Column<OrSet<char>> = Column::new(Space::SHARED, "skills");
const CALLS: Column<PnCounter> = Column::new(Space::SHARED, "calls");

const A: Who = Who::A;
const B: Who = Who::B;
const C: Who = Who::C;
const D: Who = Who::D;

/// A set and a counter in one table.
enum Agent {}

#[derive(Clone, Debug)]
enum Edit {
    Insert(char),
    /// Removes an element; once resolved, it names the inserts that it removes.
    Remove(char, Vec<EditId>),
    Call(i8),
}

impl Columns for Agent {
    type Edit = Edit;
    type Read = (BTreeSet<char>, i128);

    fn edit(writer: &mut Writer<'_>, edit: &Edit) {
        let done = match edit {
            Edit::Insert(skill) => SKILLS.insert(writer, skill),
            Edit::Remove(skill, _) => SKILLS.remove(writer, skill).map(drop),
            Edit::Call(by) => CALLS.add(writer, (*by).into()),
        };
        done.expect("there is room");
    }

    fn read(table: &Table) -> Self::Read {
        (SKILLS.read(table), CALLS.read(table))
    }

    fn specified(heard: &Heard<'_, Edit>) -> Self::Read {
        let calls = heard.edits().map(|it| if let Edit::Call(by) = it.edit() { *by } else { 0 });
        let calls = calls.map(i128::from).sum();
        (standing(heard).into_iter().map(|(_, skill)| skill).collect(), calls)
    }

    fn resolve(edit: &Edit, heard: &Heard<'_, Edit>) -> Edit {
        let Edit::Remove(skill, _) = edit else { return edit.clone() };
        let inserts = standing(heard).into_iter().filter(|(_, it)| it == skill);
        Edit::Remove(*skill, inserts.map(|(id, _)| id).collect())
    }
}

/// The latest inserts of every life that no remove names.
fn standing(heard: &Heard<'_, Edit>) -> Vec<(EditId, char)> {
    let mut latest = BTreeMap::new();
    for edit in heard.edits() {
        if let Edit::Insert(skill) = edit.edit() {
            latest.insert((edit.author(), *skill), edit);
        }
    }
    latest.retain(|_, insert| {
        !insert.observers().any(|later| match later.edit() {
            Edit::Remove(_, inserts) => inserts.contains(&insert.id()),
            Edit::Insert(_) | Edit::Call(_) => false,
        })
    });
    latest.into_iter().map(|((_, skill), insert)| (insert.id(), skill)).collect()
}

fn skills() -> impl Strategy<Value = char> {
    proptest::char::range('s', 'u')
}

fn laws() -> Laws<Rows<Agent>, ByDelta> {
    let edits = prop_oneof![
        skills().prop_map(Edit::Insert),
        skills().prop_map(|skill| Edit::Remove(skill, Vec::new())),
        any::<i8>().prop_map(Edit::Call),
    ];
    laws_of_rows::<Agent>(edits).removal(
        |edit| if let Edit::Insert(skill) = edit { Some(*skill) } else { None },
        |(skills, _), skill| skills.contains(skill),
    )
}

/// Goes through a history, with every check after every step, and then asks what everybody reads
/// once everybody has heard from everybody.
fn story(steps: &[Step<Edit>], skills: &str, calls: i128) {
    let reads = laws().story(steps).unwrap_or_else(|failure| panic!("{failure}"));
    let expected = (skills.chars().collect(), calls);
    for (who, read) in reads {
        assert_eq!(read, expected, "{who} reads something else");
    }
}

const fn insert(who: Who, skill: char) -> Step<Edit> {
    Step::Edit { who, edit: Edit::Insert(skill) }
}

const fn remove(who: Who, skill: char) -> Step<Edit> {
    Step::Edit { who, edit: Edit::Remove(skill, Vec::new()) }
}

const fn call(who: Who, by: i8) -> Step<Edit> {
    Step::Edit { who, edit: Edit::Call(by) }
}

const fn hears(to: Who, from: Who) -> Step<Edit> {
    Step::Sync { from, to }
}

const fn sends(from: Who, to: Who) -> Step<Edit> {
    Step::Send { from, to }
}

/// The first of what is in flight arrives.
const fn arrives() -> Step<Edit> {
    Step::Deliver { nth: 0, astray: None, again: false }
}

const fn collects(who: Who) -> Step<Edit> {
    Step::Collect { who }
}

const fn restarts(who: Who, disk: Disk) -> Step<Edit> {
    Step::Restart { who, disk }
}

#[test]
fn killed_without_a_disk() {
    let steps = [
        insert(A, 's'),
        call(A, 10),
        hears(B, A),
        restarts(A, Disk::Lost),
        call(A, 1),
        hears(A, B),
        remove(A, 's'),
        hears(B, A),
    ];
    story(&steps, "", 11);
}

#[test]
fn a_blind_start_loses_what_nobody_has_heard_of_and_nothing_else() {
    let steps = [
        insert(A, 's'),
        call(A, 10),
        hears(B, A),
        call(A, 5),
        Step::BlindStart { who: A, edit: Edit::Call(1) },
        insert(A, 't'),
        hears(C, A),
        hears(C, B),
    ];
    story(&steps, "st", 11);
}

#[test]
fn a_stale_disk_brings_nothing_back() {
    let steps = [
        insert(A, 's'),
        hears(B, A),
        Step::Save { who: B },
        hears(C, B),
        remove(B, 's'),
        call(B, 3),
        hears(A, B),
        collects(A),
        hears(B, A),
        collects(B),
        hears(C, B),
        restarts(B, Disk::Stale),
        call(B, 4),
        hears(C, B),
        hears(B, C),
    ];
    story(&steps, "", 7);
}

#[test]
fn three_restarts_in_a_row() {
    let mut steps = vec![insert(A, 's')];
    for disk in [Disk::Fresh, Disk::Stale, Disk::Lost] {
        steps.extend([call(A, 10), hears(B, A), call(A, -3), hears(B, A), hears(B, A)]);
        steps.push(restarts(A, disk));
    }
    steps.extend([call(A, 1), remove(A, 's'), hears(B, A)]);
    story(&steps, "s", 22);
}

#[test]
fn three_restarts_in_a_row_and_then_a_remove() {
    let steps = [
        insert(A, 's'),
        hears(B, A),
        restarts(A, Disk::Lost),
        insert(A, 's'),
        hears(B, A),
        restarts(A, Disk::Lost),
        insert(A, 's'),
        hears(B, A),
        restarts(A, Disk::Lost),
        hears(A, B),
        remove(A, 's'),
    ];
    story(&steps, "", 0);
}

#[test]
fn late_copies_of_old_rows() {
    let steps = [
        insert(A, 's'),
        call(A, 10),
        sends(A, C),
        hears(B, A),
        remove(B, 's'),
        call(A, 5),
        sends(A, C),
        hears(A, B),
        collects(A),
        restarts(A, Disk::Fresh),
        hears(B, A),
        collects(B),
        hears(C, B),
        arrives(),
        arrives(),
        Step::Arrive,
        hears(D, C),
    ];
    story(&steps, "", 15);
}

#[test]
fn killer_and_owner_both_restart() {
    for (owner, killer) in [
        (Disk::Fresh, Disk::Fresh),
        (Disk::Fresh, Disk::Lost),
        (Disk::Lost, Disk::Fresh),
        (Disk::Stale, Disk::Stale),
        (Disk::Lost, Disk::Lost),
    ] {
        let steps = [
            insert(A, 's'),
            call(A, 1),
            hears(B, A),
            hears(C, A),
            Step::Save { who: A },
            Step::Save { who: B },
            remove(B, 's'),
            call(B, 2),
            sends(B, A),
            hears(C, B),
            restarts(B, killer),
            restarts(A, owner),
            arrives(),
            collects(A),
            collects(B),
            hears(B, A),
            collects(B),
        ];
        story(&steps, "", 3);
    }
}

#[test]
fn killer_and_owner_both_restart_after_the_kill_was_collected() {
    let steps = [
        insert(A, 's'),
        sends(A, C),
        hears(B, A),
        remove(B, 's'),
        hears(A, B),
        collects(A),
        hears(B, A),
        collects(B),
        restarts(A, Disk::Lost),
        restarts(B, Disk::Fresh),
        arrives(),
        hears(A, C),
        hears(C, B),
        hears(A, C),
        call(A, 1),
    ];
    story(&steps, "", 1);
}
