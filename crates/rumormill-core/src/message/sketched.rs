//! Digests on the wire. Whatever these types hold has been checked.

use alloc::vec::Vec;

use rumormill_crdt::codec::Malformed;
use rumormill_sketch::{Fingerprint, Part, RequestList, Size, Strata, Width};
use serde::{Deserialize, Serialize};

use crate::digest::Basis;

/// The fingerprint of a digest, and of what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Compare {
    pub(crate) basis: Basis,
    fingerprint: [u8; Fingerprint::LEN],
}

/// Strata in 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WireStrata([u8; 32], [u8; 32]);

/// Cells of a sketch, and sums to estimate from how much differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cells {
    basis: Basis,
    strata: Option<WireStrata>,
    part: Vec<u8>,
}

/// Which cells are wanted: all of a sketch of some size, in some width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MoreParts", into = "MoreParts")]
pub(crate) struct More {
    pub(crate) basis: Basis,
    pub(crate) width: Width,
    pub(crate) size: Size,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct MoreParts {
    basis: Basis,
    width: u8,
    triples: u16,
}

/// Which rows are wanted, and how many were found to differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    basis: Basis,
    found: u32,
    list: Vec<u8>,
}

impl Compare {
    pub(crate) fn new(basis: Basis, fingerprint: &Fingerprint) -> Self {
        Self { basis, fingerprint: fingerprint.encode() }
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::decode(&self.fingerprint).expect("16 bytes are a fingerprint")
    }
}

impl From<Strata> for WireStrata {
    fn from(strata: Strata) -> Self {
        let bytes = strata.encode();
        let (mut first, mut second) = ([0; 32], [0; 32]);
        first.copy_from_slice(&bytes[..32]);
        second.copy_from_slice(&bytes[32..]);
        Self(first, second)
    }
}

impl From<WireStrata> for Strata {
    fn from(WireStrata(first, second): WireStrata) -> Self {
        Self::decode(&[first, second].concat()).expect("64 bytes are strata")
    }
}

impl Cells {
    /// The bytes beside the part: the basis, and a length of at most two bytes.
    pub(crate) const HEADER_LEN_MAX: usize = 3 + 1 + 2;

    /// `part` is what [`Sketch::encode_part`](rumormill_sketch::Sketch::encode_part) wrote.
    pub(crate) const fn new(basis: Basis, strata: Option<WireStrata>, part: Vec<u8>) -> Self {
        Self { basis, strata, part }
    }

    pub(crate) const fn basis(&self) -> Basis {
        self.basis
    }

    pub(crate) fn strata(&self) -> Option<Strata> {
        self.strata.map(Strata::from)
    }

    pub(crate) fn part(&self) -> Part<'_> {
        Part::decode(&self.part).expect("parts are checked when they arrive")
    }
}

impl TryFrom<MoreParts> for More {
    type Error = Malformed;

    fn try_from(MoreParts { basis, width, triples }: MoreParts) -> Result<Self, Malformed> {
        let width = *Width::ALL.get(usize::from(width)).ok_or(Malformed)?;
        let size = Size::of_triples(triples).ok_or(Malformed)?;
        Ok(Self { basis, width, size })
    }
}

impl From<More> for MoreParts {
    fn from(More { basis, width, size }: More) -> Self {
        Self { basis, width: width as u8, triples: size.triples() }
    }
}

impl Ask {
    pub(crate) fn new(basis: Basis, found: usize, list: &RequestList<'_>) -> Self {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        Self { basis, found, list: list.encode() }
    }

    pub(crate) const fn basis(&self) -> Basis {
        self.basis
    }

    /// How many rows were found to differ, on either side.
    pub(crate) const fn found(&self) -> u32 {
        self.found
    }

    pub(crate) fn list(&self) -> RequestList<'_> {
        RequestList::decode(&self.list).expect("lists are checked when they arrive")
    }
}
