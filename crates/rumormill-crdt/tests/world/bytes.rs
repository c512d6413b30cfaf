//! Spoiled bytes (I11).

use proptest::prelude::*;
use rumormill_crdt::VersionVector;

use super::{
    SKEW_MAX, World,
    invariants::i13_dependencies,
    traffic::{Delta, encoded},
    truth::{Check, ensure},
};

/// What happens to the bytes of a delta.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoil {
    /// A bit is flipped; the byte is taken modulo the length.
    Flip { byte: usize, bit: u8 },
    /// A byte is replaced, often by the start of a long number.
    Replace { byte: usize, by: u8 },
    /// The end is missing.
    Truncate { byte: usize },
    /// There is more than there should be.
    Extend { by: u8 },
}

pub(crate) fn spoils() -> impl Strategy<Value = Spoil> {
    let byte = || any::<u16>().prop_map(usize::from);
    let by = prop_oneof![Just(0xff), Just(0x80), Just(0), any::<u8>()];
    prop_oneof![
        6 => (byte(), 0..8u8).prop_map(|(byte, bit)| Spoil::Flip { byte, bit }),
        3 => (byte(), by).prop_map(|(byte, by)| Spoil::Replace { byte, by }),
        1 => byte().prop_map(|byte| Spoil::Truncate { byte }),
        1 => any::<u8>().prop_map(|by| Spoil::Extend { by }),
    ]
}

/// I11: spoiled bytes are malformed, or refused, or they say no more than a member could say:
/// only a canonical encoding is accepted, a refusal changes nothing, dependencies stay closed,
/// and a row is never shown under a true head with cells that its owner did not put there.
///
/// The hash in the head covers cells, tombstones and floor. The rest of what names a row (whose,
/// which version, when, depending on what) is left to the seal of the datagram and the signature
/// of the head: without them anybody can invent a row, and a spoiled name is an invented row.
pub(crate) fn i11_bounded_ingress(world: &World, number: usize, spoil: Spoil) -> Check {
    let nothing = VersionVector::default();
    let senders = world.nodes.values();
    let deltas: Vec<Delta> = senders.flat_map(|node| node.replica.delta_since(&nothing)).collect();
    let Some(nth) = number.checked_rem(deltas.len()) else { return Ok(()) };
    let bytes = spoiled(encoded(&deltas[nth])?, spoil);
    let Ok(delta) = Delta::decode(&bytes) else { return Ok(()) };
    ensure(encoded(&delta)? == bytes, || "I11: two spellings of one delta".to_owned())?;
    for node in world.nodes.values() {
        let mut replica = node.replica.clone();
        let outcome = replica.admit(node.wall, SKEW_MAX, &delta);
        let changed = replica.table() != node.table();
        ensure(outcome.is_ok() || !changed, || format!("I11: {outcome:?} changed the table"))?;
        i13_dependencies(replica.table())?;
        let Some(row) = replica.table().row(delta.id()) else { continue };
        let left = world.truth.row(row.id(), row.version());
        let true_head = left.is_some_and(|left| left.head() == row.head());
        ensure(!true_head || left == Some(row), || {
            format!("I11: {delta:?} gave\n{row:?}\nunder the head of\n{left:?}")
        })?;
    }
    Ok(())
}

fn spoiled(mut bytes: Vec<u8>, spoil: Spoil) -> Vec<u8> {
    let len = bytes.len();
    match spoil {
        Spoil::Flip { byte, bit } => bytes[byte % len] ^= 1 << bit,
        Spoil::Replace { byte, by } => bytes[byte % len] = by,
        Spoil::Truncate { byte } => bytes.truncate(byte % len),
        Spoil::Extend { by } => bytes.push(by),
    }
    bytes
}
