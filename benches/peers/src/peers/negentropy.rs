//! negentropy, of rust-nostr/negentropy.

use crate::{
    peer::{Outcome, Peer, one},
    rivals::Sets,
    work::Work,
};

pub(crate) struct Negentropy;

impl Peer for Negentropy {
    fn name(&self) -> &'static str {
        "negentropy"
    }

    fn version(&self) -> &'static str {
        "0.5.3"
    }

    fn notes(&self) -> &'static [&'static str] {
        &["finds elements of sets, whose names travel; both sides have all of them sorted"]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Find { keys } => one(Sets::new(keys as u64, 100).negentropy().exchange(100)),
            _ => Err("finds what differs between sets, and nothing else"),
        }
    }
}
