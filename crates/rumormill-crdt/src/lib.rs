//! Replicated tables of single-writer rows, and the CRDTs that are ways to read them.
//!
//! The state of a population is one [`VvMap`]: a row per life and space, which only its owner
//! writes and everybody may copy. Every write takes the row's next version, so a
//! [`VersionVector`] is a complete digest: equal vectors, equal tables. The conflict-free types
//! ([`LwwRegister`], [`OrSet`], [`PnCounter`]) are pure functions of those rows. Each serves as a
//! value of its own and, through a [`Column`], as a typed part of a [`Table`] that a gossip node
//! replicates; the read rule behind both is the same code.
//!
//! ```
//! use rumormill_crdt::{Life, OrSet, ReplicaId};
//!
//! let mut ann = OrSet::<String>::new(Life { replica: ReplicaId(1), epoch: 1 });
//! let mut bob = OrSet::<String>::new(Life { replica: ReplicaId(2), epoch: 1 });
//! ann.insert(&"search".to_owned())?;
//! bob.join(&ann);
//! bob.remove(&"search".to_owned())?;
//! ann.join(&bob);
//! assert!(ann.read().is_empty());
//! # Ok::<(), rumormill_crdt::WriteError>(())
//! ```
//!
//! # What this crate does not do
//!
//! It moves no bytes, reads no clock and draws no random numbers: `rumormill-core` does the
//! gossip. It keeps no history: an overwritten value is gone. It gives no agreement: where two
//! replicas must never disagree, even for a moment, use a consensus protocol such as Raft. It
//! carries signatures of heads and digests what they stand for, and leaves it to a [`HeadVerifier`] to
//! check them: without one a member can claim anything in anybody's name.
#![no_std]

extern crate alloc;

pub mod codec;

mod admission;
mod before;
mod bytes;
mod cells;
mod clash;
mod clock;
mod column;
mod column_type;
mod columns;
mod content;
mod delta;
mod division;
mod hash;
mod head;
mod id;
mod key;
mod limits;
mod order;
mod refused;
mod replica;
mod retention;
mod row;
mod row_pool;
mod row_writer;
mod rows;
mod sequel;
mod staging;
mod stagings;
mod verifier;
mod version_vector;
mod vv_map;
mod whole_row;
mod writer;

pub use admission::{Admission, Growth, Progress};
pub use bytes::Bytes;
pub use cells::Cell;
pub use clash::{Clash, Found};
pub use clock::{Clock, ClockAhead, Timestamp};
pub use column::{Column, Element};
pub use column_type::ColumnType;
pub use columns::{
    distinct::Distinct,
    event_log::{Event, EventCursor, EventLog, Unread},
    g_counter::GCounter,
    histogram::{Distribution, Histogram},
    lww_register::LwwRegister,
    map::Map,
    min_max::MinMax,
    mv_register::MvRegister,
    or_set::OrSet,
    pn_counter::PnCounter,
    top_k::{HeavyHitter, Top, TopK},
    window_counter::WindowCounter,
};
pub use content::Content;
pub use delta::{DeltaCell, DeltaParts, RowDelta, Since};
pub use division::Division;
pub use hash::keyed_hash;
pub use head::{Dependency, Head, Signature};
pub use id::{Life, ReplicaId, RowId, Space, Version};
pub use key::{Key, KeyKind};
pub use limits::Limits;
pub use refused::Refused;
pub use replica::Replica;
pub use retention::{Horizon, PerSpace, Retention};
pub use row::Row;
pub use row_pool::RowPool;
pub use row_writer::RowWriter;
pub use rows::Change;
pub use sequel::{Sequel, Unfit};
pub use verifier::{Candidate, HeadVerifier};
pub use version_vector::VersionVector;
pub use vv_map::{Bookmark, Dropped, Share, VvMap};
pub use whole_row::WholeRow;
pub use writer::{EditStep, WriteError, Writer};

/// A replicated table of byte keys and byte values: what a node gossips and columns read.
pub type Table = VvMap<Key, Bytes>;

/// For code made by `#[derive(Columns)]`, which cannot know whether its crate has `std`.
#[doc(hidden)]
pub mod __private {
    pub use alloc::vec::Vec;
}
