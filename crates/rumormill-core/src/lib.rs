//! A sans-IO gossip node: membership, rumors and anti-entropy over a replicated table.
//!
//! [`Node`] is a state machine. Bytes, time and a seed come in; bytes, events and one deadline go
//! out. It opens no socket, reads no clock, spawns nothing and blocks on nothing, so it runs in
//! any event loop, in a simulator and without an operating system. What it replicates, and how
//! concurrent edits resolve, is in [`rumormill_crdt`].
//!
//! # Writing an event loop
//!
//! 1. Hand each datagram to [`Node::handle_datagram`]; an error means it was not ours.
//! 2. When [`Node::poll_timeout`] is due, call [`Node::handle_timeout`]. First empty the socket,
//!    then look at the time: a late timeout does no harm, an early verdict on a peer does.
//! 3. After either, and after every command, send what [`Node::poll_transmit`] composes until it
//!    returns `None`. If the socket is full, drop the datagram: gossip repeats itself.
//! 4. Take events from [`Node::poll_event`] when you like.
//!
//! # What this crate does not do
//!
//! Without [`Config::keys`] datagrams are checked for damage but neither encrypted nor authenticated,
//! and without [`Config::trust`] members can write in each other's names: run it then in networks where
//! everybody who can send is trusted. It stores nothing; [`Node::restore`] takes rows back
//! that the program stored. It elects no leader and orders no writes between replicas.
#![no_std]

extern crate alloc;

mod node;

mod census;
mod chunk_map;
mod digest;
mod encounters;
#[cfg(feature = "forging")]
pub mod forging;
mod freshness;
mod health;
mod hearsay;
mod isolation;
mod loss;
mod membership;
mod probe;
mod reconcile;
mod relay;
mod rumor;
mod transfer;

mod forgetting;
mod lives;
mod news;
mod origins;
mod self_row;

mod event;
mod message;
mod outbox;
mod seal;
mod sender;
mod trust;

mod address;
mod addresses;
mod ageing;
mod budget;
mod config;
mod pace;
mod random;
mod refusals;
mod rejections;
mod repairs;
mod round_trip;
mod spread_time;
mod stats;
mod time;

#[cfg(test)]
mod forged_deaths;
#[cfg(test)]
mod greed;
#[cfg(test)]
mod ladder;
#[cfg(test)]
mod spoofed;
#[cfg(test)]
mod strangers;

pub use address::Address;
pub use config::{Config, Identity, Mode};
pub use encounters::{Encounter, Encounters};
pub use event::Event;
pub use freshness::Freshness;
pub use hearsay::Hearsay;
pub use membership::{Liveness, Member};
pub use node::{DATAGRAM_LEN_MIN, Node, Transmit};
pub use refusals::Refusals;
pub use rejections::Rejections;
pub use repairs::{Repairs, Transfers};
pub use seal::{KeyRing, Rejected, SealKey, SealKeyId};
pub use stats::Stats;
pub use time::Instant;
pub use trust::{
    Authority, Certificate, Proof, PublicKey, Revocation, SecretKey, Signing, Spaces, Subject,
    Trust,
};

pub use rumormill_crdt as crdt;
