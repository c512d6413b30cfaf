//! The bytes that are signed.
//!
//! Each is the canonical encoding of a sentence: what kind of statement it is, in which population,
//! and what it says. So no signature serves for another kind, another population or another row.

use alloc::vec::Vec;

use rumormill_crdt::{Content, Head, RowId, Version, codec};
use serde::Serialize;

/// What the owner of a row says of it.
pub(super) fn of_head(cluster: &str, id: RowId, head: &Head, content: &Content) -> Vec<u8> {
    of_digest(cluster, id, head.version, &head.digest(content))
}

/// The same, by the digest of the head.
pub(super) fn of_digest(cluster: &str, id: RowId, version: Version, digest: &[u8; 32]) -> Vec<u8> {
    bytes(&("rumormill 2026 head of a row", cluster, id, version, digest))
}

/// What an authority says of a member.
pub(super) fn of_certificate<T: Serialize>(cluster: &str, says: &T) -> Vec<u8> {
    bytes(&("rumormill 2026 certificate", cluster, says))
}

/// What an authority says of one who is a member no more.
pub(super) fn of_revocation<T: Serialize>(cluster: &str, says: &T) -> Vec<u8> {
    bytes(&("rumormill 2026 revocation", cluster, says))
}

fn bytes<T: Serialize>(statement: &T) -> Vec<u8> {
    codec::encode_to_vec(statement).expect("statements have a known length")
}
