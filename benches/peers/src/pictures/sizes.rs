//! What each kind of write takes: a bar for each, of its parts.

use std::fmt::{self, Write};

use serde_json::Value;

use crate::plot::{write_head, write_text};

const TITLE: &str = "What each kind of write takes on the wire, in bytes";
const COMMAND: &str = "rumormill sizes. 100 writers, nobody signs; the line in a bar is the floor. What names all \
                       100 writers is left out.";

const WRITERS: u64 = 100;

/// What takes more is left out: it names every writer.
const BYTES_MAX: u64 = 200;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 290.0;
const TOP: f64 = 78.0;
const BAR: f64 = 14.0;
const STEP: f64 = 19.0;

/// Pixels for a byte.
const SCALE: f64 = 3.6;

/// The parts, each with its color.
const PARTS: [(&str, &str); 5] = [
    ("payload", "#0b7a3b"),
    ("keys", "#6aa84f"),
    ("versions", "#3465a4"),
    ("ids", "#b85c00"),
    ("framing", "#999999"),
];

/// Draws a picture as SVG.
pub(super) fn draw(rows: &[Value]) -> String {
    let mut svg = String::new();
    write_picture(&mut svg, rows).expect("a string takes all that is written");
    svg
}

fn write_picture(svg: &mut String, rows: &[Value]) -> fmt::Result {
    let is_shown = |row: &&Value| {
        let bytes = row["bytes"].as_u64().is_some_and(|bytes| bytes <= BYTES_MAX);
        bytes && row["signed"] == false && row["writers"] == WRITERS
    };
    let shown: Vec<_> = rows.iter().filter(is_shown).collect();
    let bottom = TOP + STEP * shown.len() as f64;
    write_head(svg, WIDTH, bottom + 40.0, TITLE)?;
    write_text(svg, 16.0, 32.0, r#"font-size="18" font-weight="bold""#, TITLE)?;
    write_legend(svg)?;
    let tops = (0_u32..).map(|place| TOP + STEP * f64::from(place));
    shown.iter().zip(tops).try_for_each(|(row, top)| write_bar(svg, row, top))?;
    write_text(svg, 16.0, bottom + 22.0, r##"font-size="12" fill="#444444""##, COMMAND)?;
    writeln!(svg, "</svg>")
}

fn write_legend(svg: &mut String) -> fmt::Result {
    for ((part, color), place) in PARTS.into_iter().zip(0_u8..) {
        let x = LEFT + 90.0 * f64::from(place);
        write_rect(svg, x, 50.0, 12.0, color)?;
        write_text(svg, x + 17.0, 61.0, r#"font-size="12""#, part)?;
    }
    Ok(())
}

fn write_bar(svg: &mut String, row: &Value, top: f64) -> fmt::Result {
    let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let number = |field: &str| row[field].as_f64().unwrap_or_default();
    let label = format!("{}: {}", text("type"), text("operation"));
    let baseline = top + BAR - 3.0;
    write_text(svg, LEFT - 8.0, baseline, r#"text-anchor="end" font-size="12""#, &label)?;
    let mut x = LEFT;
    for (part, color) in PARTS {
        write_rect(svg, x, top, number(part) * SCALE, color)?;
        x += number(part) * SCALE;
    }
    let floor = LEFT + number("floor_bytes") * SCALE;
    writeln!(svg, r##"<path d="M{floor:.1} {top:.1}v{BAR}" stroke="#222222" stroke-width="2"/>"##)?;
    write_text(svg, x + 6.0, baseline, r#"font-size="12""#, &row["bytes"].to_string())
}

fn write_rect(svg: &mut String, x: f64, y: f64, width: f64, color: &str) -> fmt::Result {
    writeln!(
        svg,
        r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{BAR}" fill="{color}"/>"#
    )
}
