//! All groups.

#![allow(missing_docs, reason = "the macros make modules of functions")]

use gungraun::main;

use crate::{columns::columns, node::node, sketch::sketch, table::table};

main!(library_benchmark_groups = table, columns, sketch, node);

/// Counts, or is what valgrind runs.
pub(crate) fn count() {
    main();
}
