//! Why datagrams are turned away.

use core::fmt;

/// Why a datagram was rejected. Nothing changed, except that it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejected {
    /// It is shorter than any datagram of ours.
    TooShort,
    /// It speaks another version of the protocol.
    Protocol {
        /// The version it speaks.
        theirs: u8,
    },
    /// It was damaged on its way, or belongs to another population.
    Damaged,
    /// It is sealed, and we have no keys.
    Sealed,
    /// It is not sealed, and we accept no such datagram.
    Unsealed,
    /// It is sealed with a key that we have not.
    UnknownKey,
    /// Its seal is broken: it was damaged or forged, or belongs to another population.
    Forged,
    /// It came before, or too long after others of its sender.
    Replayed,
    /// It is whole, but its content is not what any release writes.
    Malformed,
    /// Its sender runs a life of our own replica.
    OurName,
    /// More came from its address than is taken from one in a second.
    TooMuch,
}

/// The protocol version of sealed frames.
pub(super) const PROTOCOL_SEALED: u8 = 2;

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "too short to be a rumormill datagram",
            Self::Protocol { theirs } => {
                return write!(f, "protocol version {theirs}, which we do not speak");
            }
            Self::Damaged => "damaged on its way, or from another cluster",
            Self::Sealed => "sealed, and we were given no keys",
            Self::Unsealed => "not sealed, and our cluster is",
            Self::UnknownKey => "sealed with a key that we were not given",
            Self::Forged => "its seal is broken: forged, damaged, or from another cluster",
            Self::Replayed => "it came before, or long after others of its sender",
            Self::Malformed => "whole, but not what any rumormill release writes",
            Self::OurName => "its sender uses our own identity",
            Self::TooMuch => "more came from its address than is taken from one in a second",
        })
    }
}

impl core::error::Error for Rejected {}
