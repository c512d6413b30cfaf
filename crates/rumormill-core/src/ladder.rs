//! The ladder by which two nodes find what differs, climbed by nodes that mean it well, while
//! somebody who knows all secrets chose the rows, the versions or the datagrams.

mod grind;
mod pair;
mod rows;

mod adversary;
mod audits;
mod collisions;
mod cuts;
mod gaps;
mod garbage;
mod misnomers;
