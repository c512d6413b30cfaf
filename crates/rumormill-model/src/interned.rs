//! Parts of worlds, each kept once.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::BuildHasherDefault,
    ops::Index,
};

use siphasher::sip::SipHasher13;

use crate::digest::Print;

/// A map that hashes alike in every run.
pub(crate) type FixedMap<K, V> = HashMap<K, V, BuildHasherDefault<SipHasher13>>;

/// The number of a part.
pub(crate) type Number = u32;

/// Parts of one kind, each kept once and named by a number.
#[derive(Debug)]
pub(crate) struct Interned<T> {
    numbers: FixedMap<Print, Number>,
    parts: Vec<T>,
}

impl<T> Interned<T> {
    pub(crate) fn new() -> Self {
        Self { numbers: FixedMap::default(), parts: Vec::new() }
    }

    /// Returns the number of a part, and whether it is new.
    pub(crate) fn number(&mut self, print: Print, part: impl FnOnce() -> T) -> (Number, bool) {
        match self.numbers.entry(print) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(vacant) => {
                let number = Number::try_from(self.parts.len()).expect("fewer parts than 2^32");
                self.parts.push(part());
                (*vacant.insert(number), true)
            }
        }
    }

    pub(crate) fn number_of(&self, print: Print) -> Option<Number> {
        self.numbers.get(&print).copied()
    }
}

impl<T> Index<Number> for Interned<T> {
    type Output = T;

    fn index(&self, number: Number) -> &T {
        &self.parts[number as usize]
    }
}
