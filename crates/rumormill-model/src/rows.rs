//! One row on its way: its owner, two copies that also pass it on to each other, two keys.
//!
//! The owner sets, erases and forgets. Whoever shows the row may send any interval of its
//! versions. What was sent arrives at either copy, any number of times, at any time, until it is
//! lost. A copy may give up on what it has staged at any time.
//!
//! Checked at each admission: I2, I3, I4. Checked in each state: I5, I6, and that nobody is stuck: each
//! copy reaches the owner's row by asking for what it lacks, in whole deltas and in pieces of one
//! version, without giving up on anything; and if the owner is gone, the copies give up and then
//! reach the greatest row that any of them shows.

use std::sync::Arc;

use rumormill_crdt::{Life, Limits, ReplicaId, Row, RowDelta, RowId, Space, Timestamp, VvMap};

use crate::{
    admission::{i2_monotone, i4_admission, named, standing},
    digest::{Digest, Print},
    explore::{Broken, Check, Model, ensure},
    interned::{FixedMap, Interned, Number},
    pieces::{Cut, next, pieces},
};

type CellTable = VvMap<u8, u8>;
type CellRow = Row<u8, u8>;
type CellDelta = RowDelta<u8, u8>;

const OWNER: Life = Life { replica: ReplicaId(1), epoch: 1 };
const ROW: RowId = RowId { space: Space::SHARED, life: OWNER };
const KEYS: [u8; 2] = [0, 1];
const COPIES: usize = 2;
const IN_FLIGHT_MAX: usize = 3;
const NOTHING: Number = Number::MAX;

/// How far an exploration of one row goes.
#[derive(Clone, Copy, Debug)]
pub struct RowsBounds {
    /// How many writes the owner makes.
    pub writes: u64,
    /// How many messages may be in flight at a time; at most three.
    pub in_flight: usize,
}

/// One row, its owner and two copies.
#[derive(Debug)]
pub struct Rows {
    bounds: RowsBounds,
    tables: Interned<Standing>,
    messages: Interned<CellDelta>,
    /// The table that each write of an owner leads to.
    written: FixedMap<(Number, Write), Option<Number>>,
    /// The table that each message turns each copy into.
    admitted: FixedMap<(Number, Number), Number>,
    given_up: FixedMap<Number, Number>,
    /// Every row that an owner ever left, by its head.
    left: FixedMap<Print, Arc<CellRow>>,
    /// Pairs of a source and a copy that is known to reach it.
    reaching: FixedMap<(Number, Number), ()>,
}

/// A table, and what follows from it alone.
#[derive(Debug)]
struct Standing {
    table: CellTable,
    /// The version shown and the digest of its head.
    shown: (u64, Print),
    /// What it may send.
    sends: Vec<Number>,
}

/// Who holds what, and what is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowsWorld {
    owner: Number,
    copies: [Number; COPIES],
    /// In ascending order, so that worlds do not differ in the order of sending.
    in_flight: [Number; IN_FLIGHT_MAX],
}

/// What an owner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Write {
    Set(u8),
    Erase(u8),
    Forget(u64),
}

/// What can happen to a row.
#[derive(Clone, Copy, Debug)]
pub struct RowsStep(Step);

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(Write),
    Send(Number),
    Arrive { message: Number, copy: usize },
    Lose(Number),
    GiveUp(usize),
}

impl Rows {
    /// A row that nothing was written to.
    #[must_use]
    pub fn new(bounds: RowsBounds) -> Self {
        assert!(bounds.in_flight <= IN_FLIGHT_MAX, "a world has room for three messages");
        Self {
            bounds,
            tables: Interned::new(),
            messages: Interned::new(),
            written: FixedMap::default(),
            admitted: FixedMap::default(),
            given_up: FixedMap::default(),
            left: FixedMap::default(),
            reaching: FixedMap::default(),
        }
    }

    fn number(&mut self, table: CellTable) -> Result<Number, Broken> {
        let is_owner = table.life() == OWNER;
        let print = Digest::new(false).add(is_owner).table(&table).finish();
        if let Some(number) = self.tables.number_of(print) {
            return Ok(number);
        }
        let mut shown = (0, 0);
        let mut sends = Vec::new();
        if let Some(row) = table.row(ROW) {
            shown = (row.version(), head_print(row));
            for piece in pieces(row)? {
                let print = Digest::new(false).delta(&piece).finish();
                sends.push(self.messages.number(print, || piece).0);
            }
            sends.sort_unstable();
            sends.dedup();
        }
        Ok(self.tables.number(print, || Standing { table, shown, sends }).0)
    }

