//! Bytes against the number of writers: a panel for each question, a line for each library.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::plot::{
    Axis, Panel, Pen, THICK, THIN, with_unit, write_caption, write_head, write_text,
};

const TITLE: &str = "What two peers say to each other, where so many have written";
const CAPTION: [&str; 3] = [
    "1,000 keys of 16 bytes with values of 8; all messages, without what UDP or TCP adds.",
    "automerge keeps what each peer had, and says nothing where nobody wrote.",
    "cargo run --release --manifest-path benches/peers/Cargo.toml -- --from docs/peers.json --plots docs",
];

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 490.0;
const TOP: f64 = 74.0;
const BOTTOM: f64 = 370.0;
const LEFT: f64 = 86.0;
const PANEL_WIDTH: f64 = 250.0;
/// Room for the names of lines.
const PANEL_GAP: f64 = 100.0;

/// What is asked, as work is called, and how it is said.
const PANELS: [(&str, &str); 2] = [
    ("one-behind", "until one has a write that it lacked"),
    ("equal", "until they know they are equal"),
];

/// From the back to the front: the names of libraries, and their lines.
const PENS: [Pen; 5] = [
    Pen { label: "chitchat", color: "#3465a4", stroke: THIN, mark: "" },
    Pen { label: "loro", color: "#9a3480", stroke: THIN, mark: "" },
    Pen { label: "yrs", color: "#b85c00", stroke: THIN, mark: "" },
    Pen { label: "automerge", color: "#8a7a00", stroke: THIN, mark: "" },
    Pen { label: "rumormill", color: "#0b7a3b", stroke: THICK, mark: "" },
];

/// Draws a picture as SVG.
pub(super) fn draw(figures: &[Value]) -> String {
    let mut svg = String::new();
    write_picture(&mut svg, figures).expect("a string takes all that is written");
    svg
}

fn write_picture(svg: &mut String, figures: &[Value]) -> fmt::Result {
    write_head(svg, WIDTH, HEIGHT, TITLE)?;
    write_text(svg, 16.0, 32.0, r#"font-size="18" font-weight="bold""#, TITLE)?;
    let of_panel = |work| figures.iter().filter_map(move |row| Point::all_of(row, work)).flatten();
    let all: Vec<_> = PANELS.iter().flat_map(|(work, _)| of_panel(*work)).collect();
    for ((work, title), place) in PANELS.into_iter().zip(0_u8..) {
        let left = LEFT + f64::from(place) * (PANEL_WIDTH + PANEL_GAP);
        let x = Axis::over(all.iter().map(|it| it.writers), left, left + PANEL_WIDTH);
        let y = Axis::over(all.iter().map(|it| it.bytes), BOTTOM, TOP);
        let panel = Panel { x, y };
        panel.write_frame(svg, title, "writers")?;
        write_lines(svg, &panel, &of_panel(work).collect::<Vec<_>>())?;
        if place == 0 {
            panel.write_scale_beside(svg, 22.0, "bytes, both ways together", with_unit)?;
        }
    }
    write_caption(svg, 16.0, BOTTOM + 70.0, CAPTION)?;
    writeln!(svg, "</svg>")
}

/// Writes a line for each library, and its name where it ends.
fn write_lines(svg: &mut String, panel: &Panel, points: &[Point]) -> fmt::Result {
    let mut ends = Vec::new();
    for pen in PENS {
        let points = points.iter().filter(|point| point.peer == pen.label);
        let points = points.map(|point| (panel.x.at(point.writers), panel.y.at(point.bytes)));
        let points: Vec<_> = points.collect();
        pen.write_line(svg, &points)?;
        ends.extend(points.last().map(|end| (end.1, pen)));
    }
    panel.write_labels(svg, ends)
}

/// What a library takes where there are so many writers.
struct Point {
    peer: String,
    writers: u64,
    bytes: u64,
}

impl Point {
    /// What all take, in a row of the work with this name.
    fn all_of(row: &Value, work: &str) -> Option<Vec<Self>> {
        let writers = row["work"].as_str()?.strip_prefix(work)?.strip_prefix('/')?.parse().ok()?;
        let figures = row["figures"].as_object()?;
        let point = |(peer, bytes): (&String, &Value)| {
            Some(Self { peer: peer.clone(), writers, bytes: bytes.as_f64()? as u64 })
        };
        // What says nothing has no place between powers of ten.
        Some(figures.iter().filter_map(point).filter(|it| it.bytes > 0).collect())
    }
}
