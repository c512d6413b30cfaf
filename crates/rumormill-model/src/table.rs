//! Two or three replicas and all that they write: a set with one element, a counter, a register.
//!
//! Everybody adds, removes, counts, writes, collects, forgets, restarts with its disk, with what
//! was saved of it at some time, or without a disk, each time as a new life. Whoever shows a row
//! may send it whole; it arrives at anybody, any number of times, at any time, until it is lost.
//! Anybody may also join the whole table of somebody else at once.
//!
//! Checked at each admission: I2, I4 and, per copy, I8. Checked in each state: what everybody
//! reads is what the edits heard of say; I6, I7, I10 and I13; and that all ends well: when
//! everybody reaches everybody and collects until nothing moves, all hold the same rows, nothing
//! that anybody held is missing (I12), and what is read is what those edits say.

mod healing;
mod history;
mod node;

use rumormill_crdt::{Bytes, Key, Life, ReplicaId, Row, RowDelta};

use self::{
    healing::Healed,
    history::{Act, Disk, History, What},
    node::{Node, Shown},
};
use crate::{
    admission::named,
    digest::{Digest, Print},
    explore::{Broken, Check, Model, ensure},
    interned::{FixedMap, Interned, Number},
    pieces::pieces,
};

type Delta = RowDelta<Key, Bytes>;

const REPLICAS_MAX: usize = 3;
const IN_FLIGHT_MAX: usize = 2;
const NOTHING: Number = Number::MAX;

/// How far an exploration of a table goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableBounds {
    /// How many replicas there are; at most three.
    pub replicas: usize,
    /// How often the element is added, by anybody.
    pub adds: usize,
    /// How often the element is removed.
    pub removes: usize,
    /// How often the counter is counted up.
    pub counts: usize,
    /// How often the register is written.
    pub writes: usize,
    /// How often somebody forgets its tombstones.
    pub forgets: usize,
    /// How often somebody saves its table to its disk.
    pub saves: usize,
    /// How many processes end and start again.
    pub restarts: usize,
    /// How often somebody evicts somebody else.
    pub evicts: usize,
    /// How many messages may be in flight at a time; at most two.
    pub in_flight: usize,
    /// Whether rows are also sent in pieces: any interval of their versions.
    pub pieces: bool,
}

/// A table and its replicas.
#[derive(Debug)]
pub struct Tables {
    bounds: TableBounds,
    nodes: Interned<Node>,
    messages: Interned<Delta>,
    histories: Interned<History>,
    /// The digest of every row that an owner ever left, by that of its head.
    left: FixedMap<Print, Print>,
    /// What a step of one replica leads to.
    acted: FixedMap<(Number, Number, Act), Option<(Number, Number)>>,
    admitted: FixedMap<(Number, Number), Number>,
    joined: FixedMap<(Number, Number), Number>,
    collected: FixedMap<Number, Number>,
    healed: FixedMap<[Number; REPLICAS_MAX], Healed>,
    /// Copies that read what this history says.
    truthful: FixedMap<(Number, Number), ()>,
    /// Replicas that, when healed, read what this history says.
    reading: FixedMap<([Number; REPLICAS_MAX], Number), ()>,
}

/// Who holds what, what was done so far, and what is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableWorld {
    nodes: [Number; REPLICAS_MAX],
    history: Number,
    /// In ascending order, so that worlds do not differ in the order of sending.
    in_flight: [Number; IN_FLIGHT_MAX],
}

/// What can happen to a table.
#[derive(Clone, Copy, Debug)]
pub struct TableStep(Step);

#[derive(Clone, Copy, Debug)]
enum Step {
    Act { who: usize, act: Act },
    Send { who: usize, message: Number },
    Arrive { message: Number, who: usize },
    Lose(Number),
    Join { from: usize, to: usize },
}

impl Tables {
    /// Replicas that know nothing.
    #[must_use]
    pub fn new(bounds: TableBounds) -> Self {
        assert!(bounds.replicas <= REPLICAS_MAX, "a world has room for three replicas");
        assert!(bounds.in_flight <= IN_FLIGHT_MAX, "a world has room for two messages");
        Self {
            bounds,
            nodes: Interned::new(),
            messages: Interned::new(),
            histories: Interned::new(),
            left: FixedMap::default(),
            acted: FixedMap::default(),
            admitted: FixedMap::default(),
            joined: FixedMap::default(),
            collected: FixedMap::default(),
            healed: FixedMap::default(),
            truthful: FixedMap::default(),
            reading: FixedMap::default(),
        }
    }

    /// Timestamps matter where registers are written, and only there.
    fn digest(&self) -> Digest {
        Digest::new(self.bounds.writes > 0)
    }

