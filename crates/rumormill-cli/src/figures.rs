//! Figures as they are printed.

use std::time::Duration;

/// The figure in the middle, or the greater of the two; nothing if there are none.
pub(crate) fn median<T: PartialOrd + Copy>(figures: impl IntoIterator<Item = T>) -> Option<T> {
    let figures = sorted(figures);
    figures.get(figures.len() / 2).copied()
}

/// The least of the figures that at least so many of a hundred do not exceed; nothing if there
/// are none.
pub(crate) fn percentile<T: PartialOrd + Copy>(
    figures: impl IntoIterator<Item = T>,
    percent: usize,
) -> Option<T> {
    let figures = sorted(figures);
    let rank = (figures.len() * percent).div_ceil(100).max(1);
    figures.get(rank - 1).copied()
}

fn sorted<T: PartialOrd>(figures: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut figures: Vec<T> = figures.into_iter().collect();
    figures.sort_by(|a, b| a.partial_cmp(b).expect("figures are numbers"));
    figures
}

pub(crate) fn millis(span: Duration) -> f64 {
    round(span.as_secs_f64() * 1_000.0)
}

/// A span as text, or what is said where there is none.
pub(crate) fn millis_or(otherwise: &str, span: Option<Duration>) -> String {
    span.map_or(otherwise.to_owned(), |span| format!("{:.0} ms", millis(span)))
}

/// To a hundredth.
pub(crate) fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// Reads the share of datagrams that get lost.
pub(crate) fn parse_loss(text: &str) -> Result<f64, String> {
    let loss: f64 = text.parse().map_err(|_| "a number such as 0.3 is expected".to_owned())?;
    if (0.0..1.0).contains(&loss) {
        Ok(loss)
    } else {
        Err("the share of lost datagrams is at least 0 and below 1".to_owned())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one run are below 2^53")]
pub(crate) const fn to_f64(count: u64) -> f64 {
    count as f64
}
