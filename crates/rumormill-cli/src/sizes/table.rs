//! The figures, for people.

use rumormill::core::crdt::{Division, Signature};

use super::{WRITERS, row::Row};

/// Of how many writers the parts are shown.
const SHOWN: usize = 100;

pub(super) fn to_text(rows: &[Row]) -> String {
    let kinds = rows.iter().filter(|row| !row.signed && row.writers == SHOWN);
    let mut lines = vec![head()];
    lines.extend(kinds.map(|shown| line(rows, shown)));
    lines.push(String::new());
    lines.push(format!(
        "Floor, datagram and parts are those at {SHOWN} writers. A signed head takes {} bytes more.",
        1 + Signature::LEN
    ));
    lines.extend(verdicts(rows));
    lines.join("\n")
}

fn head() -> String {
    format!(
        "{:<15}{:<25}{:>7}{:>7}{:>7}{:>7}{:>10}{:>9}{:>7}{:>10}{:>6}{:>9}",
        "type",
        "operation",
        "10",
        "100",
        "1,000",
        "floor",
        "datagram",
        "payload",
        "keys",
        "versions",
        "ids",
        "framing"
    )
}

fn line(rows: &[Row], shown: &Row) -> String {
    let bytes = WRITERS.map(|writers| {
        let row = rows.iter().find(|row| is_of(row, shown) && row.writers == writers);
        row.map_or_else(String::new, |row| mark(row) + &row.bytes.to_string())
    });
    let [few, some, many] = bytes;
    let Division { payload, keys, versions, ids, framing, .. } = shown.division;
    format!(
        "{:<15}{:<25}{few:>7}{some:>7}{many:>7}{:>7}{:>10}{payload:>9}{keys:>7}{versions:>10}{ids:>6}\
         {framing:>9}",
        shown.column, shown.operation, shown.floor_bytes, shown.datagram_bytes
    )
}

fn is_of(row: &Row, shown: &Row) -> bool {
    !row.signed && (row.column, row.operation) == (shown.column, shown.operation)
}

/// A star where an aim is missed.
fn mark(row: &Row) -> String {
    if row.meets_aim() == Some(false) { "*".to_owned() } else { String::new() }
}

fn verdicts(rows: &[Row]) -> impl Iterator<Item = String> {
    rows.iter().filter_map(|row| {
        let aim = row.aim_bytes?;
        let verdict = if row.meets_aim()? { "met" } else { "* MISSED" };
        let Row { column, operation, writers, bytes, .. } = row;
        Some(format!(
            "{column}, {operation}, {writers} writers: {bytes} bytes, aim {aim}: {verdict}"
        ))
    })
}
