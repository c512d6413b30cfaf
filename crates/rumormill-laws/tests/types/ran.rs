//! What every run has to come to.

use rumormill_laws::{Crdt, Laws, Transfer};

/// Checks the laws, and that each check was made in as many histories as was asked for.
pub(crate) fn check<T: Crdt, M: Transfer<T>>(laws: &Laws<T, M>) {
    let report = laws.check();
    let asked = std::env::var("RUMORMILL_HISTORIES").ok().and_then(|it| it.parse().ok());
    for check in laws.checks() {
        assert!(report.checked(check) >= asked.unwrap_or(2_000), "{check} was made too seldom");
    }
}
