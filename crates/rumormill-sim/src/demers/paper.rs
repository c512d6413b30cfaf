//! What the paper says.

use super::{
    Epidemic::{self, PullFeedbackCounter, PushBlindCoin, PushFeedbackCounter},
    Figures,
};

/// The rows of its tables 1, 2 and 3, for 1,000 sites. The third has three.
pub(super) const PAPER: [(Epidemic, u32, Figures); 13] = [
    row(PushFeedbackCounter, 1, [0.18, 1.7, 11.0, 16.8]),
    row(PushFeedbackCounter, 2, [0.037, 3.3, 12.1, 16.9]),
    row(PushFeedbackCounter, 3, [0.011, 4.5, 12.5, 17.4]),
    row(PushFeedbackCounter, 4, [0.003_6, 5.6, 12.7, 17.5]),
    row(PushFeedbackCounter, 5, [0.001_2, 6.7, 12.8, 17.7]),
    row(PushBlindCoin, 1, [0.96, 0.04, 19.0, 38.0]),
    row(PushBlindCoin, 2, [0.20, 1.6, 17.0, 33.0]),
    row(PushBlindCoin, 3, [0.060, 2.8, 15.0, 32.0]),
    row(PushBlindCoin, 4, [0.021, 3.9, 14.1, 32.0]),
    row(PushBlindCoin, 5, [0.008, 4.9, 13.8, 32.0]),
    row(PullFeedbackCounter, 1, [3.1e-2, 2.7, 9.97, 17.6]),
    row(PullFeedbackCounter, 2, [5.8e-4, 4.5, 10.07, 15.4]),
    row(PullFeedbackCounter, 3, [4e-6, 6.1, 10.08, 14.0]),
];

const fn row(
    epidemic: Epidemic,
    k: u32,
    [residue, traffic, t_ave, t_last]: [f64; 4],
) -> (Epidemic, u32, Figures) {
    (epidemic, k, Figures { residue, traffic, t_ave, t_last })
}
