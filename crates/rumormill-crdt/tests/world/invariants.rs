//! The invariants of the design, each in a function that bears its number. All but
//! `i9_join_laws` are checked after every step of every history.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rumormill_crdt::{
    Admission, Bookmark, Bytes, Growth, Key, Life, Limits, Progress, Refused, ReplicaId, RowId,
    Table, Timestamp, Version, codec,
};

use super::{
    Node, SKEW_MAX, World,
    specification::{Dot, What, specified},
    step::Who,
    traffic::Delta,
    truth::{Check, TableRow, Truth, ensure, reads},
};

/// What was seen of one copy of the table so far. A replica that lost rows is a new copy.
#[derive(Default)]
pub(crate) struct Memory {
    /// Version and floor of every row.
    seen: BTreeMap<RowId, (Version, Version)>,
    /// Inserts that the copy has shown to be removed.
    gone: BTreeSet<Dot>,
}

impl World {
    /// Checks everything about the replica that took part in a step.
    pub(crate) fn check(&mut self, who: Who) -> Check {
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        i2_monotone(node)?;
        i3_whole_rows(node.table(), &self.truth)?;
        i7_purity(node.table())?;
        i8_no_resurrection(node, &self.truth)?;
        i10_clock(node)?;
        i13_dependencies(node.table())?;
        let heard = self.truth.heard(node.table());
        let (read, expected) = (reads(node.table()), specified(&heard));
        ensure(read == expected, || format!("{who:?} reads {read:?}, specified is {expected:?}"))?;
        node.reader.poll(node.replica.table(), &heard)?;
        let table = self.nodes[&who].table();
        self.nodes.values().try_for_each(|other| i6_function(table, other.table()))
    }

    /// Checks every replica.
    pub(crate) fn check_all(&mut self) -> Check {
        let everybody: Vec<Who> = self.nodes.keys().copied().collect();
        everybody.into_iter().try_for_each(|who| self.check(who))
    }
}

/// I1: a version is minted once, by a local write of its own life. `before` and `after` stand
/// around an edit.
pub(crate) fn i1_uniqueness(truth: &mut Truth, before: &Table, after: &Table) -> Check {
    for row in after.rows() {
        let id = row.id();
        if row.version() != before.version(id) {
            ensure(id.life == after.life(), || format!("I1: an edit changed {id:?}"))?;
            truth.mint(row)?;
        }
    }
    Ok(())
}

/// I2: a copy's version of a row never goes back, nor its floor. Where only the newest life counts, an older row may go.
fn i2_monotone(node: &mut Node) -> Check {
    let table = node.replica.table();
    for (&id, &(version, floor)) in &node.memory.seen {
        let Some(row) = table.row(id) else {
            ensure(is_superseded(table, id), || format!("I2: {id:?} is gone"))?;
            continue;
        };
        ensure(row.version() >= version && row.head().floor >= floor, || {
            let (now, head) = (row.version(), row.head().floor);
            format!("I2: {id:?} went from v{version} floor {floor} to v{now} floor {head}")
        })?;
    }
    let seen = table.rows().map(|row| (row.id(), (row.version(), row.head().floor)));
    node.memory.seen = seen.collect();
    Ok(())
}

/// I3: every visible row is, bit for bit, as its owner left it at that version, and nothing is
/// staged that could never be shown.
fn i3_whole_rows(table: &Table, truth: &Truth) -> Check {
    let in_vain = table.staged().find(|id| is_superseded(table, *id));
    ensure(in_vain.is_none(), || format!("I3: {in_vain:?} is staged in vain"))?;
    table.rows().try_for_each(|row| {
        let (id, version) = (row.id(), row.version());
        let left = truth.row(id, version);
        let whole = left.is_some_and(|left| Arc::ptr_eq(left, row) || left == row);
        ensure(whole, || format!("I3: {id:?} at v{version} is\n{row:?}\nits owner left\n{left:?}"))
    })
}

