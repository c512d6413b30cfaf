//! How replicas tell each other what they have heard of: by whole states, or by deltas.

use std::fmt::Debug;

use crate::{Crdt, Deltas, Digest, Mark};

/// How replicas of a type tell each other what they have heard of: [`ByState`] or [`ByDelta`].
pub trait Transfer<T: Crdt> {
    /// Says what was heard of, in short.
    type Digest: Clone + PartialEq + Debug;

    /// What travels.
    type Parcel: Clone;

    /// Whether digests say anything.
    const BY_DELTA: bool;

    /// The digest of a value.
    fn digest(value: &T) -> Self::Digest;

    /// What somebody with the given digest lacks of `value`.
    fn parcels(value: &T, digest: &Self::Digest) -> Vec<Self::Parcel>;

    /// Takes in a parcel.
    fn deliver(parcel: &Self::Parcel, value: &mut T);

    /// Says whether somebody with the given digest has heard of an edit; nothing if digests do
    /// not tell, and parcels carry all that their sender had heard of.
    fn has_heard(digest: &Self::Digest, edit: &Mark<'_, Self::Digest>) -> Option<bool>;
}

/// Whole states travel, and are joined.
#[derive(Clone, Copy, Debug)]
pub enum ByState {}

/// Deltas travel, made for the digest of whoever is to get them.
#[derive(Clone, Copy, Debug)]
pub enum ByDelta {}

impl<T: Crdt> Transfer<T> for ByState {
    type Digest = ();
    type Parcel = T;

    const BY_DELTA: bool = false;

    fn digest(_: &T) {}

    fn parcels(value: &T, (): &()) -> Vec<T> {
        vec![value.clone()]
    }

    fn deliver(parcel: &T, value: &mut T) {
        value.join(parcel);
    }

    fn has_heard((): &(), _: &Mark<'_, ()>) -> Option<bool> {
        None
    }
}

impl<T: Deltas> Transfer<T> for ByDelta {
    type Digest = T::Digest;
    type Parcel = T::Delta;

    const BY_DELTA: bool = true;

    fn digest(value: &T) -> T::Digest {
        value.digest()
    }

    fn parcels(value: &T, digest: &T::Digest) -> Vec<T::Delta> {
        value.deltas_since(digest)
    }

    fn deliver(parcel: &T::Delta, value: &mut T) {
        value.admit(parcel);
    }

    fn has_heard(digest: &T::Digest, edit: &Mark<'_, T::Digest>) -> Option<bool> {
        Some(digest.has_heard(edit))
    }
}
