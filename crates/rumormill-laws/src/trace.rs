//! A history, one line a step.

use std::fmt::Debug;

use crate::{Disk, Step, Who};

/// What happened in a history, one line a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    lines: Vec<Line>,
    /// How many of the lines are steps of the history; what comes after them is its end.
    steps: Option<usize>,
    note: Option<String>,
}

/// What happened, and what was read then.
#[derive(Clone, Debug)]
struct Line {
    step: String,
    reads: String,
}

/// As many lines of a trace are shown at most.
const LINES_MAX: usize = 40;

impl Trace {
    /// Gives the present step words of its own.
    pub(crate) fn note(&mut self, step: String) {
        self.note = Some(step);
    }

    /// Ends a step for which words were given, with what somebody reads after it.
    pub(crate) fn end_step(&mut self, reads: Option<(Who, String)>) {
        let Some(step) = self.note.take() else { return };
        let reads = reads.map(|(who, read)| format!("{who} reads {read}"));
        self.lines.push(Line { step, reads: reads.unwrap_or_default() });
    }

    /// Notes that the history has come to its end.
    pub(crate) const fn end_history(&mut self) {
        self.steps = Some(self.lines.len());
    }

    /// Ends a step, with what somebody reads after it.
    pub(crate) fn end<E: Debug>(&mut self, step: &Step<E>, reads: Option<(Who, String)>) {
        if self.note.is_none() {
            self.note = Some(words(step));
        }
        self.end_step(reads);
    }

    /// The lines, with what is read in a column of its own. Steps are numbered; what happened
    /// when everybody reached everybody in the end is not.
    pub(crate) fn lines(&self) -> Vec<String> {
        let shown = &self.lines[..self.lines.len().min(LINES_MAX)];
        let width = shown.iter().map(|line| line.step.chars().count()).max().unwrap_or(0);
        let steps = self.steps.unwrap_or(usize::MAX);
        let mut lines = Vec::new();
        for (nth, Line { step, reads }) in shown.iter().enumerate() {
            let number = if nth < steps { (nth + 1).to_string() } else { "end".to_owned() };
            lines.push(format!("{number:>4}  {step:width$}  {reads}").trim_end().to_owned());
        }
        if self.lines.len() > LINES_MAX {
            lines.push(format!("      and {} more", self.lines.len() - LINES_MAX));
        }
        lines
    }
}

fn words<E: Debug>(step: &Step<E>) -> String {
    match step {
        Step::Edit { who, edit } => format!("{who} edits {edit:?}"),
        Step::Sync { from, to } => format!("{to} hears all from {from}"),
        Step::Meet { one, other } => format!("{one} and {other} meet"),
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
        Step::Evict { who } => format!("{who} is evicted"),
    }
}
