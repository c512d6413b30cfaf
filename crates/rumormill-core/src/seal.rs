//! The frame around each datagram: protocol, population, damage.
//!
//! Byte 0 is the protocol version, bytes 1 to 8 a keyed hash of everything else, with a key made
//! from the population's name. It keeps out accidents: bytes damaged on the way, datagrams of
//! another population. It keeps out no adversary: whoever knows the name can compute it.

use core::fmt;

use rumormill_crdt::keyed_hash;

/// The protocol version that this release speaks and accepts.
pub(crate) const PROTOCOL: u8 = 1;

/// The bytes of the frame, before the payload.
pub(crate) const FRAME_LEN: usize = 9;

/// Closes and opens frames for one population.
#[derive(Clone, Debug)]
pub(crate) struct Seal {
    key: [u8; 16],
}

/// Why a datagram was rejected. Nothing changed, except that it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// It is whole, but its content is not what any release writes.
    Malformed,
    /// Its sender runs a life of our own replica.
    OurName,
}

impl Seal {
    pub(crate) fn new(cluster: &str) -> Self {
        let low = keyed_hash(*b"population, low.", cluster.as_bytes());
        let high = keyed_hash(*b"population, high", cluster.as_bytes());
        Self { key: joined(low, high) }
    }

    /// What the keys are made from under which row ids are hashed.
    pub(crate) fn digest_secret(&self) -> [u8; 16] {
        joined(keyed_hash(self.key, b"digest, low"), keyed_hash(self.key, b"digest, high"))
    }

    /// Fills in the frame of a datagram whose payload stands after [`FRAME_LEN`] bytes.
    pub(crate) fn close(&self, datagram: &mut [u8]) {
        let (frame, payload) = datagram.split_at_mut(FRAME_LEN);
        frame[0] = PROTOCOL;
        frame[1..].copy_from_slice(&keyed_hash(self.key, payload).to_be_bytes());
    }

    /// Checks the frame and returns the payload.
    pub(crate) fn open<'d>(&self, datagram: &'d [u8]) -> Result<&'d [u8], Rejected> {
        let (frame, payload) =
            datagram.split_first_chunk::<FRAME_LEN>().ok_or(Rejected::TooShort)?;
        if frame[0] != PROTOCOL {
            return Err(Rejected::Protocol { theirs: frame[0] });
        }
        let hash = keyed_hash(self.key, payload).to_be_bytes();
        if frame[1..] == hash { Ok(payload) } else { Err(Rejected::Damaged) }
    }
}

fn joined(low: u64, high: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&low.to_be_bytes());
    key[8..].copy_from_slice(&high.to_be_bytes());
    key
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => f.write_str("too short to be a rumormill datagram"),
            Self::Protocol { theirs } => {
                write!(f, "protocol version {theirs}, we speak {PROTOCOL}")
            }
            Self::Damaged => f.write_str("damaged on its way, or from another cluster"),
            Self::Malformed => f.write_str("whole, but not what any rumormill release writes"),
            Self::OurName => f.write_str("its sender uses our own identity"),
        }
    }
}

impl core::error::Error for Rejected {}
