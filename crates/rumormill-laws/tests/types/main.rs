//! Every type of rumormill, as a column of a table and as a value of its own, against what
//! `docs/semantics.md` says of it.

mod alone;
mod ran;

mod distinct;
mod event_log;
mod g_counter;
mod histogram;
mod lww_register;
mod map;
mod min_max;
mod mv_register;
mod or_set;
mod pn_counter;
mod several;
mod top_k;
mod window_counter;