    /// Nothing if the write changes nothing.
    fn write(&mut self, owner: Number, write: Write) -> Result<Option<Number>, Broken> {
        if let Some(known) = self.written.get(&(owner, write)) {
            return Ok(*known);
        }
        let mut table = self.tables[owner].table.clone();
        let version = table.version(ROW);
        let mut writer = table.write(Space::SHARED, Timestamp(version + 1));
        let wrote = match write {
            Write::Set(key) => writer.set(key, u8::try_from(version).unwrap_or(u8::MAX)) > 0,
            Write::Erase(key) => writer.erase(&key),
            Write::Forget(before) => writer.forget(before),
        };
        let mut after = None;
        if wrote {
            ensure(table.version(ROW) == version + 1, || {
                format!("I1: {write:?} at v{version} led to v{}", table.version(ROW))
            })?;
            i2_monotone(&self.tables[owner].table, &table)?;
            if let Some(row) = table.row(ROW) {
                self.leave(row)?;
            }
            after = Some(self.number(table)?);
        }
        self.written.insert((owner, write), after);
        Ok(after)
    }

    /// Notes a row as its owner left it.
    fn leave(&mut self, row: &Arc<CellRow>) -> Check {
        let known = self.left.entry(head_print(row)).or_insert_with(|| row.clone());
        ensure(**known == **row, || format!("I6: one head, two contents: {known:?}, {row:?}"))
    }

    fn admit(&mut self, copy: Number, message: Number) -> Result<Number, Broken> {
        if let Some(known) = self.admitted.get(&(copy, message)) {
            return Ok(*known);
        }
        let delta = &self.messages[message];
        let after = self.admit_delta(&self.tables[copy].table, delta)?;
        let after = self.number(after)?;
        self.admitted.insert((copy, message), after);
        Ok(after)
    }

    /// Lets the code take in a delta, and checks what became of it.
    fn admit_delta(&self, before: &CellTable, delta: &CellDelta) -> Result<CellTable, Broken> {
        let mut after = before.clone();
        let outcome = after.admit(delta);
        i4_admission(before, &after, delta, &outcome)?;
        i2_monotone(before, &after)?;
        if let Some(row) = after.row(ROW) {
            let left = self.left.get(&head_print(row));
            ensure(left.is_some_and(|left| left == row), || {
                format!("I3: a copy shows\n{row:?}\nits owner left\n{left:?}")
            })?;
        }
        Ok(after)
    }

    fn give_up(&mut self, copy: Number) -> Result<Number, Broken> {
        if let Some(known) = self.given_up.get(&copy) {
            return Ok(*known);
        }
        let mut table = self.tables[copy].table.clone();
        table.drop_staging(ROW);
        let after = self.number(table)?;
        self.given_up.insert(copy, after);
        Ok(after)
    }

    /// Checks that a copy reaches what `source` shows by asking for what it lacks.
    fn reaches(&mut self, source: Number, copy: Number) -> Check {
        if self.reaching.contains_key(&(source, copy)) {
            return Ok(());
        }
        let Some(row) = self.tables[source].table.row(ROW).cloned() else { return Ok(()) };
        for cut in [Cut::Whole, Cut::EveryVersion] {
            let mut table = self.tables[copy].table.clone();
            // Every piece covers another version, and a copy starts over at most once.
            for _ in 0..3 * row.version() {
                let Some(delta) = next(&row, table.wanted_from(ROW), cut)? else { break };
                let admitted = self.admit_delta(&table, &delta);
                table = admitted.map_err(|why| why.when("a copy asks for what it lacks"))?;
            }
            ensure(table.row(ROW) == Some(&row), || {
                let stands = standing(&self.tables[copy].table, ROW);
                let ends = standing(&table, ROW);
                format!(
                    "stuck: a copy at {stands} asks for v{} in deltas cut {cut:?} and gets to {ends}",
                    row.version()
                )
            })?;
        }
        self.reaching.insert((source, copy), ());
        Ok(())
    }
}

impl Model for Rows {
    type World = RowsWorld;
    type Step = RowsStep;

    fn start(&mut self) -> Result<RowsWorld, Broken> {
        let owner = self.number(CellTable::new(OWNER, Limits::DEFAULT))?;
        let life = Life { replica: ReplicaId(2), epoch: 1 };
        let copy = self.number(CellTable::new(life, Limits::DEFAULT))?;
        Ok(RowsWorld { owner, copies: [copy; COPIES], in_flight: [NOTHING; IN_FLIGHT_MAX] })
    }

