//! What some operations are to take at most, where nobody signs.

/// The most that a figure is to be, if it has an aim.
pub(super) fn of(column: &str, operation: &str, writers: usize, signed: bool) -> Option<usize> {
    if signed {
        return None;
    }
    match (column, operation, writers) {
        ("raw", "overwrite", 10) => Some(36),
        ("raw", "one behind", _) => Some(90),
        ("OrSet", "add", 100) => Some(30),
        ("OrSet", "remove by another", 100) => Some(24),
        ("GCounter" | "PnCounter", "increment", 1_000) => Some(16),
        _ => None,
    }
}
