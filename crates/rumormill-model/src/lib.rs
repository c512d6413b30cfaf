//! An exhaustive check of the rules of rows: every state that small populations can reach, with
//! the code of `rumormill-crdt` as the transition function.
//!
//! There are two models. [`Rows`] is one row on its way from its owner to two copies, in every
//! interval of its versions. [`Tables`] is a set, a counter and a register written by two or
//! three replicas that collect, forget and restart. Both let messages be late, come again and be
//! lost. [`explore`] visits their states breadth first and checks the invariants of
//! `docs/architecture.md` in each; what breaks is shown as the shortest trace there is.
//!
//! ```
//! use rumormill_model::{Rows, RowsBounds, Verdict, explore};
//!
//! let found = explore(&mut Rows::new(RowsBounds { writes: 2, in_flight: 1 }), usize::MAX);
//! assert_eq!(found.verdict, Verdict::Exhausted);
//! ```
//!
//! # How it is fast
//!
//! A world is a handful of numbers, each of which stands for a part (a replica, a message, a
//! history) that is kept once. What the code under test makes of a part and a message is worked
//! out once and then looked up, so that a state costs a few microseconds. This is sound as long
//! as the code is a function of what a part's digest covers; `digest` says what is left out. Parts
//! are told apart by 128 bits, worlds exactly.
//!
//! # What it does not do
//!
//! It proves nothing beyond its bounds: the few writes, messages and restarts that
//! [`Configuration`] lists. Not modelled: eviction, retention, ephemeral spaces, limits, skewed
//! clocks, bytes, and replicas that lie.

mod admission;
mod configurations;
mod digest;
mod explore;
mod interned;
mod pieces;
mod rows;
mod table;

pub use configurations::Configuration;
pub use explore::{Broken, Check, Exploration, Model, Verdict, explore};
pub use rows::{Rows, RowsBounds, RowsStep, RowsWorld};
pub use table::{TableBounds, TableStep, TableWorld, Tables};
