//! What our pictures have in common: an axis, and text on it. They are written as SVG by hand.

use std::fmt::{self, Write};

/// An axis on which every power of ten is as far from the next: the places of numbers between two of them.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Where the lower power is.
    pub from: f64,
    /// Where the higher power is.
    pub to: f64,
    /// The exponents of both.
    lower: u32,
    higher: u32,
}

impl Axis {
    /// The axis between the nearest powers of ten that have all these positive numbers between
    /// them.
    ///
    /// # Panics
    ///
    /// If there are no numbers, or one is zero.
    pub fn over(numbers: impl Iterator<Item = u64> + Clone, from: f64, to: f64) -> Self {
        let least = numbers.clone().min().expect("something was measured");
        let greatest = numbers.max().expect("something was measured");
        let lower = least.ilog10();
        let higher = (lower + 1..).find(|exponent| 10u64.pow(*exponent) >= greatest);
        Self { from, to, lower, higher: higher.expect("numbers of bytes are far from the end") }
    }

    /// The place of a positive number.
    #[must_use]
    pub fn at(&self, number: u64) -> f64 {
        let (lower, higher) = (f64::from(self.lower), f64::from(self.higher));
        let share = ((number as f64).log10() - lower) / (higher - lower);
        self.from + share * (self.to - self.from)
    }

    /// The place between both ends.
    #[must_use]
    pub const fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// All powers of ten on it, and their places.
    pub fn powers(&self) -> impl Iterator<Item = (u64, f64)> {
        let powers = (self.lower..=self.higher).map(|exponent| 10u64.pow(exponent));
        powers.map(|power| (power, self.at(power)))
    }
}

/// The least distance of two labels of lines.
pub const LABEL_GAP: f64 = 17.0;

/// Moves labels, whose heights come in order, down until none is over another.
pub fn apart(heights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut free = f64::NEG_INFINITY;
    let place = |height: f64| {
        let placed = height.max(free);
        free = placed + LABEL_GAP;
        placed
    };
    heights.map(place).collect()
}

/// The style of the numbers below an axis, and of those beside one.
pub const SCALE_BELOW: &str = r##"text-anchor="middle" font-size="12" fill="#444444""##;
/// See [`SCALE_BELOW`].
pub const SCALE_BESIDE: &str = r##"text-anchor="end" font-size="12" fill="#444444""##;
/// The style of what is said below a picture.
pub const CAPTION: &str = r##"font-size="12" fill="#444444""##;

/// A mark of a figure, as a path around it.
pub const DISC: &str = "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z";
/// See [`DISC`].
pub const SQUARE: &str = "m-3.2 -3.2h6.4v6.4h-6.4z";
/// See [`DISC`].
pub const TRIANGLE: &str = "m0 -4.2l4 7h-8z";
/// See [`DISC`].
pub const DIAMOND: &str = "m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4z";

/// What a line looks like that is one of several, that is ours, and that was not measured.
pub const THIN: &str = r#"stroke-width="1.8""#;
/// See [`THIN`].
pub const THICK: &str = r#"stroke-width="3.2""#;
/// See [`THIN`].
pub const DASHED: &str = r#"stroke-width="1.8" stroke-dasharray="5 4""#;

/// What a line looks like, and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    /// What the line is called.
    pub label: &'static str,
    /// Its color.
    pub color: &'static str,
    /// What it looks like besides.
    pub stroke: &'static str,
    /// The mark of a figure; none on lines that were not measured.
    pub mark: &'static str,
}

impl Pen {
    /// Writes the line through these places.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_line(&self, svg: &mut impl Write, points: &[(f64, f64)]) -> fmt::Result {
        let Self { color, stroke, mark, .. } = self;
        let line: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let line = line.join(" ");
        writeln!(svg, r#"<polyline points="{line}" fill="none" stroke="{color}" {stroke}/>"#)?;
        if mark.is_empty() {
            return Ok(());
        }
        let marks: String = points.iter().map(|(x, y)| format!("M{x:.1} {y:.1}{mark}")).collect();
        writeln!(svg, r##"<path d="{marks}" fill="{color}" stroke="#ffffff" stroke-width="0.8"/>"##)
    }

    /// Writes the name of the line at this place.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_label(&self, svg: &mut impl Write, x: f64, y: f64) -> fmt::Result {
        let style = format!(r#"font-weight="bold" fill="{}""#, self.color);
        write_text(svg, x, y, &style, self.label)
    }
}

/// Where lines are drawn, between two axes.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// The axis below.
    pub x: Axis,
    /// The axis beside.
    pub y: Axis,
}

