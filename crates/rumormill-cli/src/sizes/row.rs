//! One figure.

use rumormill::core::crdt::Division;
use serde_json::{Value, json};

/// What one operation takes.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) column: &'static str,
    pub(super) operation: &'static str,
    pub(super) writers: usize,
    pub(super) signed: bool,
    pub(super) bytes: usize,
    /// With all frames.
    pub(super) datagram_bytes: usize,
    pub(super) floor_bytes: usize,
    pub(super) aim_bytes: Option<usize>,
    pub(super) division: Division,
    /// Whether everybody held the same in the end.
    pub(super) is_equal: bool,
}

impl Row {
    /// Says whether the figure is one: its parts add up, and it is not below what is possible.
    pub(super) const fn holds(&self) -> bool {
        self.is_equal
            && self.division.total() == self.bytes
            && self.floor_bytes <= self.bytes
            && self.bytes < self.datagram_bytes
    }

    /// Says whether the aim is met, if there is one.
    pub(super) fn meets_aim(&self) -> Option<bool> {
        self.aim_bytes.map(|aim| self.bytes <= aim)
    }

    fn to_json(&self) -> Value {
        let Division { payload, keys, versions, ids, framing, signatures } = self.division;
        json!({
            "type": self.column,
            "operation": self.operation,
            "writers": self.writers,
            "signed": self.signed,
            "bytes": self.bytes,
            "floor_bytes": self.floor_bytes,
            "payload": payload,
            "keys": keys,
            "versions": versions,
            "ids": ids,
            "framing": framing,
            "signatures": signatures,
            "datagram_bytes": self.datagram_bytes,
            "aim_bytes": self.aim_bytes,
            "meets_aim": self.meets_aim(),
        })
    }
}

/// One object, with each row on a line of its own.
pub(super) fn to_json(rows: &[Row]) -> String {
    let lines: Vec<_> = rows.iter().map(|row| row.to_json().to_string()).collect();
    format!("{{\"rows\":[\n{}\n]}}", lines.join(",\n"))
}
