//! riblt, of yangl1996/riblt in Rust.

use crate::{
    peer::{Outcome, Peer, one},
    rivals::{RIBLT_SYMBOL_LEN, Sets},
    work::Work,
};

pub(crate) struct Riblt;

impl Peer for Riblt {
    fn name(&self) -> &'static str {
        "riblt"
    }

    fn version(&self) -> &'static str {
        "0.1.1"
    }

    fn notes(&self) -> &'static [&'static str] {
        &[
            "finds elements of sets, whose names travel; the coded symbols that are enough, and no answer",
        ]
    }

    fn measure(&self, work: Work) -> Outcome {
        match work {
            Work::Find { keys } => {
                one(Sets::new(keys as u64, 100).riblt_symbols() * RIBLT_SYMBOL_LEN)
            }
            _ => Err("finds what differs between sets, and nothing else"),
        }
    }
}
