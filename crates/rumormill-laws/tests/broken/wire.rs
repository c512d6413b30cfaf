//! Sets that are encoded in the order they happen to have, with spellings that are accepted and
//! never written, and with something left out.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rumormill_crdt::Life;
use rumormill_laws::{Check, Crdt, Heard, Wire, laws_of};

use crate::caught;

#[derive(Clone)]
struct Sent<const FAULT: u8>(Vec<u8>);

/// Encoded in the order of arrival.
const ARRIVAL: u8 = 0;
/// Decodes bytes that come twice.
const LENIENT: u8 = 1;
/// Encodes the first 3 elements.
const LOSSY: u8 = 2;

impl<const FAULT: u8> Crdt for Sent<FAULT> {
    type Edit = u8;
    type Read = BTreeSet<u8>;

    fn new(_: Life) -> Self {
        Self(Vec::new())
    }

    fn edit(&mut self, edit: &u8) {
        if !self.0.contains(edit) {
            self.0.push(*edit);
        }
    }

    fn join(&mut self, other: &Self) {
        other.0.iter().for_each(|element| self.edit(element));
    }

    fn read(&self) -> BTreeSet<u8> {
        self.0.iter().copied().collect()
    }

    fn specified(heard: &Heard<'_, u8>) -> BTreeSet<u8> {
        heard.edits().map(|it| *it.edit()).collect()
    }
}

impl<const FAULT: u8> Wire for Sent<FAULT> {
    fn encode(&self) -> Vec<u8> {
        match FAULT {
            ARRIVAL => self.0.clone(),
            LOSSY => self.read().into_iter().take(3).collect(),
            _ => self.read().into_iter().collect(),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut sorted = bytes.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let accepted = match FAULT {
            ARRIVAL => sorted.len() == bytes.len(),
            LENIENT => true,
            _ => sorted == bytes,
        };
        accepted.then(|| Self(if FAULT == ARRIVAL { bytes.to_vec() } else { sorted }))
    }
}

#[test]
fn two_encodings_of_one_value_are_caught() {
    caught(laws_of::<Sent<ARRIVAL>>(any::<u8>()).wire(), Check::Wire, 2);
}

#[test]
fn a_second_spelling_is_caught() {
    caught(laws_of::<Sent<LENIENT>>(any::<u8>()).wire(), Check::Wire, 3);
}

#[test]
fn what_is_lost_on_the_way_is_caught() {
    caught(laws_of::<Sent<LOSSY>>(any::<u8>()).wire(), Check::Wire, 5);
}
