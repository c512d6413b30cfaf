//! The frame that keeps out strangers.
//!
//! XChaCha20-Poly1305 (Arciszewski, draft-irtf-cfrg-xchacha-03; RFC 8439) under a key of the
//! population. Before the payload stand the protocol version, two bytes that name the key, and a
//! number of six bytes; after it a salt of twelve bytes and the tag of sixteen. Salt and number are
//! the nonce. A salt is a hash of a life and of chance, and a node never uses a number twice; so a
//! nonce comes again only if, of all lives that ever ran under one key, two hash to the same 96 bits:
//! for a million of them, with a chance of one in 10^17. A machine that is copied while it
//! runs is the exception: two lives then are one. Version, key and the population's name are authenticated too.

use alloc::vec::Vec;
use core::fmt;

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rumormill_crdt::Life;

use super::{
    FRAME_LEN, KeyRing, Rejected, SealKey,
    checksum::PROTOCOL,
    key_ring::SealKeyId,
    rejected::PROTOCOL_SEALED,
    replays::{Replays, Salt},
};

/// The bytes after the payload.
pub(super) const AFTER_LEN: usize = size_of::<Salt>() + TAG_LEN;

const TAG_LEN: usize = 16;

/// The greatest number that six bytes hold.
const NUMBER_MAX: u64 = (1 << 48) - 1;

/// Longer datagrams than this are opened in memory that has to be found for them.
const USUAL_LEN: usize = 1_500;

/// Seals and opens what members send.
pub(crate) struct Sealed {
    cluster: Vec<u8>,
    /// The one that seals first.
    keys: Vec<Opener>,
    salt: Salt,
    /// The number of the next datagram.
    next: u64,
    replays: Replays,
    /// What was opened last.
    opened: Vec<u8>,
}

/// One key, ready for use.
struct Opener {
    id: SealKeyId,
    cipher: XChaCha20Poly1305,
    /// What is authenticated besides the payload.
    associated: Vec<u8>,
}

impl Sealed {
    pub(super) fn new(keys: &KeyRing, cluster: &str, life: Life, chance: [u8; 16]) -> Self {
        let Life { replica, epoch } = life;
        let life = [replica.0.to_be_bytes(), epoch.to_be_bytes()].concat();
        let salt = salt_of(&[life.as_slice(), &chance].concat());
        let mut sealed = Self {
            cluster: cluster.as_bytes().to_vec(),
            keys: Vec::new(),
            salt,
            next: 0,
            replays: Replays::default(),
            opened: Vec::with_capacity(USUAL_LEN),
        };
        sealed.set_keys(keys);
        sealed
    }

    pub(super) fn set_keys(&mut self, keys: &KeyRing) {
        self.keys = keys.keys().map(|key| Opener::new(key, &self.cluster)).collect();
    }

    pub(super) fn close(&mut self, datagram: &mut [u8]) {
        let number = self.take_number();
        let Some(opener) = self.keys.first() else { return };
        let payload_end = datagram.len() - AFTER_LEN;
        let (before, after) = datagram.split_at_mut(payload_end);
        let (frame, payload) = before.split_at_mut(FRAME_LEN);
        frame[0] = PROTOCOL_SEALED;
        frame[1..3].copy_from_slice(&opener.id.0);
        frame[3..].copy_from_slice(&number.to_be_bytes()[2..]);
        let nonce = nonce(&self.salt, number);
        let sealed =
            opener.cipher.encrypt_inout_detached(&nonce, &opener.associated, payload.into());
        let tag = sealed.expect("a datagram is shorter than 256 GiB");
        let (salt, tag_place) = after.split_at_mut(size_of::<Salt>());
        salt.copy_from_slice(&self.salt);
        tag_place.copy_from_slice(&tag);
    }

    fn take_number(&mut self) -> u64 {
        if self.next > NUMBER_MAX {
            (self.salt, self.next) = (salt_of(&self.salt), 0);
        }
        self.next += 1;
        self.next - 1
    }

    /// Nothing changes unless the seal is whole.
    pub(super) fn open(&mut self, datagram: &[u8]) -> Result<&[u8], Rejected> {
        let (frame, rest) = datagram.split_first_chunk::<FRAME_LEN>().ok_or(Rejected::TooShort)?;
        let [version, id @ .., _, _, _, _, _, _] = *frame;
        match version {
            PROTOCOL_SEALED => {}
            PROTOCOL => return Err(Rejected::Unsealed),
            theirs => return Err(Rejected::Protocol { theirs }),
        }
        let (payload, after) = rest.split_last_chunk::<AFTER_LEN>().ok_or(Rejected::TooShort)?;
        let (salt, tag) = after.split_first_chunk().ok_or(Rejected::TooShort)?;
        let tag = Tag::try_from(tag).map_err(|_| Rejected::TooShort)?;
        let mut number = [0; 8];
        number[2..].copy_from_slice(&frame[3..]);
        let number = u64::from_be_bytes(number);
        if !self.replays.is_new(salt, number) {
            return Err(Rejected::Replayed);
        }
        let nonce = nonce(salt, number);
        let mut rejected = Rejected::UnknownKey;
        for opener in self.keys.iter().filter(|opener| opener.id == SealKeyId(id)) {
            self.opened.clear();
            self.opened.extend_from_slice(payload);
            let buf = self.opened.as_mut_slice().into();
            let opened =
                opener.cipher.decrypt_inout_detached(&nonce, &opener.associated, buf, &tag);
            if opened.is_ok() {
                self.replays.insert(*salt, number);
                return Ok(&self.opened);
            }
            rejected = Rejected::Forged;
        }
        Err(rejected)
    }
}

impl Opener {
    fn new(key: &SealKey, cluster: &[u8]) -> Self {
        let id = key.id();
        let cipher = XChaCha20Poly1305::new(key.as_bytes().into());
        let associated = [&[PROTOCOL_SEALED], id.0.as_slice(), cluster].concat();
        Self { id, cipher, associated }
    }
}

fn salt_of(what: &[u8]) -> Salt {
    let hash = blake3::derive_key("rumormill 2026 salt of a life", what);
    *hash.first_chunk().expect("a hash has 32 bytes")
}

fn nonce(salt: &Salt, number: u64) -> XNonce {
    let mut nonce = XNonce::default();
    nonce[..12].copy_from_slice(salt);
    nonce[16..].copy_from_slice(&number.to_be_bytes());
    nonce
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|opener| opener.id).collect();
        f.debug_struct("Sealed")
            .field("keys", &keys)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