impl Panel {
    /// Writes the grid, the panel's title, and the numbers and the name of the axis below.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_frame(&self, svg: &mut impl Write, title: &str, below: &str) -> fmt::Result {
        write_grid(svg, &self.x, &self.y)?;
        let (middle, bottom, top) = (self.x.middle(), self.y.from, self.y.to);
        write_text(svg, middle, top - 12.0, r#"text-anchor="middle" font-weight="bold""#, title)?;
        for (power, x) in self.x.powers() {
            write_text(svg, x, bottom + 19.0, SCALE_BELOW, &in_thousands(power))?;
        }
        write_text(svg, middle, bottom + 41.0, r#"text-anchor="middle""#, below)
    }

    /// Writes the numbers of the axis beside, and its name, which is turned, in the middle of `x`.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_scale_beside(
        &self,
        svg: &mut impl Write,
        x: f64,
        name: &str,
        to_text: impl Fn(u64) -> String,
    ) -> fmt::Result {
        for (power, y) in self.y.powers() {
            write_text(svg, self.x.from - 8.0, y + 4.0, SCALE_BESIDE, &to_text(power))?;
        }
        let middle = self.y.middle();
        let turned = format!(r#"text-anchor="middle" transform="rotate(-90 {x} {middle:.1})""#);
        write_text(svg, x, middle, &turned, name)
    }

    /// Writes the names of lines to the right of where they end, which is at these heights.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_labels(&self, svg: &mut impl Write, mut ends: Vec<(f64, Pen)>) -> fmt::Result {
        ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        let heights = apart(ends.iter().map(|end| end.0));
        let mut labels = ends.iter().zip(heights);
        labels.try_for_each(|((_, pen), y)| pen.write_label(svg, self.x.to + 10.0, y + 4.5))
    }
}

/// Begins a picture with its title.
///
/// # Errors
///
/// What the writer says.
pub fn write_head(svg: &mut impl Write, width: f64, height: f64, title: &str) -> fmt::Result {
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222222">
<title>{title}</title>
<rect width="{width}" height="{height}" fill="#ffffff"/>"##
    )
}

/// Writes what is said below a picture, a line below the other.
///
/// # Errors
///
/// What the writer says.
pub fn write_caption(
    svg: &mut impl Write,
    x: f64,
    y: f64,
    lines: impl IntoIterator<Item = impl AsRef<str>>,
) -> fmt::Result {
    let mut lines = (0_u8..).zip(lines);
    lines.try_for_each(|(place, line)| {
        write_text(svg, x, y + 18.0 * f64::from(place), CAPTION, line.as_ref())
    })
}

/// Writes text in a style.
///
/// # Errors
///
/// What the writer says.
pub fn write_text(svg: &mut impl Write, x: f64, y: f64, style: &str, text: &str) -> fmt::Result {
    writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" {style}>{text}</text>"#)
}

/// Writes a line at every power of ten of two axes.
///
/// # Errors
///
/// What the writer says.
pub fn write_grid(svg: &mut impl Write, x: &Axis, y: &Axis) -> fmt::Result {
    let mut path = String::new();
    for (_, at) in x.powers() {
        write!(path, "M{at:.1} {}V{}", y.to, y.from)?;
    }
    for (_, at) in y.powers() {
        write!(path, "M{:.1} {at:.1}H{:.1}", x.from, x.to)?;
    }
    writeln!(svg, r##"<path d="{path}" fill="none" stroke="#dddddd"/>"##)
}

/// A number with a comma before every three digits.
#[must_use]
pub fn grouped(number: u64) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1_000), number % 1_000)
}

/// A round number, short.
#[must_use]
pub fn in_thousands(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { format!("{}k", number / 1_000) }
}

/// Bytes with the greatest unit of which there is one at least.
#[must_use]
pub fn with_unit(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// Nanoseconds with the greatest unit of which there is one at least.
#[must_use]
pub fn with_time_unit(nanos: u64) -> String {
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{} us", nanos / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
        _ => format!("{} s", nanos / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_lines_that_end_together_are_apart() {
        let heights = apart([10.0, 12.0, 12.0, 80.0, 81.0].into_iter());
        assert_eq!(
            heights,
            [10.0, 10.0 + LABEL_GAP, 10.0 + 2.0 * LABEL_GAP, 80.0, 80.0 + LABEL_GAP]
        );
    }

    #[test]
    fn scales_are_read_by_people() {
        assert_eq!([1, 1_000, 1_000_000].map(grouped), ["1", "1,000", "1,000,000"]);
        assert_eq!([1, 100, 1_000, 10_000].map(in_thousands), ["1", "100", "1k", "10k"]);
        assert_eq!([1, 100, 10_000, 1_000_000].map(with_unit), ["1 B", "100 B", "10 kB", "1 MB"]);
        let times = [1, 10_000, 100_000_000, 1_000_000_000].map(with_time_unit);
        assert_eq!(times, ["1 ns", "10 us", "100 ms", "1 s"]);
    }

    #[test]
    fn powers_of_ten_are_equally_far_apart() {
        let axis = Axis::over([300, 4, 70].into_iter(), 90.0, 0.0);
        let powers: Vec<_> = axis.powers().collect();
        assert_eq!(powers, [(1, 90.0), (10, 60.0), (100, 30.0), (1_000, 0.0)]);
        assert_eq!(axis.middle(), 45.0);
    }
}
