//! How much time this thread has spent computing.

use std::time::Duration;

/// The processor's time that this thread has used; always 0 where the system does not say.
#[cfg(unix)]
pub(crate) fn thread_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(spent).unwrap_or_default()
}

/// The processor's time that this thread has used; always 0 where the system does not say.
#[cfg(not(unix))]
pub(crate) fn thread_time() -> Duration {
    Duration::ZERO
}
