//! A set that tells how much it has, not what.

use std::collections::BTreeSet;

use rumormill_crdt::Life;
use rumormill_laws::{Check, Crdt, Deltas, Digest, Heard, Mark, laws_of};

use crate::caught;

#[derive(Clone)]
struct Counted(BTreeSet<u8>);

#[derive(Clone, Debug, PartialEq)]
struct Count(usize);

impl Digest for Count {
    fn has_heard(&self, edit: &Mark<'_, Self>) -> bool {
        self.0 >= edit.after.0
    }
}

impl Crdt for Counted {
    type Edit = u8;
    type Read = BTreeSet<u8>;

    fn new(_: Life) -> Self {
        Self(BTreeSet::new())
    }

    fn edit(&mut self, edit: &u8) {
        self.0.insert(*edit);
    }

    fn join(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    fn read(&self) -> BTreeSet<u8> {
        self.0.clone()
    }

    fn specified(heard: &Heard<'_, u8>) -> BTreeSet<u8> {
        heard.edits().map(|it| *it.edit()).collect()
    }
}

impl Deltas for Counted {
    type Digest = Count;
    type Delta = BTreeSet<u8>;

    fn digest(&self) -> Count {
        Count(self.0.len())
    }

    fn deltas_since(&self, digest: &Count) -> Vec<BTreeSet<u8>> {
        if self.0.len() > digest.0 { vec![self.0.clone()] } else { Vec::new() }
    }

    fn admit(&mut self, delta: &BTreeSet<u8>) {
        self.0.extend(delta);
    }
}

#[test]
fn a_digest_that_says_too_little_is_caught() {
    let laws = laws_of::<Counted>(0..9u8).deltas();
    caught(laws, Check::DigestCompleteness, 2);
}
