//! Which laws a type is to obey, and over how many histories.

use std::{fmt::Debug, marker::PhantomData};

use proptest::strategy::{BoxedStrategy, Strategy};
use rumormill_crdt::ReplicaId;

use crate::{
    Accounted, ByDelta, ByState, Check, Collects, Crdt, Deltas, Evicts, Transfer, Wire,
    step::Abilities,
};

/// The laws that a type is to obey, and the histories over which they are checked.
///
/// Made by [`laws_of`] or [`laws_of_rows`](crate::laws_of_rows), told what else the type can do,
/// and checked with [`check`](Self::check). What a type is not said to be able to do is not
/// checked.
pub struct Laws<T: Crdt, M: Transfer<T> = ByState> {
    pub(crate) edits: BoxedStrategy<T::Edit>,
    pub(crate) encoding: Option<Encoding<M::Parcel>>,
    pub(crate) accounting: Option<fn(&M::Parcel) -> usize>,
    pub(crate) collection: Option<Collection<T>>,
    pub(crate) removal: Option<Removal<T>>,
    pub(crate) eviction: Option<fn(&mut T, ReplicaId)>,
    pub(crate) steps_max: usize,
    pub(crate) only: Option<Check>,
    pub(crate) seed: Option<u64>,
    pub(crate) histories: Option<u64>,
    pub(crate) transfer: PhantomData<M>,
}

/// How what travels becomes bytes.
pub(crate) struct Encoding<P> {
    pub(crate) encode: fn(&P) -> Vec<u8>,
    pub(crate) decode: fn(&[u8]) -> Option<P>,
}

/// How a replica gets rid of what no reader needs.
pub(crate) struct Collection<T> {
    pub(crate) collect: fn(&mut T),
    pub(crate) forget: fn(&mut T, u64),
}

/// What edits bring, and whether it is there.
pub(crate) struct Removal<T: Crdt> {
    /// Whether what the edit brings is there; nothing if it brings nothing.
    pub(crate) shows: Shows<T>,
    /// Whether two edits bring the same.
    pub(crate) same: Same<T>,
}

type Shows<T> = Box<dyn Fn(&<T as Crdt>::Edit, &<T as Crdt>::Read) -> Option<bool>>;
type Same<T> = Box<dyn Fn(&<T as Crdt>::Edit, &<T as Crdt>::Edit) -> bool>;

/// The laws of any type that can be joined: join laws on reached states, refinement of its
/// specification, convergence. `edits` generates what users do.
pub fn laws_of<T: Crdt>(edits: impl Strategy<Value = T::Edit> + 'static) -> Laws<T> {
    Laws::new(edits.boxed())
}

impl<T: Crdt, M: Transfer<T>> Laws<T, M> {
    /// The most steps in a history.
    const STEPS_MAX: usize = 80;

    pub(crate) fn new(edits: BoxedStrategy<T::Edit>) -> Self {
        Self {
            edits,
            encoding: None,
            accounting: None,
            collection: None,
            removal: None,
            eviction: None,
            steps_max: Self::STEPS_MAX,
            only: None,
            seed: None,
            histories: None,
            transfer: PhantomData,
        }
    }

    /// Sends everything as bytes, and checks them: round trip and canonical form.
    #[must_use]
    pub fn wire(mut self) -> Self
    where
        M::Parcel: Wire,
    {
        self.encoding = Some(Encoding { encode: Wire::encode, decode: Wire::decode });
        self
    }

    /// Sends everything as bytes, and checks that they are as many as was said.
    #[must_use]
    pub fn sizes(mut self) -> Self
    where
        M::Parcel: Accounted,
    {
        self.accounting = Some(Accounted::encoded_len);
        self.wire()
    }

    /// Collects and forgets, and checks that nobody notices.
    #[must_use]
    pub fn collection(mut self) -> Self
    where
        T: Collects,
    {
        self.collection = Some(Collection { collect: T::collect, forget: T::forget });
        self
    }

    /// Checks that what is gone does not come back. `brought` says what an edit inserts, if it
    /// inserts anything, and `shown` whether that is there to be read.
    #[must_use]
    pub fn removal<I: PartialEq>(
        mut self,
        brought: impl Fn(&T::Edit) -> Option<I> + Clone + 'static,
        shown: impl Fn(&T::Read, &I) -> bool + 'static,
    ) -> Self {
        let brings = brought.clone();
        self.removal = Some(Removal {
            shows: Box::new(move |edit, read| Some(shown(read, &brings(edit)?))),
            same: Box::new(move |one, other| brought(one) == brought(other)),
        });
        self
    }

    /// Bounds the number of steps in a history, 80 unless told.
    #[must_use]
    pub const fn steps_max(mut self, steps_max: usize) -> Self {
        self.steps_max = steps_max;
        self
    }

    /// Makes no check but this one, if it can be made at all: to see whether it catches something
    /// by itself.
    #[must_use]
    pub const fn only(mut self, check: Check) -> Self {
        self.only = Some(check);
        self
    }

    /// Fixes the seed of the first history, whatever `RUMORMILL_SEED` says.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Fixes the number of histories, whatever `RUMORMILL_HISTORIES` says.
    #[must_use]
    pub const fn histories(mut self, histories: u64) -> Self {
        self.histories = Some(histories);
        self
    }

    /// The checks that are made, in order.
    pub fn checks(&self) -> impl Iterator<Item = Check> + use<T, M> {
        let (wire, sizes) = (self.encoding.is_some(), self.accounting.is_some());
        let (collection, removal) = (self.collection.is_some(), self.removal.is_some());
        let only = self.only;
        let asked = Check::ALL.into_iter().filter(move |it| only.is_none_or(|only| only == *it));
        asked.filter(move |check| match check {
            Check::NoPanic | Check::JoinLaws | Check::Refinement | Check::Convergence => true,
            Check::Wire => wire,
            Check::SizeAccounting => sizes,
            Check::DeltaLaws | Check::DigestCompleteness | Check::NothingLost => M::BY_DELTA,
            Check::CollectionInvisible => collection,
            Check::NoResurrection => removal,
        })
    }

    pub(crate) const fn abilities(&self) -> Abilities {
        Abilities {
            deltas: M::BY_DELTA,
            collects: self.collection.is_some(),
            evicts: self.eviction.is_some(),
        }
    }
}

impl<T: Deltas> Laws<T, ByDelta> {
    /// Evicts replicas: everybody is told, and from then on its edits have to be unheard of,
    /// whatever is still on its way.
    #[must_use]
    pub fn eviction(mut self) -> Self
    where
        T: Evicts,
    {
        self.eviction = Some(T::evict);
        self
    }
}

impl<T: Deltas> Laws<T, ByState> {
    /// Lets deltas travel in place of whole states. To be said first.
    ///
    /// # Panics
    ///
    /// If something was said before of how whole states travel.
    #[must_use]
    pub fn deltas(self) -> Laws<T, ByDelta> {
        assert!(self.encoding.is_none(), "say `deltas` first: what travels is not yet known");
        Laws {
            edits: self.edits,
            encoding: None,
            accounting: None,
            collection: self.collection,
            removal: self.removal,
            eviction: self.eviction,
            steps_max: self.steps_max,
            only: self.only,
            seed: self.seed,
            histories: self.histories,
            transfer: PhantomData,
        }
    }
}

impl<T: Crdt, M: Transfer<T>> Debug for Laws<T, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.checks()).finish()
    }
}