    fn replicas(&self) -> std::ops::Range<usize> {
        0..self.bounds.replicas
    }

    fn number(&mut self, mut node: Node) -> Result<Number, Broken> {
        let print = node.print(self.digest());
        if let Some(number) = self.nodes.number_of(print) {
            return Ok(number);
        }
        node.check(self.bounds.writes > 0)?;
        let rows: Vec<_> = node.replica.table().rows().cloned().collect();
        for row in rows {
            let print = self.leave(node.life(), &row)?;
            let Some(whole) = row.delta_since(0, usize::MAX) else { continue };
            let whole = self.number_message(whole);
            node.shows.push(Shown { id: row.id(), version: row.version(), print, whole });
            node.sends.push(whole);
            if self.bounds.pieces {
                for piece in pieces(&row)? {
                    node.sends.push(self.number_message(piece));
                }
            }
        }
        node.sends.sort_unstable();
        node.sends.dedup();
        Ok(self.nodes.number(print, || node).0)
    }

    fn number_message(&mut self, delta: Delta) -> Number {
        let print = self.digest().delta(&delta).finish();
        self.messages.number(print, || delta).0
    }

    /// I3: notes a row as its owner left it, or checks that a copy shows it as that.
    fn leave(&mut self, life: Life, row: &Row<Key, Bytes>) -> Result<Print, Broken> {
        let id = row.id();
        let head = self.digest().add(id).head(row.head()).finish();
        let print = self.digest().row(row).finish();
        if id.life == life {
            self.left.entry(head).or_insert(print);
        }
        ensure(self.left.get(&head) == Some(&print), || {
            format!("I3: {} v{} is not as its owner left it", name(id.life), row.version())
        })?;
        Ok(print)
    }

    fn number_history(&mut self, history: History) -> Number {
        self.histories.number(history.print(), || history).0
    }

    /// Nothing if it changes nothing.
    fn act(
        &mut self,
        node: Number,
        history: Number,
        act: Act,
    ) -> Result<Option<(Number, Number)>, Broken> {
        if let Some(known) = self.acted.get(&(node, history, act)) {
            return Ok(*known);
        }
        let acted = self.nodes[node].act(act, &self.histories[history])?;
        let after = match acted {
            None => None,
            Some((node, history)) => Some((self.number(node)?, self.number_history(history))),
        };
        self.acted.insert((node, history, act), after);
        Ok(after)
    }

    fn admit(&mut self, node: Number, message: Number) -> Result<Number, Broken> {
        if let Some(known) = self.admitted.get(&(node, message)) {
            return Ok(*known);
        }
        let after = self.nodes[node].admit(&self.messages[message])?;
        let after = self.number(after)?;
        self.admitted.insert((node, message), after);
        Ok(after)
    }

    fn join(&mut self, node: Number, other: Number) -> Result<Number, Broken> {
        if let Some(known) = self.joined.get(&(node, other)) {
            return Ok(*known);
        }
        let after = self.nodes[node].join(&self.nodes[other].replica)?;
        let after = self.number(after)?;
        self.joined.insert((node, other), after);
        Ok(after)
    }

    /// Checks that a copy reads what the edits heard of say.
    fn reads_what_it_heard(&mut self, node: Number, history: Number) -> Check {
        if self.truthful.contains_key(&(node, history)) {
            return Ok(());
        }
        let edits = self.histories[history].heard(&self.nodes[node].replica);
        let (read, expected) = (&self.nodes[node].read, history::specified(&edits));
        ensure(*read == expected, || {
            let who = name(self.nodes[node].life());
            format!("specification: {who} reads {read}, the edits it heard of say {expected}")
        })?;
        self.truthful.insert((node, history), ());
        Ok(())
    }

    /// I6: a row has one content at a version, and who shows the same rows reads the same.
    fn i6_function(&self, nodes: &[Number]) -> Check {
        for one in nodes.iter().map(|node| &self.nodes[*node]) {
            for other in nodes.iter().map(|node| &self.nodes[*node]) {
                let contradicted = |row: &&Shown| other.shows.iter().any(|it| row.contradicts(it));
                let row = one.shows.iter().find(contradicted);
                ensure(row.is_none(), || format!("I6: two contents of {row:?}"))?;
                ensure(one.shows != other.shows || one.read == other.read, || {
                    let (one, other) = (name(one.life()), name(other.life()));
                    format!("I6: {one} and {other} show the same rows and read differently")
                })?;
            }
        }
        Ok(())
    }
}

impl Model for Tables {
    type World = TableWorld;
    type Step = TableStep;

