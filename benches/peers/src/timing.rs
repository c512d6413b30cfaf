//! Time of the processor, so that a busy machine does not show.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often each work is timed; the median counts.
const RUNS: usize = 5;

/// Nanoseconds for one of so many items: the median of several runs. Each gets what `prepare` makes, and
/// what it returns is dropped after the time is taken.
pub(crate) fn nanos_per<S, R>(
    items: usize,
    mut prepare: impl FnMut() -> S,
    mut run: impl FnMut(S) -> R,
) -> f64 {
    let mut spans: Vec<_> = (0..RUNS)
        .map(|_| {
            let prepared = prepare();
            let begun = now();
            let result = run(prepared);
            let span = now() - begun;
            drop(result);
            span
        })
        .collect();
    spans.sort();
    spans[RUNS / 2].as_secs_f64() * 1e9 / items as f64
}

/// The time that this thread has spent.
fn now() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(spent.tv_sec).expect("time goes on");
    let nanos = u32::try_from(spent.tv_nsec).expect("less than a second");
    Duration::new(seconds, nanos)
}
