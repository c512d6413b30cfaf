//! Counts of pairs.

use alloc::{vec, vec::Vec};
use core::marker::PhantomData;

use super::Encounter;

/// One of a fixed number of things that have names.
pub(crate) trait Named: Copy + 'static {
    /// All of them, in the order of their numbers.
    const ALL: &'static [(Self, &'static str)];

    /// Its number.
    fn number(self) -> usize;
}

/// Declares an enum whose variants have names.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$of])* $variant,)+ }

        impl $crate::encounters::grid::Named for $name {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $text),)+];

            fn number(self) -> usize {
                self as usize
            }
        }
    };
}
pub(super) use named;

/// How often each of the events met each of the states.
#[derive(Clone, Debug)]
pub(crate) struct Grid<S, E> {
    /// The counts of the first state, then those of the next.
    counts: Vec<u32>,
    pairs: PhantomData<(S, E)>,
}

impl<S: Named, E: Named> Grid<S, E> {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; S::ALL.len() * E::ALL.len()], pairs: PhantomData }
    }

    pub(crate) fn note(&mut self, state: S, event: E) {
        let count = &mut self.counts[state.number() * E::ALL.len() + event.number()];
        *count = count.saturating_add(1);
    }

    /// Walks all pairs, whether they met or not.
    pub(super) fn pairs(
        &self,
        part: &'static str,
        can_meet: fn(S, E) -> bool,
    ) -> impl Iterator<Item = Encounter> {
        let all = S::ALL.iter().flat_map(|state| E::ALL.iter().map(move |event| (state, event)));
        all.zip(&self.counts).map(move |((state, event), count)| Encounter {
            part,
            state: state.1,
            event: event.1,
            can_be: can_meet(state.0, event.0),
            count: u64::from(*count),
        })
    }
}
