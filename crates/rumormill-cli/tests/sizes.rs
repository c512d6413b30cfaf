//! What each kind of write takes on the wire, compared with what it took before.

use std::process::Command;

use serde_json::{Map, Value};

const GOLDEN: &str = include_str!("sizes.golden.json");

const REWRITE: &str = "cargo run --release -q --bin rumormill -- sizes --json > \
                       crates/rumormill-cli/tests/sizes.golden.json";

#[test]
fn sizes_are_what_they_were() {
    let output = Command::new(env!("CARGO_BIN_EXE_rumormill")).args(["sizes", "--json"]).output();
    let output = output.expect("it starts");
    let found = rows(&String::from_utf8(output.stdout).expect("JSON is text"));
    let golden = rows(GOLDEN);
    found.iter().for_each(check_parts);
    let differing = differing(&golden, &found);
    assert!(
        differing.is_empty(),
        "{} rows differ from those of tests/sizes.golden.json:\n{}\n\
         If that is meant, say so in CHANGELOG.md and docs/performance.md, and write them anew:\n{REWRITE}",
        differing.len(),
        differing.join("\n")
    );
    assert!(output.status.success(), "what the command claims holds");
}

fn rows(json: &str) -> Vec<Map<String, Value>> {
    let said: Value = serde_json::from_str(json).expect("one JSON object");
    let rows = said["rows"].as_array().expect("a list of rows");
    rows.iter().map(|row| row.as_object().expect("an object").clone()).collect()
}

fn check_parts(row: &Map<String, Value>) {
    let number = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("a number {name}"));
    let parts = ["payload", "keys", "versions", "ids", "framing", "signatures"].map(number);
    assert_eq!(parts.iter().sum::<u64>(), number("bytes"), "the parts of {}", name(row));
    assert!(number("floor_bytes") <= number("bytes"), "the floor of {}", name(row));
}

/// A line for each row that one side has otherwise than the other, or not at all.
fn differing(golden: &[Map<String, Value>], found: &[Map<String, Value>]) -> Vec<String> {
    let of_name = |rows: &[Map<String, Value>], name: &str| {
        rows.iter().find(|row| self::name(row) == name).cloned()
    };
    let gone = golden.iter().map(name).filter(|name| of_name(found, name).is_none());
    let mut lines: Vec<_> = gone.map(|name| format!("  {name}: gone")).collect();
    for row in found {
        let name = name(row);
        match of_name(golden, &name) {
            None => lines.push(format!("  {name}: new")),
            Some(golden) => {
                let fields = row.iter().filter(|(field, value)| golden.get(*field) != Some(value));
                let changes = fields.map(|(field, value)| {
                    let was = golden.get(field).map_or("nothing".to_owned(), Value::to_string);
                    format!("{field} {was} -> {value}")
                });
                let changes: Vec<_> = changes.collect();
                if !changes.is_empty() {
                    lines.push(format!("  {name}: {}", changes.join(", ")));
                }
            }
        }
    }
    lines
}

fn name(row: &Map<String, Value>) -> String {
    let signed = if row["signed"] == true { ", signed" } else { "" };
    let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    format!("{} {}, {} writers{signed}", text("type"), text("operation"), row["writers"])
}