    fn steps(&self, world: &RowsWorld, steps: &mut Vec<RowsStep>) {
        let owner = &self.tables[world.owner];
        let version = owner.shown.0;
        if version < self.bounds.writes {
            // The keys differ in name alone: the one that is set first is the first.
            let keys = if version == 0 { &KEYS[..1] } else { &KEYS };
            let sets = keys.iter().map(|key| Write::Set(*key));
            let erases = keys.iter().map(|key| Write::Erase(*key));
            let writes = sets.chain(erases).chain((1..=version + 2).map(Write::Forget));
            steps.extend(writes.map(|write| RowsStep(Step::Write(write))));
        }
        let in_flight = world.in_flight.iter().filter(|message| **message != NOTHING);
        if in_flight.clone().count() < self.bounds.in_flight {
            let [b, c] = world.copies.map(|copy| &self.tables[copy].sends);
            let mut sends: Vec<_> = owner.sends.iter().chain(b).chain(c).copied().collect();
            sends.sort_unstable();
            sends.dedup();
            sends.retain(|message| !world.in_flight.contains(message));
            steps.extend(sends.into_iter().map(|message| RowsStep(Step::Send(message))));
        }
        for &message in in_flight {
            let copies = 0..COPIES;
            steps.extend(copies.map(|copy| RowsStep(Step::Arrive { message, copy })));
            steps.push(RowsStep(Step::Lose(message)));
        }
        let staging =
            |copy: &usize| self.tables[world.copies[*copy]].table.staged().next().is_some();
        let gives_up = (0..COPIES).filter(staging);
        steps.extend(gives_up.map(|copy| RowsStep(Step::GiveUp(copy))));
    }

    fn take(
        &mut self,
        world: &RowsWorld,
        RowsStep(step): RowsStep,
    ) -> Result<Option<RowsWorld>, Broken> {
        let mut after = *world;
        match step {
            Step::Write(write) => {
                let Some(owner) = self.write(world.owner, write)? else { return Ok(None) };
                after.owner = owner;
            }
            Step::Send(message) => after.replace(NOTHING, message),
            Step::Arrive { message, copy } => {
                after.copies[copy] = self.admit(world.copies[copy], message)?;
            }
            Step::Lose(message) => after.replace(message, NOTHING),
            Step::GiveUp(copy) => after.copies[copy] = self.give_up(world.copies[copy])?,
        }
        Ok((after != *world).then_some(after))
    }

    fn check(&mut self, world: &RowsWorld) -> Check {
        let [b, c] = world.copies;
        let shown = [world.owner, b, c].map(|table| self.tables[table].shown);
        for (version, head) in shown {
            let differs = shown.iter().any(|other| other.0 == version && other.1 != head);
            ensure(!differs, || format!("I6: v{version} is shown with two contents"))?;
            ensure(version <= shown[0].0, || format!("I1: a copy shows v{version}"))?;
        }
        self.reaches(world.owner, b)?;
        self.reaches(world.owner, c)?;
        for (one, other) in [(b, c), (c, b)] {
            if self.tables[one].shown.0 > self.tables[other].shown.0 {
                let other = self.give_up(other)?;
                self.reaches(one, other)?;
            }
        }
        Ok(())
    }

    /// The copies differ in name alone.
    fn identity(&self, world: &RowsWorld) -> RowsWorld {
        let mut identity = *world;
        identity.copies.sort_unstable();
        identity
    }

    fn describe(&self, RowsStep(step): RowsStep, after: Option<&RowsWorld>) -> String {
        let name = |copy: usize| ["b", "c"][copy];
        let stands = |copy: usize| match after {
            Some(world) => standing(&self.tables[world.copies[copy]].table, ROW),
            None => "?".to_owned(),
        };
        let message = |message: Number| named(&self.messages[message]);
        match step {
            Step::Write(write) => {
                let version = after.map_or(0, |world| self.tables[world.owner].shown.0);
                let what = match write {
                    Write::Set(key) => format!("sets {}", ["k", "l"][usize::from(key)]),
                    Write::Erase(key) => format!("erases {}", ["k", "l"][usize::from(key)]),
                    Write::Forget(before) => format!("forgets up to v{before}"),
                };
                format!("a {what} (v{version})")
            }
            Step::Send(sent) => format!("{} is sent", message(sent)),
            Step::Arrive { message: arrived, copy } => {
                format!("{} arrives: {} shows {}", message(arrived), name(copy), stands(copy))
            }
            Step::Lose(lost) => format!("{} is lost", message(lost)),
            Step::GiveUp(copy) => format!("{} gives up: it shows {}", name(copy), stands(copy)),
        }
    }
}

impl RowsWorld {
    fn replace(&mut self, old: Number, new: Number) {
        if let Some(slot) = self.in_flight.iter_mut().find(|slot| **slot == old) {
            *slot = new;
        }
        self.in_flight.sort_unstable();
    }
}

fn head_print(row: &CellRow) -> Print {
    Digest::new(false).head(row.head()).finish()
}
