//! Frames that are sealed, or in clear.

use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, KeyRing, SealKey,
    crdt::{Life, ReplicaId},
    forging::Frames,
};

/// A population that seals with such a key.
#[must_use]
pub fn sealed(key: u8) -> Config {
    let keys = Some(KeyRing::new(SealKey::from_bytes([key; SealKey::LEN])));
    Config { keys, ..Config::DEFAULT }
}

/// The frames of a node of a population.
#[must_use]
pub fn frames(number: u64, config: &Config) -> Frames {
    Frames::new(Life { replica: ReplicaId(number), epoch: 1 }, config, number)
}

/// Datagrams that somebody else sealed under the same key: each can be opened once.
pub fn whole() -> impl Iterator<Item = [u8; DATAGRAM_LEN_MIN]> {
    let mut ann = frames(1, &sealed(7));
    core::iter::repeat_with(move || {
        let mut datagram = [7; DATAGRAM_LEN_MIN];
        ann.close(&mut datagram);
        datagram
    })
}
