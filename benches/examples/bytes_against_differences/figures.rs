//! The figures as they are written down: one line for every number of rows, number of rows that
//! differ, and method, in this order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The command that measures and draws.
pub(crate) const COMMAND: &str =
    "cargo run --release -p rumormill-benches --example bytes_against_differences";

const LOCK: &str = include_str!("../../../Cargo.lock");

/// All that was measured.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) command: String,
    /// Of the other libraries, by their names.
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) figures: Vec<Figure>,
}

/// What a method takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) struct Figure {
    pub(crate) rows: usize,
    pub(crate) differ: usize,
    pub(crate) method: Method,
    pub(crate) bytes: u64,
}

/// A way to find which rows differ, or that none can be better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    VersionVector,
    Negentropy,
    Riblt,
    Rumormill,
    LowerBound,
}

impl Measured {
    pub(crate) fn nothing() -> Self {
        let versions = ["negentropy", "riblt"].map(|name| (name.to_owned(), locked(name)));
        Self { command: COMMAND.to_owned(), versions: versions.into(), figures: Vec::new() }
    }

    /// Puts figures in the place of all there were of the same methods.
    pub(crate) fn replace(&mut self, figures: Vec<Figure>) {
        self.figures.retain(|old| figures.iter().all(|new| new.method != old.method));
        self.figures.extend(figures);
        self.figures.sort_unstable();
    }

    pub(crate) fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let lines: Result<Vec<_>, _> = self.figures.iter().map(serde_json::to_string).collect();
        Ok(format!(
            "{{\n\"command\": {},\n\"versions\": {},\n\"figures\": [\n{}\n]\n}}\n",
            serde_json::to_string(&self.command)?,
            serde_json::to_string(&self.versions)?,
            lines?.join(",\n"),
        ))
    }
}

/// The version of a library that this was built with.
fn locked(name: &str) -> String {
    let name = format!("name = \"{name}\"");
    let version = LOCK.lines().skip_while(|line| *line != name).nth(1);
    let version = version.and_then(|line| line.split('"').nth(1));
    version.expect("the lock file has all libraries with their versions").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_read_again() {
        let figure = |method, bytes| Figure { rows: 10, differ: 1, method, bytes };
        let mut measured = Measured::nothing();
        measured.replace(vec![figure(Method::Rumormill, 7), figure(Method::Riblt, 9)]);
        let text = measured.to_json().unwrap();
        let mut read = Measured::from_json(&text).unwrap();
        assert_eq!(read.to_json().unwrap(), text);
        read.replace(vec![figure(Method::Rumormill, 5)]);
        assert_eq!(read.figures, [figure(Method::Riblt, 9), figure(Method::Rumormill, 5)]);
    }
}
