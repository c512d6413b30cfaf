//! Finds where two maps of counters differ, in bytes proportional to the difference.
#![no_std]

extern crate alloc;

mod audit;
mod bits;
mod cell;
mod difference;
mod fingerprint;
mod key_hash;
mod key_index;
mod malformed;
mod mix;
mod part;
mod peel;
mod place;
mod received;
mod request_list;
mod size;
mod sketch;
mod strata;
mod stripe;
mod summary;
mod width;

pub use audit::Audit;
pub use difference::{Difference, Gap, Peeled};
pub use fingerprint::{Comparison, Fingerprint};
pub use key_hash::{HashKey, KeyHash};
pub use key_index::KeyIndex;
pub use malformed::{Malformed, OtherShape};
pub use part::Part;
pub use received::Received;
pub use request_list::{Request, RequestList, TooMany};
pub use size::Size;
pub use sketch::Sketch;
pub use strata::Strata;
pub use stripe::Stripe;
pub use summary::Summary;
pub use width::Width;
