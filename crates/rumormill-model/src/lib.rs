//! thin
mod admission;
mod digest;
mod explore;
mod interned;
mod rows;
pub use explore::*;
pub use rows::*;
