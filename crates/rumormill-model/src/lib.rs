//! thin
mod admission;
mod digest;
mod explore;
mod interned;
mod rows;
mod table;
pub use explore::*;
pub use rows::*;
pub use table::*;
