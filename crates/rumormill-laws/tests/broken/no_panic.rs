//! A maximum that takes it for granted that somebody has edited.

use rumormill_crdt::Life;
use rumormill_laws::{Check, Crdt, Heard, laws_of};

use crate::caught;

#[derive(Clone)]
struct Highest(Vec<u8>);

impl Crdt for Highest {
    type Edit = u8;
    type Read = u8;

    fn new(_: Life) -> Self {
        Self(Vec::new())
    }

    fn edit(&mut self, edit: &u8) {
        self.0.push(*edit);
    }

    fn join(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    fn read(&self) -> u8 {
        *self.0.iter().max().expect("somebody has edited")
    }

    fn specified(heard: &Heard<'_, u8>) -> u8 {
        heard.edits().map(|it| *it.edit()).max().unwrap_or(0)
    }
}

#[test]
fn a_panic_is_caught() {
    caught(laws_of::<Highest>(0..9u8), Check::NoPanic, 1);
}
