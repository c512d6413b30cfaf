//! Every type of rumormill, as a column of a table and as a value of its own, against what
//! `docs/semantics.md` says of it.

mod lww_register;
mod or_set;
mod pn_counter;
