//! What a terminal shows while something takes long.

use std::io::{self, IsTerminal, Write};

/// Goes to the beginning of the line and erases it.
const ERASE: &str = "\r\x1b[K";

/// One line on standard error that is written over and over, if that is a terminal; erased when
/// dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { is_shown: io::stderr().is_terminal() }
    }

    pub(crate) fn show(&self, line: &str) {
        if self.is_shown {
            let _ = write!(io::stderr(), "{ERASE}{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
