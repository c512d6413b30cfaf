//! Why bytes were not taken in.

use core::fmt;

/// The bytes are not what the encoder writes for any value of the type. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not the encoding of the expected object; dropped")
    }
}

impl core::error::Error for Malformed {}

/// The cells are of a sketch of another size or width than is wanted here. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherShape;

impl fmt::Display for OtherShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cells are of a sketch of another size or width; dropped")
    }
}

impl core::error::Error for OtherShape {}
