//! A law kit for CRDTs: histories of many replicas, generated, shortened when something breaks,
//! and checked against a specification.
//!
//! Join laws on values made independently prove little: a set whose `remove` does nothing is
//! associative, commutative and idempotent. So the kit lets replicas live: they edit, hear from
//! each other in full and in part, lose messages, get them twice, late, out of order and astray,
//! collect, start again with their disk, with an old one and without, edit blindly, come, go and are
//! evicted.
//! After every step it asks whether what is read is what the specification, a function of the
//! edits heard of, says; and whether the laws hold on the states that were reached.
//!
//! # A type in twenty lines
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use rumormill_crdt::Life;
//! use rumormill_laws::{Crdt, Heard, laws_of};
//!
//! /// A counter: a total for each life.
//! #[derive(Clone)]
//! struct Counter(Life, BTreeMap<Life, u64>);
//!
//! impl Crdt for Counter {
//!     type Edit = u8;
//!     type Read = u64;
//!
//!     fn new(life: Life) -> Self {
//!         Self(life, BTreeMap::new())
//!     }
//!     fn edit(&mut self, by: &u8) {
//!         *self.1.entry(self.0).or_default() += u64::from(*by);
//!     }
//!     fn join(&mut self, other: &Self) {
//!         for (life, total) in &other.1 {
//!             let known = self.1.entry(*life).or_default();
//!             *known = (*known).max(*total);
//!         }
//!     }
//!     fn read(&self) -> u64 {
//!         self.1.values().sum()
//!     }
//!     fn specified(heard: &Heard<'_, u8>) -> u64 {
//!         heard.edits().map(|it| u64::from(*it.edit())).sum()
//!     }
//! }
//!
//! laws_of::<Counter>(0..9u8).check();
//! ```
//!
//! The argument is a proptest strategy for edits. [`Laws::check`] panics with the shortest history
//! that breaks a law. Say what else the type can do and more is checked: [`Laws::deltas`],
//! [`Laws::wire`], [`Laws::sizes`], [`Laws::collection`], [`Laws::removal`], [`Laws::eviction`]. Types that are ways to
//! read a table of rows, single columns or whole structs of them, implement [`Columns`] and are
//! checked for all of it by [`laws_of_rows`].
//!
//! # What a failure prints
//!
//! A set whose `remove` leaves no trace. It obeys the laws of joins, and whoever has not heard of
//! the remove brings the element back:
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use proptest::prelude::*;
//! use rumormill_crdt::Life;
//! use rumormill_laws::{Crdt, Heard, laws_of};
//!
//! #[derive(Clone)]
//! struct Tags(BTreeSet<u8>);
//!
//! #[derive(Clone, Debug)]
//! enum Edit {
//!     Insert(u8),
//!     Remove(u8),
//! }
//!
//! impl Crdt for Tags {
//!     type Edit = Edit;
//!     type Read = BTreeSet<u8>;
//!
//!     fn new(_: Life) -> Self {
//!         Self(BTreeSet::new())
//!     }
//!     fn edit(&mut self, edit: &Edit) {
//!         match edit {
//!             Edit::Insert(tag) => self.0.insert(*tag),
//!             Edit::Remove(tag) => self.0.remove(tag),
//!         };
//!     }
//!     fn join(&mut self, other: &Self) {
//!         self.0.extend(&other.0);
//!     }
//!     fn read(&self) -> BTreeSet<u8> {
//!         self.0.clone()
//!     }
//!     /// The elements of which some insert was seen by no remove.
//!     fn specified(heard: &Heard<'_, Edit>) -> BTreeSet<u8> {
//!         let standing = heard.edits().filter_map(|insert| {
//!             let Edit::Insert(tag) = insert.edit() else { return None };
//!             let mut later = insert.observers();
//!             let removed = later.any(|it| matches!(it.edit(), Edit::Remove(it) if it == tag));
//!             (!removed).then_some(*tag)
//!         });
//!         standing.collect()
//!     }
//! }
//!
//! let edits = prop_oneof![(0..3u8).prop_map(Edit::Insert), (0..3u8).prop_map(Edit::Remove)];
//! let failure = laws_of::<Tags>(edits).seed(0).run().unwrap_err();
//! assert!(failure.to_string().starts_with("\
//! refinement: b reads {0}, and what it has heard of specifies {}
//!
//!    1  a edits Insert(0)   a reads {0}
//!    2  a and b meet        a reads {0}
//!    3  a edits Remove(0)   a reads {}
//!  end  b hears all from a  b reads {0}
//!
//! 3 steps of 62, in history 1
//! "));
//! ```
//!
//! A line is a step, and what its replica reads after it; lines marked `end` come from the end of
//! every history, when everybody hears from everybody until nothing moves, and everything that was
//! sent and has not arrived does. The last line of a failure, left out above, is the command that
//! runs this history again.
//!
//! # What is checked
//!
//! [`Check`] lists the checks. For each there is a type in `tests/broken` that it alone catches.
//! All of them are made in every history, on every replica that takes part in a step, and in at
//! least 2,000 histories a type. `RUMORMILL_HISTORIES=1000000` asks for more, `RUMORMILL_SEED` for
//! others: the same seed gives the same history. [`Laws::story`] takes a type through a history
//! that you write down.
//!
//! What a replica has heard of is not the kit's guess. Whole states carry all that their sender
//! had heard of; of types with deltas, the [`Digest`] says it, and a digest that says too much or
//! too little is found out by the reads. Where parts travel one by one, as rows do, a replica may
//! hear of an edit and not of those its author had heard of; [`HeardEdit::saw`],
//! [`HeardEdit::follows`] and [`HeardEdit::observers`] tell these apart.
//!
//! # What this crate does not do
//!
//! It proves nothing: it samples. Small populations are exhausted by `rumormill-model`. It has no
//! network and no clock: a type that wants the time gets it in its edits or from its life. It does
//! not measure speed. It knows no eviction and no retention, so what is forgotten must stay
//! invisible to readers. A specification that repeats the mistake of the type agrees with it.

mod check;
mod checks;
mod crdt;
mod deltas;
mod edit_set;
mod heard;
mod history;
mod laws;
mod report;
mod rows;
mod run;
mod step;
mod tally;
mod trace;
mod transfer;
mod wire;
mod world;

pub use check::Check;
pub use crdt::{Collects, Crdt, Evicts};
pub use deltas::{Deltas, Digest, Mark};
pub use heard::{EditId, Heard, HeardEdit};
pub use laws::{Laws, laws_of};
pub use report::{Failure, Report};
pub use rows::{Columns, Rows, laws_of_rows};
pub use step::{Disk, Step, Who};
pub use transfer::{ByDelta, ByState, Transfer};
pub use wire::{Accounted, Wire};
