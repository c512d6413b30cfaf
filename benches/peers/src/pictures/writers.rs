//! Bytes against the number of writers: a panel for each question, a line for each library.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::plot::{Axis, apart, in_thousands, with_unit, write_grid, write_head, write_text};

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

const SCALE_BELOW: &str = r##"text-anchor="middle" font-size="12" fill="#444444""##;
const SCALE_BESIDE: &str = r##"text-anchor="end" font-size="12" fill="#444444""##;

/// What is asked, as work is called, and how it is said.
const PANELS: [(&str, &str); 2] = [
    ("one-behind", "until one has a write that it lacked"),
    ("equal", "until they know they are equal"),
];

/// From the back to the front, each with its color.
const LINES: [(&str, &str); 5] = [
    ("chitchat", "#3465a4"),
    ("loro", "#9a3480"),
    ("yrs", "#b85c00"),
    ("automerge", "#8a7a00"),
    ("rumormill", "#0b7a3b"),
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
        let panel = Panel { x, y, points: of_panel(work).collect() };
        panel.write(svg, title)?;
        if place == 0 {
            panel.write_scale_of_bytes(svg)?;
        }
    }
    for (line, caption) in (0_u8..).zip(CAPTION) {
        let baseline = BOTTOM + 70.0 + 18.0 * f64::from(line);
        write_text(svg, 16.0, baseline, SCALE_LEFT, caption)?;
    }
    writeln!(svg, "</svg>")
}

const SCALE_LEFT: &str = r##"font-size="12" fill="#444444""##;

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

struct Panel {
    x: Axis,
    y: Axis,
    points: Vec<Point>,
}

impl Panel {
    fn write(&self, svg: &mut String, title: &str) -> fmt::Result {
        write_grid(svg, &self.x, &self.y)?;
        let middle = self.x.middle();
        write_text(svg, middle, TOP - 12.0, r#"text-anchor="middle" font-weight="bold""#, title)?;
        for (power, x) in self.x.powers() {
            write_text(svg, x, BOTTOM + 19.0, SCALE_BELOW, &in_thousands(power))?;
        }
        write_text(svg, middle, BOTTOM + 41.0, r#"text-anchor="middle""#, "writers")?;
        LINES.into_iter().try_for_each(|(peer, color)| self.write_line(svg, peer, color))?;
        self.write_labels(svg)
    }

    fn line(&self, peer: &str) -> Vec<(f64, f64)> {
        let points = self.points.iter().filter(|point| point.peer == peer);
        points.map(|point| (self.x.at(point.writers), self.y.at(point.bytes))).collect()
    }

    fn write_line(&self, svg: &mut String, peer: &str, color: &str) -> fmt::Result {
        let points = self.line(peer).into_iter().map(|(x, y)| format!("{x:.1},{y:.1}"));
        let points: Vec<_> = points.collect();
        let width = if peer == "rumormill" { 3.2 } else { 1.8 };
        let points = points.join(" ");
        writeln!(
            svg,
            r#"<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width}"/>"#
        )
    }

    /// Writes the names of the lines where they end.
    fn write_labels(&self, svg: &mut String) -> fmt::Result {
        let end = |(peer, color)| Some((self.line(peer).last()?.1, peer, color));
        let mut ends: Vec<_> = LINES.into_iter().filter_map(end).collect();
        ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        let heights = apart(ends.iter().map(|(y, ..)| *y + 4.0));
        for ((_, peer, color), y) in ends.iter().zip(heights) {
            let style = format!(r#"font-size="12" font-weight="bold" fill="{color}""#);
            write_text(svg, self.x.to + 8.0, y, &style, peer)?;
        }
        Ok(())
    }

    fn write_scale_of_bytes(&self, svg: &mut String) -> fmt::Result {
        for (power, y) in self.y.powers() {
            write_text(svg, self.x.from - 8.0, y + 4.0, SCALE_BESIDE, &with_unit(power))?;
        }
        let (x, middle) = (22.0, self.y.middle());
        let turned = format!(r#"text-anchor="middle" transform="rotate(-90 {x} {middle:.1})""#);
        write_text(svg, x, middle, &turned, "bytes, both ways together")
    }
}
