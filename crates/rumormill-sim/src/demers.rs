//! The tables of Demers et al., measured again, and our nodes beside them.
//!
//! Demers, Greene, Hauser, Irish, Larson, Shenker, Sturgis, Swinehart and Terry, "Epidemic
//! Algorithms for Replicated Database Maintenance" (PODC 1987), section 1.4.

mod outbreak;
mod paper;

use rumormill_core::{Config, Mode};

pub use self::outbreak::Epidemic;
use self::{outbreak::Outbreak, paper::PAPER};
use crate::{Spread, SpreadReport, link::Chance, spread::to_f64};

/// A figure agrees with the paper's if it differs by at most this share of it.
const TOLERANCE: f64 = 0.2;

/// A share is measured to within the tolerance, 19 times of 20, where so many are counted.
const COUNTED_MIN: f64 = 100.0;

/// The epidemics of the paper, and one update among real nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demers {
    /// The population; the paper's is 1,000.
    pub nodes: usize,
    /// How often each epidemic is run.
    pub runs: usize,
    /// How often real nodes spread an update.
    pub spreads: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct DemersReport {
    /// The rows of the paper's tables.
    pub cells: Vec<DemersCell>,
    /// The same of our nodes with their defaults, in rumor periods, after rumors died down and
    /// whoever was missed had time to find out by comparing tables.
    pub ours: Figures,
}

/// One row of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemersCell {
    /// The variant, which is also the table.
    pub epidemic: Epidemic,
    /// The variant's constant: the higher, the longer sites stay interested.
    pub k: u32,
    /// What was measured.
    pub measured: Figures,
    /// What the paper says.
    pub paper: Figures,
    /// How many sites were looked at, in all runs together.
    pub sites: u64,
}

/// What the paper measures of an epidemic, averaged over runs.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Figures {
    /// The share of sites that never heard of the update.
    pub residue: f64,
    /// How often the update was sent, per site.
    pub traffic: f64,
    /// In which cycle a site heard of it, on average over those that did.
    pub t_ave: f64,
    /// In which cycle the last one did.
    pub t_last: f64,
}

impl Demers {
    /// Runs everything.
    ///
    /// # Panics
    ///
    /// If there are fewer than two nodes, or anything is run no times.
    #[must_use]
    pub fn run(&self, seed: u64) -> DemersReport {
        assert!(self.nodes > 1 && self.runs > 0 && self.spreads > 0, "something is measured");
        let mut chance = Chance::new(seed);
        DemersReport { cells: self.cells(&mut chance), ours: self.ours(seed) }
    }

    fn cells(&self, chance: &mut Chance) -> Vec<DemersCell> {
        let cells = PAPER.iter().map(|&(epidemic, k, paper)| {
            let outbreaks =
                (0..self.runs).map(|_| Outbreak::new(epidemic, k, self.nodes).run(chance));
            let measured = Figures::mean(outbreaks);
            let sites = (self.nodes * self.runs) as u64;
            DemersCell { epidemic, k, measured, paper, sites }
        });
        cells.collect()
    }

    fn ours(&self, seed: u64) -> Figures {
        let Config { fanout, rumor_every: interval, .. } = Config::DEFAULT;
        let (nodes, mode) = (self.nodes, Mode::default());
        let spread = Spread { nodes, fanout, loss: 0.0, mode, interval, update_bytes: 64 };
        let seeds = (0..self.spreads as u64).map(|number| seed.wrapping_add(number));
        Figures::mean(seeds.map(|seed| Figures::of_spread(&spread, &spread.run(seed))))
    }
}

impl DemersReport {
    /// The means of reports of the same.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[must_use]
    pub fn mean(reports: &[Self]) -> Self {
        let rows = reports[0].cells.iter().enumerate();
        let cells = rows.map(|(row, first)| DemersCell {
            measured: Figures::mean(reports.iter().map(|report| report.cells[row].measured)),
            sites: reports.iter().map(|report| report.cells[row].sites).sum(),
            ..*first
        });
        let ours = Figures::mean(reports.iter().map(|report| report.ours));
        Self { cells: cells.collect(), ours }
    }
}