/// I4: what is admitted, and what is not. Around the admission of a delta from somebody honest.
pub(crate) fn i4_admission(
    before: &Table,
    after: &Table,
    delta: &Delta,
    outcome: &Result<Admission, Refused>,
) -> Check {
    let id = delta.id();
    let head = before.row(id).map(|row| row.head());
    let (version, floor) = head.map_or((0, 0), |head| (head.version, head.floor));
    let its_floor = delta.head().floor;
    let admitted = delta.to() > version
        && delta.from() <= version
        && (its_floor <= floor || its_floor <= version)
        && !(version < floor && its_floor < floor);
    let on = &delta.head().dependencies;
    let closed = on.iter().all(|(on, at)| holds(before, *on, at.version));
    let shown = after.version(id);
    let fits = match outcome {
        Err(Refused::Clock(_)) => shown == version,
        Ok(Admission { progress: Progress::Known, .. }) => delta.to() <= version,
        Err(Refused::OldLife) => is_superseded(before, id),
        Ok(Admission { progress: Progress::Visible, .. }) => shown >= delta.head().version,
        Ok(Admission { progress: Progress::Waiting, .. }) => !closed && shown == version,
        Ok(Admission { progress: Progress::Staged { .. }, .. })
        | Err(Refused::Gap { .. } | Refused::Floor | Refused::OldFloor | Refused::StaleStaging) => {
            shown == version && !(admitted && closed && delta.is_complete())
        }
        Err(
            Refused::Hash
            | Refused::OwnRow
            | Refused::StagingFull
            | Refused::TableFull
            | Refused::TooManyDependencies
            | Refused::TooLarge
            | Refused::CellAfterHead
            | Refused::OtherHead
            | Refused::Signature
            | Refused::UnknownKey
            | Refused::NotAdmitted
            | Refused::OverQuota
            | Refused::TooFast
            | Refused::TooMuchToVerify
            | Refused::Evicted
            | Refused::Expired,
        ) => false,
    };
    ensure(fits, || {
        format!("I4: at v{version} floor {floor}, {delta:?} from an honest sender: {outcome:?}")
    })
}

/// I5: a delta lists every cell that the sender holds in its interval, and no other.
pub(crate) fn i5_completeness(row: &TableRow, delta: &Delta) -> Check {
    let inside = |version: Version| delta.from() < version && version <= delta.to();
    let held: BTreeMap<Version, _> = row
        .iter()
        .filter(|(_, cell)| inside(cell.version))
        .map(|(key, cell)| (cell.version, (key, cell.value.as_ref())))
        .collect();
    let cells = delta.cells().iter();
    let listed = cells.map(|cell| (cell.version, (&cell.key, cell.value.as_ref()))).collect();
    ensure(held == listed, || format!("I5: of {held:?}, {listed:?} were listed"))
}

/// I6: equal vectors, and only those, mean equal fingerprints, tables and reads.
fn i6_function(a: &Table, b: &Table) -> Check {
    let equal = a.version_vector() == b.version_vector();
    ensure(equal == (a.fingerprint() == b.fingerprint()), || {
        format!("I6: fingerprints {:x} and {:x} lie", a.fingerprint(), b.fingerprint())
    })?;
    ensure(!equal || (a == b && reads(a) == reads(b)), || {
        "I6: equal vectors, different tables or reads".to_owned()
    })
}

/// I7: whoever holds the same rows, however they came, reads the same.
fn i7_purity(table: &Table) -> Check {
    let mut again = observer();
    again.restore(table.rows().rev().cloned());
    i6_function(table, &again)?;
    ensure(again == *table, || "I7: rows at rest lost something".to_owned())
}

