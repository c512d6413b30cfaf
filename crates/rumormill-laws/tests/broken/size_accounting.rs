//! A counter that takes every number for one byte.

use rumormill_crdt::{Life, codec};
use rumormill_laws::{Accounted, Check, Crdt, Heard, Wire, laws_of};

use crate::caught;

#[derive(Clone)]
struct Highest(u32);

impl Crdt for Highest {
    type Edit = u32;
    type Read = u32;

    fn new(_: Life) -> Self {
        Self(0)
    }

    fn edit(&mut self, edit: &u32) {
        self.0 = self.0.max(*edit);
    }

    fn join(&mut self, other: &Self) {
        self.0 = self.0.max(other.0);
    }

    fn read(&self) -> u32 {
        self.0
    }

    fn specified(heard: &Heard<'_, u32>) -> u32 {
        heard.edits().map(|it| *it.edit()).max().unwrap_or(0)
    }
}

impl Wire for Highest {
    fn encode(&self) -> Vec<u8> {
        codec::encode_to_vec(&self.0).expect("a number can be encoded")
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        codec::decode(bytes).ok().map(Self)
    }
}

impl Accounted for Highest {
    fn encoded_len(&self) -> usize {
        1
    }
}

#[test]
fn a_size_that_is_too_small_is_caught() {
    caught(laws_of::<Highest>(0..1_000u32).sizes(), Check::SizeAccounting, 1);
}
