//! The figures as a picture: a panel for each number of rows, a line for each method.

use std::fmt::{self, Write as _};

use rumormill_benches::plot::{
    Axis, DASHED, DIAMOND, DISC, Panel, Pen, SQUARE, THICK, THIN, TRIANGLE, grouped, with_unit,
    write_caption, write_head, write_text,
};

use crate::{
    figures::{Figure, Measured, Method},
    measure::{MANY, RUNS, RUNS_OF_MANY},
};

const TITLE: &str = "What it takes to find which of N rows differ";

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 566.0;

/// Where the title and the caption begin, and the caption's first line.
const MARGIN: f64 = 16.0;
const CAPTION: f64 = 480.0;

/// Where the panels are.
const LEFT: f64 = 86.0;
const TOP: f64 = 74.0;
const BOTTOM: f64 = 410.0;
const PANEL_WIDTH: f64 = 222.0;
const PANEL_GAP: f64 = 20.0;

/// From the back to the front.
const METHODS: [Method; 5] = [
    Method::LowerBound,
    Method::VersionVector,
    Method::Negentropy,
    Method::Riblt,
    Method::Rumormill,
];

impl Method {
    const fn pen(self) -> Pen {
        let (label, color, stroke, mark) = match self {
            Self::VersionVector => ("version vector", "#3465a4", THIN, SQUARE),
            Self::Negentropy => ("range-based", "#9a3480", THIN, TRIANGLE),
            Self::Riblt => ("Rateless IBLT", "#b85c00", THIN, DIAMOND),
            Self::Rumormill => ("rumormill", "#0b7a3b", THICK, DISC),
            Self::LowerBound => ("lower bound", "#555555", DASHED, ""),
        };
        Pen { label, color, stroke, mark }
    }
}

/// Draws a picture as SVG.
pub(crate) fn draw(measured: &Measured) -> String {
    let mut svg = String::new();
    write_picture(&mut svg, measured).expect("a string takes all that is written");
    svg
}

fn write_picture(svg: &mut String, measured: &Measured) -> fmt::Result {
    write_head(svg, WIDTH, HEIGHT, TITLE)?;
    write_text(svg, MARGIN, 32.0, r#"font-size="18" font-weight="bold""#, TITLE)?;
    let panels = panels(&measured.figures);
    panels.iter().try_for_each(|panel| panel.write(svg))?;
    if let [first, .., last] = &panels[..] {
        let beside = "bytes, both ways together";
        first.panel.write_scale_beside(svg, MARGIN + 6.0, beside, with_unit)?;
        last.panel.write_labels(svg, last.ends())?;
    }
    write_caption(svg, MARGIN, CAPTION, caption(measured))?;
    writeln!(svg, "</svg>")
}

/// What is counted, and how it is measured again.
fn caption(measured: &Measured) -> [String; 5] {
    let version = |name: &str| measured.versions.get(name).map_or("", String::as_str);
    let many = grouped(MANY as u64);
    [
        "rumormill: all messages by which two nodes find what differs, both ways, with the sender's \
         header, without rows and frames;"
            .to_owned(),
        format!(
            "median of {RUNS} repairs, of {RUNS_OF_MANY} from {many} differences on. Version \
             vector: names and versions of all rows one way, then requests."
        ),
        format!(
            "Rateless IBLT (riblt {}): coded symbols one way. Range-based (negentropy {}): \
             messages both ways. These two find",
            version("riblt"),
            version("negentropy"),
        ),
        "elements of sets, two for every row that differs. The lower bound is for two sides that \
         know of all rows."
            .to_owned(),
        measured.command.clone(),
    ]
}

/// A panel for every number of rows, from left to right.
fn panels(figures: &[Figure]) -> Vec<OfRows> {
    let mut rows: Vec<_> = figures.iter().map(|figure| figure.rows).collect();
    rows.dedup();
    let lefts = (0u8..).map(|number| LEFT + f64::from(number) * (PANEL_WIDTH + PANEL_GAP));
    let panel = |(rows, left)| OfRows {
        rows,
        panel: Panel {
            x: Axis::over(figures.iter().map(|it| it.differ as u64), left, left + PANEL_WIDTH),
            y: Axis::over(figures.iter().map(|it| it.bytes), BOTTOM, TOP),
        },
        figures: figures.iter().filter(|it| it.rows == rows).copied().collect(),
    };
    rows.into_iter().zip(lefts).map(panel).collect()
}

/// What is drawn of one number of rows.
struct OfRows {
    rows: usize,
    panel: Panel,
    figures: Vec<Figure>,
}

impl OfRows {
    fn write(&self, svg: &mut String) -> fmt::Result {
        let title = format!("N = {} rows", grouped(self.rows as u64));
        self.panel.write_frame(svg, &title, "rows that differ")?;
        METHODS.into_iter().try_for_each(|it| it.pen().write_line(svg, &self.points(it)))
    }

    fn points(&self, method: Method) -> Vec<(f64, f64)> {
        let Panel { x, y } = self.panel;
        let figures = self.figures.iter().filter(|figure| figure.method == method);
        figures.map(|figure| (x.at(figure.differ as u64), y.at(figure.bytes))).collect()
    }

    fn ends(&self) -> Vec<(f64, Pen)> {
        let end = |method: Method| Some((self.points(method).last()?.1, method.pen()));
        METHODS.into_iter().filter_map(end).collect()
    }
}
