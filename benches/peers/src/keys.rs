//! Keys of 16 bytes and values of 8, the same for everybody.

use std::fmt::Write;

/// How many keys there are, where it is bytes that are compared.
pub(crate) const KEYS: usize = 1_000;

/// Keys spread evenly, as hashes are, in 16 characters.
pub(crate) fn key(number: usize) -> String {
    let mut key = String::with_capacity(16);
    write!(key, "{:016x}", spread(number)).expect("a string takes all that is written");
    key
}

/// The same in 16 bytes.
pub(crate) fn key_bytes(number: usize) -> [u8; 16] {
    key(number).into_bytes().try_into().expect("16 characters")
}

/// A value that differs from that of every other edition.
pub(crate) fn value(edition: usize) -> [u8; 8] {
    (edition as u64).to_be_bytes()
}

/// The same in 8 characters.
pub(crate) fn value_text(edition: usize) -> String {
    format!("{edition:08x}")
}

/// A number as random as ids are.
pub(crate) fn spread(number: usize) -> u64 {
    let z = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}
