//! A register in which the value joined last wins.

use rumormill_crdt::Life;
use rumormill_laws::{Check, Crdt, Heard, laws_of};

use crate::caught;

#[derive(Clone)]
struct LastJoined(Option<u8>);

impl Crdt for LastJoined {
    type Edit = u8;
    type Read = Option<u8>;

    fn new(_: Life) -> Self {
        Self(None)
    }

    fn edit(&mut self, edit: &u8) {
        self.0 = Some(*edit);
    }

    fn join(&mut self, other: &Self) {
        self.0 = other.0.or(self.0);
    }

    fn read(&self) -> Option<u8> {
        self.0
    }

    fn specified(heard: &Heard<'_, u8>) -> Option<u8> {
        heard.edits().last().map(|it| *it.edit())
    }
}

#[test]
fn a_join_that_is_not_commutative_is_caught() {
    caught(laws_of::<LastJoined>(0..9u8), Check::JoinLaws, 2);
}
