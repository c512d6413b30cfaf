//! The figures as a picture: a panel for each number of rows, a line for each method.

use std::fmt::{self, Write};

use rumormill_benches::plot::{
    Axis, apart, grouped, in_thousands, with_unit, write_grid, write_head, write_text,
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

const SCALE_BELOW: &str = r##"text-anchor="middle" font-size="12" fill="#444444""##;
const SCALE_BESIDE: &str = r##"text-anchor="end" font-size="12" fill="#444444""##;

/// From the back to the front.
const METHODS: [Method; 5] = [
    Method::LowerBound,
    Method::VersionVector,
    Method::Negentropy,
    Method::Riblt,
    Method::Rumormill,
];

impl Method {
    const fn label(self) -> &'static str {
        match self {
            Self::VersionVector => "version vector",
            Self::Negentropy => "range-based",
            Self::Riblt => "Rateless IBLT",
            Self::Rumormill => "rumormill",
            Self::LowerBound => "lower bound",
        }
    }

    const fn color(self) -> &'static str {
        match self {
            Self::VersionVector => "#3465a4",
            Self::Negentropy => "#9a3480",
            Self::Riblt => "#b85c00",
            Self::Rumormill => "#0b7a3b",
            Self::LowerBound => "#555555",
        }
    }

    /// What the line looks like, besides its color.
    const fn stroke(self) -> &'static str {
        match self {
            Self::VersionVector | Self::Negentropy | Self::Riblt => "stroke-width=\"1.8\"",
            Self::Rumormill => "stroke-width=\"3.2\"",
            Self::LowerBound => "stroke-width=\"1.8\" stroke-dasharray=\"5 4\"",
        }
    }

    /// The mark of a figure, as a path around it; lines that were not measured have none.
    const fn mark(self) -> &'static str {
        match self {
            Self::VersionVector => "m-3.2 -3.2h6.4v6.4h-6.4z",
            Self::Negentropy => "m0 -4.2l4 7h-8z",
            Self::Riblt => "m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z",
            Self::Rumormill => "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
            Self::LowerBound => "",
        }
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
        first.write_scale_of_bytes(svg)?;
        last.write_labels(svg)?;
    }
    for (line, caption) in (0u8..).zip(caption(measured)) {
        let baseline = CAPTION + 18.0 * f64::from(line);
        write_text(svg, MARGIN, baseline, r##"font-size="12" fill="#444444""##, &caption)?;
    }
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
fn panels(figures: &[Figure]) -> Vec<Panel> {
    let mut rows: Vec<_> = figures.iter().map(|figure| figure.rows).collect();
    rows.dedup();
    let lefts = (0u8..).map(|number| LEFT + f64::from(number) * (PANEL_WIDTH + PANEL_GAP));
    let panel = |(rows, left)| Panel {
        rows,
        x: Axis::over(figures.iter().map(|it| it.differ as u64), left, left + PANEL_WIDTH),
        y: Axis::over(figures.iter().map(|it| it.bytes), BOTTOM, TOP),
        figures: figures.iter().filter(|it| it.rows == rows).copied().collect(),
    };
    rows.into_iter().zip(lefts).map(panel).collect()
}

/// What is drawn of one number of rows.
struct Panel {
    rows: usize,
    x: Axis,
    y: Axis,
    figures: Vec<Figure>,
}

impl Panel {
    fn write(&self, svg: &mut String) -> fmt::Result {
        write_grid(svg, &self.x, &self.y)?;
        let title = format!("N = {} rows", grouped(self.rows as u64));
        let middle = self.x.middle();
        write_text(svg, middle, TOP - 12.0, r#"text-anchor="middle" font-weight="bold""#, &title)?;
        for (power, x) in self.x.powers() {
            write_text(svg, x, BOTTOM + 19.0, SCALE_BELOW, &in_thousands(power))?;
        }
        write_text(svg, middle, BOTTOM + 41.0, r#"text-anchor="middle""#, "rows that differ")?;
        METHODS.into_iter().try_for_each(|method| self.write_line(svg, method))
    }

    fn write_line(&self, svg: &mut String, method: Method) -> fmt::Result {
        let (color, stroke, mark) = (method.color(), method.stroke(), method.mark());
        let points: Vec<_> = self.points(method).collect();
        let line: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let line = line.join(" ");
        writeln!(svg, r#"<polyline points="{line}" fill="none" stroke="{color}" {stroke}/>"#)?;
        if mark.is_empty() {
            return Ok(());
        }
        let marks: String = points.iter().map(|(x, y)| format!("M{x:.1} {y:.1}{mark}")).collect();
        writeln!(svg, r##"<path d="{marks}" fill="{color}" stroke="#ffffff" stroke-width="0.8"/>"##)
    }

    fn points(&self, method: Method) -> impl Iterator<Item = (f64, f64)> {
        let figures = self.figures.iter().filter(move |figure| figure.method == method);
        figures.map(|figure| (self.x.at(figure.differ as u64), self.y.at(figure.bytes)))
    }

    fn write_scale_of_bytes(&self, svg: &mut String) -> fmt::Result {
        let right = self.x.from - 8.0;
        for (power, y) in self.y.powers() {
            write_text(svg, right, y + 4.0, SCALE_BESIDE, &with_unit(power))?;
        }
        let (x, middle) = (MARGIN + 6.0, self.y.middle());
        let turned = format!(r#"text-anchor="middle" transform="rotate(-90 {x} {middle:.1})""#);
        write_text(svg, x, middle, &turned, "bytes, both ways together")
    }

    /// Writes the names of the lines where they end.
    fn write_labels(&self, svg: &mut String) -> fmt::Result {
        let end = |method| Some((self.points(method).last()?.1, method));
        let mut ends: Vec<_> = METHODS.into_iter().filter_map(end).collect();
        ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        let apart = apart(ends.iter().map(|end| end.0));
        for ((_, method), y) in ends.iter().zip(apart) {
            let style = format!(r#"font-weight="bold" fill="{}""#, method.color());
            write_text(svg, self.x.to + 10.0, y + 4.5, &style, method.label())?;
        }
        Ok(())
    }
}
