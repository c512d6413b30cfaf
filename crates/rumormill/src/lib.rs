//! Gossip a table of conflict-free types between processes, over UDP with tokio.
//!
//! [`spawn`] starts a node: one task, one socket, one timer. The [`Handle`] it returns edits and
//! reads the table, waits for changes and tells who else is there. Everybody's edits reach
//! everybody, and whoever has heard the same edits reads the same values.
//!
//! ```
//! use rumormill::{Column, OrSet, Settings, Space, spawn};
//!
//! const SKILLS: Column<OrSet<String>> = Column::new(Space::SHARED, "skills");
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let loopback = "127.0.0.1:0".parse()?;
//! let ann = spawn(Settings::new("ann", loopback)).await?;
//! let bob = spawn(Settings { join: vec![ann.address()], ..Settings::new("bob", loopback) }).await?;
//!
//! ann.update(|writer| SKILLS.insert(writer, &"search".to_owned())).await??;
//! bob.until(|table| SKILLS.contains(table, &"search".to_owned()).then_some(())).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What this crate does not do
//!
//! Datagrams are checked for damage but neither encrypted nor authenticated: run it in networks
//! where everybody who can send is trusted. Nothing is stored: rows that a program kept come back
//! through [`Settings::restore`]. A population uses one address family, and every member must
//! reach every other at the address it advertises.
//!
//! To run the protocol in another event loop, use [`rumormill_core::Node`] directly; the examples
//! of this crate show how in tokio, in a blocking thread and in mio.

mod settings;
mod spawn;

mod driver;
mod handle;
mod recorded;
mod recording;

pub use handle::{Handle, MemberInfo, Stats, Stopped};
pub use recording::{Outcome, Recording, RecordingError, Step};
pub use settings::Settings;
pub use spawn::{SpawnError, spawn};

pub use rumormill_core::{
    self as core, Config, Freshness, Liveness, Mode,
    crdt::{
        Clash, Column, Life, LwwRegister, OrSet, PnCounter, ReplicaId, Retention, Space, Table,
        WriteError, Writer,
    },
};

/// For `struct Agent` it makes `Agent::COLUMNS`, with a [`Column`] for each field to edit through;
/// `Agent::read(&table)`, which returns a plain struct `AgentView`; and `Agent::clashes(&table)`,
/// which lists what others wrote under the same names with other types.
///
/// ```
/// use rumormill::{Columns, Handle, LwwRegister, OrSet};
///
/// #[derive(Columns)]
/// struct Agent {
///     skills: OrSet<String>,
///     load: LwwRegister<u32>,
/// }
///
/// async fn announce(node: Handle) -> Result<AgentView, Box<dyn std::error::Error>> {
///     node.update(|writer| Agent::COLUMNS.load.set(writer, &40)).await??;
///     Ok(node.read(Agent::read).await?)
/// }
/// ```
#[doc(inline)]
pub use rumormill_derive::FacadeColumns as Columns;

/// What a node over UDP tells the program it is part of.
pub type Event = rumormill_core::Event<std::net::SocketAddr>;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
