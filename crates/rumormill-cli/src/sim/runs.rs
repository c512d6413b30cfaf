//! What all scenarios are asked, and how they answer.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use serde_json::Value;

use crate::{
    figures::{median, to_f64},
    progress::Progress,
};

/// Which runs there are, and how their outcome is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Runs {
    /// Seed of the first run.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Number of runs, with consecutive seeds.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seeds: u32,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Runs {
    /// Runs with one seed after the other, and shows on a terminal how far it is.
    pub(crate) fn each<R>(&self, run: impl Fn(u64) -> R) -> Vec<R> {
        let progress = Progress::new();
        let runs = (0..self.seeds).map(|number| {
            progress.show(&format!("run {} of {}", number + 1, self.seeds));
            run(self.seed.wrapping_add(u64::from(number)))
        });
        runs.collect()
    }

    /// Prints what came of it, and of which seeds; says whether what is claimed held.
    pub(crate) fn finish(&self, mut json: Value, text: &impl Display, held: bool) -> ExitCode {
        let printed = if self.json {
            json["seed"] = self.seed.into();
            json["seeds"] = self.seeds.into();
            writeln!(io::stdout(), "{json}")
        } else {
            writeln!(io::stdout(), "{text}")
        };
        if printed.is_ok() && held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The median of a figure over all runs; 0 if there are none.
pub(crate) fn median_of<R>(reports: &[R], figure: impl Fn(&R) -> f64) -> f64 {
    median(reports.iter().map(figure)).unwrap_or_default()
}

/// The mean of a figure over all runs.
pub(crate) fn mean_of<R>(reports: &[R], figure: impl Fn(&R) -> f64) -> f64 {
    reports.iter().map(figure).sum::<f64>() / to_f64(reports.len() as u64)
}

/// The greatest of a figure over all runs; 0 if there are none.
pub(crate) fn most_of<R, T: Ord + Default>(reports: &[R], figure: impl Fn(&R) -> T) -> T {
    reports.iter().map(figure).max().unwrap_or_default()
}

/// The median of a figure that every run has; nothing if one has not.
pub(crate) fn median_of_all<R, T: PartialOrd + Copy>(
    reports: &[R],
    figure: impl Fn(&R) -> Option<T>,
) -> Option<T> {
    median(reports.iter().map(figure).collect::<Option<Vec<T>>>()?)
}

/// The greatest of a figure that every run has; nothing if one has not.
pub(crate) fn greatest_of_all<R, T: Ord>(
    reports: &[R],
    figure: impl Fn(&R) -> Option<T>,
) -> Option<T> {
    reports.iter().map(figure).collect::<Option<Vec<T>>>()?.into_iter().max()
}
