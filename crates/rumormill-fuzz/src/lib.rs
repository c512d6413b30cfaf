//! What the fuzz targets do, so that their corpora replay without a fuzzer, and bytes of a corpus are
//! spoiled without one.
//!
//! Each [`Target`] is fed bytes of a stranger: whatever they are, nothing panics or hangs, what is decoded encodes
//! to the same bytes, and what is refused changes nothing.
#![allow(clippy::missing_panics_doc, reason = "a target panics where its claim does not hold")]

mod mutations;
mod nodes;
mod targets;

pub use self::{
    mutations::Mutations,
    nodes::{busy_node, busy_sealed_node, conversation, frame, sealed_conversation},
    targets::{Target, all, named},
};
