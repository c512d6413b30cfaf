//! The frame around each datagram: who may read it, and who may have written it.
//!
//! A frame is 9 bytes before the payload and, in a sealed population, 28 after it. Byte 0 says which
//! of the two it is. Without keys the frame keeps out accidents ([`checksum`]); with keys it keeps
//! out everybody who has none of them ([`sealed`]).

mod checksum;
mod key_ring;
mod rejected;
mod replays;
mod sealed;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;

use rumormill_crdt::{Life, keyed_hash};

use self::{checksum::Checksum, sealed::Sealed};
pub use self::{
    key_ring::{KeyRing, SealKey, SealKeyId},
    rejected::Rejected,
};
use crate::{Config, random::Random};

/// The bytes of the frame, before the payload.
pub(crate) const FRAME_LEN: usize = 9;

/// The bytes of the frame after the payload, in a sealed population.
pub(crate) const SEAL_LEN: usize = sealed::AFTER_LEN;

/// Closes and opens frames for one population.
#[derive(Debug)]
pub(crate) enum Seal {
    /// Whoever knows the population's name can write datagrams.
    Open(Checksum),
    /// Whoever has a key can.
    Sealed(Box<Sealed>),
}

impl Seal {
    pub(crate) fn new(config: &Config, life: Life, random: &mut Random) -> Self {
        match &config.keys {
            None => Self::Open(Checksum::new(&config.cluster)),
            Some(keys) => {
                let sealed = Sealed::new(keys, &config.cluster, life, random.salt());
                Self::Sealed(Box::new(sealed))
            }
        }
    }

    /// Fills in the frame of a datagram: its payload stands after [`FRAME_LEN`] bytes, and before
    /// [`SEAL_LEN`] bytes in a sealed population.
    pub(crate) fn close(&mut self, datagram: &mut [u8]) {
        match self {
            Self::Open(checksum) => checksum.close(datagram),
            Self::Sealed(sealed) => sealed.close(datagram),
        }
    }

    /// Checks the frame and returns the payload.
    pub(crate) fn open<'d>(&'d mut self, datagram: &'d [u8]) -> Result<&'d [u8], Rejected> {
        match self {
            Self::Open(checksum) => checksum.open(datagram),
            Self::Sealed(sealed) => sealed.open(datagram),
        }
    }

    /// Seals with other keys from here on. Nothing happens where nothing is sealed.
    pub(crate) fn set_keys(&mut self, keys: &KeyRing) {
        if let Self::Sealed(sealed) = self {
            sealed.set_keys(keys);
        }
    }
}

/// What the keys are made from under which row ids are hashed, the same in the whole population.
pub(crate) fn digest_secret(cluster: &str) -> [u8; 16] {
    let key = checksum::key(cluster);
    checksum::joined(keyed_hash(key, b"digest, low"), keyed_hash(key, b"digest, high"))
}
