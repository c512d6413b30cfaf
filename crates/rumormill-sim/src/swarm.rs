//! Everything that can go wrong, drawn from a seed, and judged.
//!
//! A seed stands for a [`Plan`]: a population, its configuration, what is written and what goes
//! wrong. Each kind of fault is in it or not by a coin of its own, which is swarm testing (Groce,
//! Zhang, Eide, Chen and Regehr, ISSTA 2012): what is left out makes room for what is not. A run
//! has a storm, after which all is mended, and then a time of rest. Oracles look on all the time,
//! at the process to which something happened, as long as its table changed, and judge everything
//! at rest. `docs/testing.md` lists them.

mod copies;
mod coverage;
mod edit_set;
mod errands;
mod fault;
mod history;
mod inject;
mod judges;
mod oracle;
mod plan;
mod report;
mod run;
pub mod scenario;
mod shrink;
mod weather;
mod workload;

pub use self::{
    errands::{Errand, Errands, ErrandsRead},
    fault::{Fault, Planned, Schedule},
    history::{Heard, HeardEdit},
    plan::Plan,
    report::{Outcome, Violation},
    shrink::Shrunk,
    workload::Workload,
};
