//! The frame that keeps out accidents.
//!
//! Byte 0 is the protocol version, bytes 1 to 8 a keyed hash of everything else, with a key made
//! from the population's name. It keeps out bytes damaged on the way and datagrams of another
//! population. It keeps out no adversary: whoever knows the name can compute it.

use rumormill_crdt::keyed_hash;

use super::{FRAME_LEN, Rejected, rejected::PROTOCOL_SEALED};

/// The protocol version of frames that nobody sealed.
pub(super) const PROTOCOL: u8 = 1;

/// Closes and opens frames of one population.
#[derive(Debug)]
pub(crate) struct Checksum {
    key: [u8; 16],
}

impl Checksum {
    pub(super) fn new(cluster: &str) -> Self {
        Self { key: key(cluster) }
    }

    pub(super) fn close(&self, datagram: &mut [u8]) {
        let (frame, payload) = datagram.split_at_mut(FRAME_LEN);
        frame[0] = PROTOCOL;
        frame[1..].copy_from_slice(&keyed_hash(self.key, payload).to_be_bytes());
    }

    pub(super) fn open<'d>(&self, datagram: &'d [u8]) -> Result<&'d [u8], Rejected> {
        let (frame, payload) =
            datagram.split_first_chunk::<FRAME_LEN>().ok_or(Rejected::TooShort)?;
        match frame[0] {
            PROTOCOL => {}
            PROTOCOL_SEALED => return Err(Rejected::Sealed),
            theirs => return Err(Rejected::Protocol { theirs }),
        }
        let hash = keyed_hash(self.key, payload).to_be_bytes();
        if frame[1..] == hash { Ok(payload) } else { Err(Rejected::Damaged) }
    }
}

/// The key of a population's hashes.
pub(super) fn key(cluster: &str) -> [u8; 16] {
    let low = keyed_hash(*b"population, low.", cluster.as_bytes());
    let high = keyed_hash(*b"population, high", cluster.as_bytes());
    joined(low, high)
}

pub(super) fn joined(low: u64, high: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&low.to_be_bytes());
    key[8..].copy_from_slice(&high.to_be_bytes());
    key
}
