//! A history, one line a step.

use std::fmt::Debug;

use crate::{Disk, Step, Who};

/// What happened in a history, one line a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    lines: Vec<(String, String)>,
    note: Option<String>,
}

impl Trace {
    /// Gives the present step words of its own.
    pub(crate) fn note(&mut self, step: String) {
        self.note = Some(step);
    }

    /// Ends a step for which words were given, with what somebody reads after it.
    pub(crate) fn end_step(&mut self, reads: Option<(Who, String)>) {
        let Some(step) = self.note.take() else { return };
        let reads = reads.map(|(who, read)| format!("{who} reads {read}"));
        self.lines.push((step, reads.unwrap_or_default()));
    }

    /// Ends a step, with what somebody reads after it.
    pub(crate) fn end<E: Debug>(&mut self, step: &Step<E>, reads: Option<(Who, String)>) {
        if self.note.is_none() {
            self.note = Some(words(step));
        }
        self.end_step(reads);
    }

    /// The lines, numbered, with what is read in a column of its own.
    pub(crate) fn lines(&self) -> Vec<String> {
        let width = self.lines.iter().map(|(step, _)| step.chars().count()).max().unwrap_or(0);
        let numbered = self.lines.iter().enumerate();
        let lines = numbered.map(|(nth, (step, reads))| {
            let line = format!("{:>4}  {step:width$}  {reads}", nth + 1);
            line.trim_end().to_owned()
        });
        lines.collect()
    }
}

fn words<E: Debug>(step: &Step<E>) -> String {
    match step {
        Step::Edit { who, edit } => format!("{who} edits {edit:?}"),
        Step::Sync { from, to } => format!("{to} hears all from {from}"),
        Step::SyncPart { from, to, mask } => {
            format!("{to} hears a part from {from} (mask {mask:08b})")
        }
        Step::Send { from, to } => format!("{from} sends to {to}"),
        Step::Deliver { nth, .. } => format!("what was sent as number {nth} arrives"),
        Step::Lose { nth } => format!("what was sent as number {nth} is lost"),
        Step::Collect { who } => format!("{who} collects"),
        Step::Forget { who, before } => format!("{who} forgets up to {before}"),
        Step::Save { who } => format!("{who} writes its disk"),
        Step::Restart { who, disk: Disk::Fresh } => format!("{who} restarts with its disk"),
        Step::Restart { who, disk: Disk::Stale } => format!("{who} restarts with a stale disk"),
        Step::Restart { who, disk: Disk::Lost } => format!("{who} restarts without a disk"),
        Step::BlindStart { who, edit } => {
            format!("{who} restarts without a disk and edits {edit:?}")
        }
        Step::Arrive => format!("{} arrives", Who::D),
        Step::Leave { who } => format!("{who} leaves"),
    }
}
