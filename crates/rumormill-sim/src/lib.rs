//! A deterministic network for rumormill nodes: virtual time, one seed, faults, traces.
//!
//! [`Sim`] runs real [`Node`](rumormill_core::Node)s, one call after the other, in one thread.
//! Everything that happens is drawn from one seed, so the same seed and the same calls give the
//! same run, to the byte, on every machine. A fault is one short call; a run can be read line by
//! line from its trace; a failed check prints the command that runs it again.
//!
//! ```
//! use core::time::Duration;
//! use rumormill_core::{Config, crdt::{Column, PnCounter, Space}};
//! use rumormill_sim::Sim;
//!
//! const CALLS: Column<PnCounter> = Column::new(Space::STATS, "calls");
//!
//! let mut sim = Sim::new(7, Config::DEFAULT);
//! let [a, b] = sim.start_all();
//! sim.run(Duration::from_secs(2));
//! sim.cut(&[a]);
//! sim.update(a, |w| CALLS.add(w, 1))?;
//! sim.update(b, |w| CALLS.add(w, 2))?;
//! sim.heal();
//! sim.run_until_equal(Duration::from_secs(60)).expect("both tables are equal after a while");
//! assert_eq!(CALLS.read(sim.node(b).table()), 3);
//! # Ok::<(), rumormill_core::crdt::WriteError>(())
//! ```
//!
//! # What this crate does not do
//!
//! It does not test drivers: sockets, tasks and real clocks are not in it.

mod attack;
mod behind;
mod churn;
mod crash;
mod demers;
mod idle;
mod join;
mod link;
mod loss;
mod reconcile;
mod scale;
mod sim;
mod spread;
pub mod swarm;
mod theory;
mod told;
mod trace;
mod update;
mod zones;

pub use attack::{Attack, AttackReport};
pub use behind::{Behind, CatchUp};
pub use churn::{Churn, ChurnReport};
pub use crash::{Crash, CrashReport};
pub use demers::{Demers, DemersCell, DemersReport, Epidemic, Figures};
pub use idle::{Idle, IdleReport};
pub use join::{ColdStartReport, Join, JoinReport};
pub use link::{Bursts, Chance, Delays, Link};
pub use loss::{Loss, LossReport};
pub use reconcile::{Reconcile, ReconcileReport, Repair};
pub use scale::{Scale, ScaleReport};
pub use sim::{Barrier, Conversation, Disk, Index, Sim, Vice, Vices};
pub use spread::{Spread, SpreadReport};
pub use theory::{Rounds, Theory, TheoryCell};
pub use zones::{Zones, ZonesReport};

pub use rumormill_core::forging::{Telling, Weight};
