//! A law kit for CRDTs.

mod check;
mod checks;
mod crdt;
mod deltas;
mod edit_set;
mod heard;
mod history;
mod laws;
mod report;
mod rows;
mod run;
mod step;
mod tally;
mod trace;
mod transfer;
mod wire;
mod world;

pub use check::Check;
pub use crdt::{Collects, Crdt};
pub use deltas::{Deltas, Digest, Mark};
pub use heard::{EditId, Heard, HeardEdit};
pub use laws::{Laws, laws_of};
pub use report::{Failure, Report};
pub use rows::{Columns, Rows, laws_of_rows};
pub use step::{Disk, Step, Who};
pub use transfer::{ByDelta, ByState, Transfer};
pub use wire::{Accounted, Wire};
