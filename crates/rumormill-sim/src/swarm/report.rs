//! What came of a run.

use core::{any::Any, fmt, time::Duration};
use std::collections::BTreeMap;

/// What an oracle found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which oracle.
    pub oracle: &'static str,
    /// When, in virtual time.
    pub at: Duration,
    /// What it found.
    pub what: String,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Outcome {
    /// What was found first; the run ends there.
    pub violation: Option<Violation>,
    /// A hash over every datagram: two runs that agree on it did the same.
    pub hash: u64,
    /// How long nodes ran, all together.
    pub node_time: Duration,
    /// How many datagrams were sent.
    pub datagrams: u64,
    /// How many edits there were.
    pub edits: u64,
    /// What went wrong, and how often: datagrams for faults of the network, else occurrences.
    pub faults: BTreeMap<&'static str, u64>,
    /// What nodes met, and how often.
    pub covered: BTreeMap<String, u64>,
    /// How long after all was mended all tables were equal.
    pub agreed_after: Option<Duration>,
    /// How long it took all to know of a crash in the end.
    pub detected_after: Option<Duration>,
    /// The last lines of what happened, as many as were asked for.
    pub trace: String,
}

impl Outcome {
    pub(super) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let what = text.unwrap_or("without a word").to_owned();
        let violation = Violation { oracle: "nobody panics", at: Duration::ZERO, what };
        Self { violation: Some(violation), ..Self::default() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s: {}: {}", self.at.as_secs_f64(), self.oracle, self.what)
    }
}