/// I8: an insert that this copy has shown as removed is never shown by it again.
fn i8_no_resurrection(node: &mut Node, truth: &Truth) -> Check {
    let table = node.replica.table();
    for edit in truth.edits.iter().filter(|edit| matches!(edit.what, What::Insert(_))) {
        let dot = (edit.row.life, edit.version);
        let shown = shows(table, edit.row, edit.version);
        let removed = is_killed(table, edit.row, edit.version)
            || (table.version(edit.row) >= edit.version && !shown);
        ensure(!shown || !node.memory.gone.contains(&dot), || {
            format!("I8: the insert {dot:?} was gone and is back")
        })?;
        if removed {
            node.memory.gone.insert(dot);
        }
    }
    Ok(())
}

/// I8: what was gone at every live copy is shown by none.
pub(crate) fn i8_stays_gone(
    gone: &BTreeSet<Dot>,
    truth: &Truth,
    nodes: &BTreeMap<Who, Node>,
) -> Check {
    let inserts = truth.edits.iter().filter(|edit| matches!(edit.what, What::Insert(_)));
    let gone: Vec<_> =
        inserts.filter(|edit| gone.contains(&(edit.row.life, edit.version))).collect();
    let mut shown = nodes
        .values()
        .flat_map(|node| gone.iter().filter(|edit| shows(node.table(), edit.row, edit.version)));
    let back = shown.next();
    ensure(back.is_none(), || format!("I8: {back:?} was gone everywhere and is back"))
}

/// The inserts that every live copy has shown as removed.
pub(crate) fn gone_everywhere(nodes: &BTreeMap<Who, Node>) -> BTreeSet<Dot> {
    let mut all = nodes.values().map(|node| node.memory.gone.clone());
    let first = all.next().unwrap_or_default();
    all.fold(first, |gone, other| gone.intersection(&other).copied().collect())
}

/// I9: join is associative, commutative, idempotent and monotone; deltas give what join gives.
pub(crate) fn i9_join_laws(x: &Table, y: &Table, z: &Table) -> Check {
    let law = |held, name: &str| ensure(held, || format!("I9: join is not {name}"));
    law(joined(&[x, y]) == joined(&[y, x]), "commutative")?;
    let (xy, yz) = (joined(&[x, y]), joined(&[y, z]));
    law(joined(&[&xy, z]) == joined(&[x, &yz]), "associative")?;
    law(joined(&[x, x]) == *x, "idempotent")?;
    law(joined(&[&xy, y]) == xy, "idempotent")?;
    let above = |row: &Arc<TableRow>| holds(&xy, row.id(), row.version());
    law(x.rows().chain(y.rows()).all(above), "monotone")?;
    i13_dependencies(&xy)?;

    let mut by_deltas = joined(&[x]);
    let deltas: Vec<Delta> = y.delta_since(&x.version_vector()).collect();
    for delta in deltas.iter().rev().chain(&deltas) {
        let taken = by_deltas.admit(delta);
        let fits = matches!(taken, Ok(_) | Err(Refused::OldLife));
        ensure(fits, || format!("I9: {delta:?} of a joinable table gives {taken:?}"))?;
    }
    ensure(by_deltas == xy && by_deltas.staged().count() == 0, || {
        "I9: deltas do not give what join gives".to_owned()
    })
}

/// I10: the clock is not behind any head held.
fn i10_clock(node: &Node) -> Check {
    let last = node.replica.last_timestamp();
    let heads = node.table().rows().map(|row| row.head().timestamp);
    let latest = heads.max().unwrap_or_default();
    ensure(latest <= last, || format!("I10: the clock is at {last:?}, a head at {latest:?}"))
}

/// I10: what is stamped too far ahead is refused, changes nothing and does not move the clock;
/// what was taken in moves it.
pub(crate) fn i10_skew(
    node: &Node,
    clock: Timestamp,
    before: &Table,
    delta: &Delta,
    outcome: &Result<Admission, Refused>,
) -> Check {
    let stamped = delta.head().timestamp;
    let too_far = stamped.to_unix() > node.wall + SKEW_MAX;
    let refused = matches!(outcome, Err(Refused::Clock(_)));
    ensure(too_far == refused, || format!("I10: {stamped:?} at {:?}: {outcome:?}", node.wall))?;
    let last = node.replica.last_timestamp();
    let moved = if outcome.is_ok() { clock.max(stamped) } else { clock };
    ensure(last == moved, || format!("I10: the clock went from {clock:?} to {last:?}"))?;
    ensure(!refused || node.table() == before, || "I10: a refusal changed the table".to_owned())
}