    fn start(&mut self) -> Result<TableWorld, Broken> {
        let mut nodes = [NOTHING; REPLICAS_MAX];
        for who in self.replicas() {
            let replica = ReplicaId(who as u64 + 1);
            nodes[who] = self.number(Node::new(Life { replica, epoch: 1 }))?;
        }
        let history = self.number_history(History::default());
        Ok(TableWorld { nodes, history, in_flight: [NOTHING; IN_FLIGHT_MAX] })
    }

    fn steps(&self, world: &TableWorld, steps: &mut Vec<TableStep>) {
        let acts = self.histories[world.history].allowed(&self.bounds);
        for who in self.replicas() {
            steps.extend(acts.iter().map(|act| TableStep(Step::Act { who, act: *act })));
            let others = self.replicas().filter(|from| *from != who);
            steps.extend(others.map(|from| TableStep(Step::Join { from, to: who })));
        }
        let in_flight = world.in_flight.iter().filter(|message| **message != NOTHING);
        if in_flight.clone().count() < self.bounds.in_flight {
            let sends = |who: usize| {
                let sends = &self.nodes[world.nodes[who]].sends;
                sends.iter().map(move |message| (*message, who))
            };
            let mut sends: Vec<(Number, usize)> = self.replicas().flat_map(sends).collect();
            sends.sort_unstable();
            sends.dedup_by_key(|(message, _)| *message);
            sends.retain(|(message, _)| !world.in_flight.contains(message));
            let send = |(message, who)| TableStep(Step::Send { who, message });
            steps.extend(sends.into_iter().map(send));
        }
        for &message in in_flight {
            let arrive = |who| TableStep(Step::Arrive { message, who });
            steps.extend(self.replicas().map(arrive));
            steps.push(TableStep(Step::Lose(message)));
        }
    }

    fn take(
        &mut self,
        world: &TableWorld,
        TableStep(step): TableStep,
    ) -> Result<Option<TableWorld>, Broken> {
        let mut after = *world;
        match step {
            Step::Act { who, act } => {
                let acted = self.act(world.nodes[who], world.history, act)?;
                let Some((node, history)) = acted else { return Ok(None) };
                after.nodes[who] = node;
                after.history = history;
            }
            Step::Send { message, .. } => after.replace(NOTHING, message),
            Step::Arrive { message, who } => {
                after.nodes[who] = self.admit(world.nodes[who], message)?;
            }
            Step::Lose(message) => after.replace(message, NOTHING),
            Step::Join { from, to } => {
                after.nodes[to] = self.join(world.nodes[to], world.nodes[from])?;
            }
        }
        Ok((after != *world).then_some(after))
    }

    fn check(&mut self, world: &TableWorld) -> Check {
        let nodes = &world.nodes[..self.bounds.replicas];
        for node in nodes {
            self.reads_what_it_heard(*node, world.history)?;
        }
        self.i6_function(nodes)?;
        self.ends_well(world)
    }

    fn identity(&self, world: &TableWorld) -> TableWorld {
        *world
    }

    fn describe(&self, TableStep(step): TableStep, after: Option<&TableWorld>) -> String {
        let stands = |who: usize| match after {
            Some(world) => self.nodes[world.nodes[who]].standing(),
            None => "?".to_owned(),
        };
        let message = |message: Number| {
            let delta = &self.messages[message];
            let mut said = format!("{}'s {}", name(delta.id().life), named(delta));
            for (on, at) in &delta.head().dependencies {
                said += &format!(", depending on {} v{}", name(on.life), at.version);
            }
            said
        };
        match step {
            Step::Act { who, act } => format!("{} {act}: it holds {}", letter(who), stands(who)),
            Step::Send { who, message: sent } => format!("{} sends {}", letter(who), message(sent)),
            Step::Arrive { message: arrived, who } => {
                format!("{} arrives at {}: it holds {}", message(arrived), letter(who), stands(who))
            }
            Step::Lose(lost) => format!("{} is lost", message(lost)),
            Step::Join { from, to } => {
                let (from, to, stands) = (letter(from), letter(to), stands(to));
                format!("{to} joins the table of {from}: it holds {stands}")
            }
        }
    }
}

impl TableWorld {
    fn replace(&mut self, old: Number, new: Number) {
        if let Some(slot) = self.in_flight.iter_mut().find(|slot| **slot == old) {
            *slot = new;
        }
        self.in_flight.sort_unstable();
    }
}

fn letter(who: usize) -> char {
    ['a', 'b', 'c'][who]
}

/// A replica's letter; its later lives have the number of the life behind it.
fn name(life: Life) -> String {
    let letter = usize::try_from(life.replica.0 - 1).map_or('?', letter);
    if life.epoch == 1 { letter.to_string() } else { format!("{letter}{}", life.epoch) }
}
