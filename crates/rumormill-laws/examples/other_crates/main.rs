//! Types of other crates, taken through the kit. Two sets obey the laws; a set that is
//! compacted and two maps do not:
//!
//! ```text
//! cargo run -p rumormill-laws --example other_crates
//! ```
#![expect(clippy::print_stdout, reason = "an example talks")]

use rumormill_laws::{Check, Crdt, Laws, Transfer};

mod aw_map;
mod edit;
mod map;
mod or_set;
mod orswot;

fn main() {
    show("crdt-kit ORSet, never compacted", &or_set::laws());
    show("crdt-kit ORSet, compacted now and then", &or_set::laws().collection());
    show("crdt-kit AWMap", &aw_map::laws());
    show("crdt-kit AWMap, refinement alone", &aw_map::laws().only(Check::Refinement));
    show("crdts Orswot", &orswot::laws());
    show("crdts Map of MVReg", &map::laws());
}

fn show<T: Crdt, M: Transfer<T>>(name: &str, laws: &Laws<T, M>) {
    println!("== {name}\n");
    match laws.run() {
        Ok(report) => println!("{} histories, every law holds\n", report.histories()),
        Err(failure) => println!("{failure}"),
    }
}