/// I12: nothing that anybody held before the healing is missing after it.
pub(crate) fn i12_nothing_lost(
    held: &BTreeMap<RowId, Version>,
    nodes: &BTreeMap<Who, Node>,
) -> Check {
    nodes.values().try_for_each(|node| {
        let lost = held.iter().find(|(id, version)| node.table().version(**id) < **version);
        ensure(lost.is_none(), || format!("I12: lost {lost:?}"))
    })
}

/// I13: whatever a visible row depends on is held.
pub(crate) fn i13_dependencies(table: &Table) -> Check {
    table.rows().try_for_each(|row| {
        let mut on = row.head().dependencies.iter();
        let missing = on.find(|(on, at)| !holds(table, **on, at.version));
        ensure(missing.is_none(), || format!("I13: {:?} is shown without {missing:?}", row.id()))
    })
}

/// The rows that an operation says have grown are those that have, and a bookmark finds them. A
/// row may grow twice in one operation: by what came, and then by what had waited for that.
pub(crate) fn growth_is_what_grew(before: &Table, after: &Table, grown: &[Growth]) -> Check {
    let growths = after.rows().filter(|row| row.version() > before.version(row.id()));
    let grew: BTreeMap<RowId, Version> =
        growths.map(|row| (row.id(), before.version(row.id()))).collect();
    let mut said: BTreeMap<RowId, Version> = BTreeMap::new();
    for growth in grown {
        let from = said.entry(growth.id).or_insert(growth.from);
        *from = growth.from.min(*from);
    }
    ensure(grew == said, || format!("{grew:?} grew, and {grown:?} was said to"))?;
    let marked: BTreeSet<RowId> =
        after.changed_since(before.bookmark()).map(|row| row.id()).collect();
    ensure(marked.iter().eq(grew.keys()), || format!("{grew:?} grew, and {marked:?} was found"))?;
    let all: BTreeSet<RowId> =
        after.changed_since(Bookmark::default()).map(|row| row.id()).collect();
    ensure(all.len() == after.len(), || format!("only {all:?} can be found"))
}

/// An empty table of somebody who never writes.
pub(crate) fn observer() -> Table {
    Table::new(Life { replica: ReplicaId(0), epoch: 1 }, Limits::DEFAULT)
}

fn joined(tables: &[&Table]) -> Table {
    let mut joined = observer();
    for table in tables {
        joined.join(table);
    }
    joined
}

fn shows(table: &Table, id: RowId, version: Version) -> bool {
    let cell = table.row(id).and_then(|row| row.at(version));
    cell.is_some_and(|(_, cell)| cell.value.is_some()) && !is_killed(table, id, version)
}

fn is_killed(table: &Table, id: RowId, version: Version) -> bool {
    let kill = kill(id.life, version);
    table.rows_in(id.space).any(|row| row.get(&kill).is_some())
}

fn holds(table: &Table, id: RowId, version: Version) -> bool {
    table.version(id) >= version || is_superseded(table, id)
}

fn is_superseded(table: &Table, id: RowId) -> bool {
    let newest = table.rows_of(id.space, id.life.replica).next_back();
    id.space.is_ephemeral() && newest.is_some_and(|row| row.id().life > id.life)
}

/// The key of the cell that removes an insert, from the description of the format.
pub(crate) fn kill(life: Life, version: Version) -> Key {
    let mut key = vec![3];
    key.extend(life.replica.0.to_be_bytes());
    key.extend(life.epoch.to_be_bytes());
    key.extend(version.to_be_bytes());
    let bytes = codec::encode_to_vec(&Bytes::copy_from(&key)).expect("bytes can be encoded");
    codec::decode(&bytes).expect("a key is encoded as its bytes")
}
