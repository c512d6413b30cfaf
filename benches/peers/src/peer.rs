//! Who does the work.

use std::any::Any;

use crate::work::Work;

/// What came of a piece of work: a figure for each of its measures, or why there is none.
pub(crate) type Outcome = Result<Vec<f64>, &'static str>;

/// A library that does the work, or some of it.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;

    /// The version that is measured.
    fn version(&self) -> &'static str;

    /// What to know of its figures: above all what it does not do, and so does not pay for.
    fn notes(&self) -> &'static [&'static str];

    /// All work but holding keys.
    fn measure(&self, work: Work) -> Outcome;

    /// Holds so many keys of 10 writers, as it does when it replicates them; or says why it does not.
    fn hold(&self, _keys: usize) -> Result<Box<dyn Any>, &'static str> {
        Err("holds no keys")
    }
}

/// The figure of work of which one thing is measured.
pub(crate) fn one(figure: impl TryInto<u32>) -> Outcome {
    let figure = figure.try_into().ok().expect("figures are small");
    Ok(vec![f64::from(figure)])
}
