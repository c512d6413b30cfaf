//! One line per event.

use core::fmt::{self, Write};
use std::collections::VecDeque;

use rumormill_core::Instant;

/// The last lines of a run, or all of them.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    lines: VecDeque<String>,
    lines_max: usize,
}

impl Trace {
    pub(crate) const fn new(lines_max: usize) -> Self {
        Self { lines: VecDeque::new(), lines_max }
    }

    pub(crate) fn line(&mut self, now: Instant, what: fmt::Arguments<'_>) {
        if self.lines_max == 0 {
            return;
        }
        if self.lines.len() == self.lines_max {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{now:?} {what}"));
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            f.write_str(line)?;
            f.write_char('\n')?;
        }
        Ok(())
    }
}
