//! All who are compared.

mod automerge;
mod chitchat;
mod crdts;
mod foca;
mod iroh_gossip;
mod loro;
mod negentropy;
mod riblt;
mod rumormill;
mod yrs;

use crate::peer::Peer;

/// We are the first.
pub(crate) const ALL: [&dyn Peer; 10] = [
    &rumormill::Rumormill,
    &chitchat::Chitchat,
    &foca::Foca,
    &iroh_gossip::IrohGossip,
    &crdts::Crdts,
    &automerge::Automerge,
    &loro::Loro,
    &yrs::Yrs,
    &negentropy::Negentropy,
    &riblt::Riblt,
];