impl DemersCell {
    /// Says whether all figures are within 20 % of the paper's.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.agrees(|it| it.residue)
            && self.agrees(|it| it.traffic)
            && self.agrees(|it| it.t_ave)
            && self.agrees(|it| it.t_last)
    }

    /// Why figures are farther off than that; nothing if they hold, or if nobody knows.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        if self.holds() || !self.agrees(|it| it.traffic) || !self.agrees(|it| it.t_last) {
            return None;
        }
        let mut notes = Vec::new();
        if !self.agrees(|it| it.residue) {
            notes.push(self.note_on_residue()?);
        }
        if !self.agrees(|it| it.t_ave) {
            notes.push(self.note_on_t_ave()?);
        }
        Some(notes.join("; "))
    }

    fn note_on_residue(&self) -> Option<String> {
        let expected = self.paper.residue * to_f64(self.sites);
        let counted = self.measured.residue * to_f64(self.sites);
        (expected < COUNTED_MIN).then(|| {
            format!(
                "residue: {counted:.0} of {} sites were missed where the paper expects \
                 {expected:.1}, too few to tell a share within 20 %",
                self.sites
            )
        })
    }

    fn note_on_t_ave(&self) -> Option<String> {
        let is_push = self.epidemic != Epidemic::PullFeedbackCounter;
        let earlier = self.measured.t_ave < self.paper.t_ave;
        (is_push && earlier).then(|| {
            "t_ave: pushing doubles those who know in each cycle while they are few, so that half \
             of 1,000 know after 10. The paper's later mean is that of no order of updates, \
             test of the counter or connection limit that was tried, and neither is it the mean \
             over all that is sent; residue, traffic and t_last agree"
                .to_owned()
        })
    }

    fn agrees(&self, figure: fn(&Figures) -> f64) -> bool {
        let (measured, paper) = (figure(&self.measured), figure(&self.paper));
        (measured - paper).abs() <= TOLERANCE * paper
    }
}

impl Figures {
    fn mean(all: impl IntoIterator<Item = Self>) -> Self {
        let (mut sum, mut count) = (Self::default(), 0);
        for one in all {
            count += 1;
            sum.residue += one.residue;
            sum.traffic += one.traffic;
            sum.t_ave += one.t_ave;
            sum.t_last += one.t_last;
        }
        let share = 1.0 / to_f64(count);
        Self {
            residue: sum.residue * share,
            traffic: sum.traffic * share,
            t_ave: sum.t_ave * share,
            t_last: sum.t_last * share,
        }
    }

    fn of_spread(spread: &Spread, report: &SpreadReport) -> Self {
        let (nodes, reached) = (to_f64(spread.nodes as u64), to_f64(report.reached as u64));
        let periods =
            report.times.iter().map(|time| time.as_secs_f64() / spread.interval.as_secs_f64());
        Self {
            residue: (nodes - reached) / nodes,
            traffic: report.payloads_per_node,
            t_ave: periods.clone().sum::<f64>() / reached,
            t_last: periods.fold(0.0, f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_runs_agree_with_the_paper_where_they_are_enough() {
        let demers = Demers { nodes: 1_000, runs: 100, spreads: 0 };
        for cell in demers.cells(&mut Chance::new(1)) {
            assert!(cell.agrees(|it| it.traffic) && cell.agrees(|it| it.t_last), "{cell:?}");
            assert!(cell.holds() || cell.note().is_some(), "{cell:?}");
        }
    }

    #[test]
    fn only_what_is_understood_has_a_note() {
        let (epidemic, k, paper) = PAPER[4];
        let cell = |measured| DemersCell { epidemic, k, measured, paper, sites: 1_000_000 };
        assert!(cell(paper).holds());
        assert!(cell(Figures { t_ave: 10.0, ..paper }).note().is_some());
        for unexplained in [
            Figures { residue: 0.0, ..paper },
            Figures { traffic: 5.0, ..paper },
            Figures { t_ave: 16.0, ..paper },
            Figures { t_last: 23.0, ..paper },
        ] {
            assert!(!cell(unexplained).holds());
            assert_eq!(cell(unexplained).note(), None, "{unexplained:?}");
        }
        let few = DemersCell { sites: 10_000, ..cell(Figures { residue: 0.0, ..paper }) };
        assert!(few.note().is_some());
    }
}
