//! Typed views of a rumormill table, derived from plain structs.
//!
//! A struct whose fields are conflict-free types names columns of a table. [`Columns`] makes of
//! it what its fields are edited through, a plain struct of what they read as, and a check for
//! cells that other programs, or other versions of this one, wrote under the same names with
//! other types. Each field is a column of its own, so a change of one field travels alone.
//!
//! # What this crate does not do
//!
//! It stores no schema in the table and transforms nothing: what was written under a name stays
//! as it was written.

mod expand;
mod plain;
mod schema;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::{expand::expand, schema::Schema};

/// Makes of a struct of conflict-free types a typed view of a table.
///
/// For `struct Agent` it makes
///
/// - `Agent::COLUMNS`, a struct `AgentColumns` with a `Column` for each field, to edit through
///   and to read one by one,
/// - `Agent::read(&table)`, which returns a struct `AgentView` with what each column reads as,
/// - `Agent::clashes(&table)`, which lists cells under these names that are not of these types.
///
/// `Agent` itself is a description and need never be made. Everything has the visibility of the
/// struct and of its fields, and their documentation.
///
/// ```
/// use rumormill_crdt::{Life, Limits, LwwRegister, OrSet, PnCounter, Replica, ReplicaId};
/// use rumormill_derive::Columns;
///
/// #[derive(Columns)]
/// struct Agent {
///     skills: OrSet<String>,
///     load: LwwRegister<u32>,
///     #[columns(space = "stats")]
///     calls: PnCounter,
/// }
///
/// let mut ann = Replica::new(Life { replica: ReplicaId(1), epoch: 1 }, Limits::DEFAULT);
/// ann.edit(core::time::Duration::from_secs(10), |writer| {
///     Agent::COLUMNS.skills.insert(writer, &"search".to_owned())?;
///     Agent::COLUMNS.load.set(writer, &40)?;
///     Agent::COLUMNS.calls.add(writer, 2)
/// })?;
///
/// let agent: AgentView = Agent::read(ann.table());
/// assert!(agent.skills.contains("search"));
/// assert_eq!((agent.load, agent.calls), (Some(40), 2));
/// assert_eq!(Agent::clashes(ann.table()), []);
/// # Ok::<(), rumormill_crdt::WriteError>(())
/// ```
///
#[doc = include_str!("options.md")]
#[proc_macro_derive(Columns, attributes(columns))]
pub fn columns(input: TokenStream) -> TokenStream {
    derive(&parse_macro_input!(input as DeriveInput), "::rumormill_crdt")
}

/// Makes of a struct of conflict-free types a typed view of a table, as `Columns` does, for
/// programs that find `rumormill-crdt` through the crate `rumormill`, which exports it as `Columns`.
///
#[doc = include_str!("options.md")]
#[proc_macro_derive(FacadeColumns, attributes(columns))]
pub fn facade_columns(input: TokenStream) -> TokenStream {
    derive(&parse_macro_input!(input as DeriveInput), "::rumormill::core::crdt")
}

fn derive(input: &DeriveInput, crdt: &str) -> TokenStream {
    let schema = Schema::parse(input, crdt);
    schema.map_or_else(|error| error.to_compile_error(), |schema| expand(&schema)).into()
}
