//! One update among sites that forget to pass it on.

use super::Figures;
use crate::{link::Chance, spread::to_f64, theory::draw_other};

/// How sites pass an update on, and when they lose interest.
///
/// All sites act once a cycle, on what was known when the cycle began: a contact was of use if the
/// other did not know then, whoever else told it in the same cycle. Nobody's connections are
/// limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epidemic {
    /// Table 1: who has the update sends it to one other a cycle, and loses interest after `k`
    /// contacts in succession that were of no use. That useful contacts set the counter back is
    /// what the paper's bound on traffic supposes; without it, residue and traffic are those of
    /// `k` contacts in all, and agree with the table for `k = 1` alone.
    PushFeedbackCounter,
    /// Table 2: who has the update sends it to one other a cycle, and then loses interest with
    /// probability `1 / k`.
    PushBlindCoin,
    /// Table 3: everybody asks one other a cycle, and who has the update answers with it, until
    /// `k` cycles with questions passed in succession in which nobody who asked needed it.
    PullFeedbackCounter,
}

#[derive(Debug)]
pub(super) struct Outbreak {
    epidemic: Epidemic,
    k: u32,
    sites: Vec<Site>,
    /// Sites that know of the update and pass it on.
    infective: Vec<usize>,
    cycle: u64,
    sent: u64,
}

#[derive(Clone, Debug, Default)]
struct Site {
    /// In which cycle it heard of the update.
    heard: Option<u64>,
    /// Contacts, or cycles, of no use since the last that was of use.
    useless: u32,
}

/// What those who asked one site in one cycle had of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Answers {
    #[default]
    None,
    Useless,
    Useful,
}

impl Outbreak {
    /// One site knows of the update before the first cycle.
    pub(super) fn new(epidemic: Epidemic, k: u32, nodes: usize) -> Self {
        let mut sites = vec![Site::default(); nodes];
        sites[0].heard = Some(0);
        Self { epidemic, k, sites, infective: vec![0], cycle: 0, sent: 0 }
    }

    /// Lets it run until nobody passes the update on.
    pub(super) fn run(mut self, chance: &mut Chance) -> Figures {
        while !self.infective.is_empty() {
            self.cycle += 1;
            match self.epidemic {
                Epidemic::PushFeedbackCounter | Epidemic::PushBlindCoin => self.push(chance),
                Epidemic::PullFeedbackCounter => self.pull(chance),
            }
        }
        self.figures()
    }

    fn push(&mut self, chance: &mut Chance) {
        for sender in core::mem::take(&mut self.infective) {
            let receiver = draw_other(chance, self.sites.len(), sender);
            let useful = self.tell(receiver);
            let stays = match self.epidemic {
                Epidemic::PushBlindCoin => !chance.happens(1.0 / f64::from(self.k)),
                Epidemic::PushFeedbackCounter | Epidemic::PullFeedbackCounter => {
                    self.sites[sender].stays_interested(useful, self.k)
                }
            };
            if stays {
                self.infective.push(sender);
            }
        }
    }

    fn pull(&mut self, chance: &mut Chance) {
        let infective = core::mem::take(&mut self.infective);
        let mut answers = vec![None; self.sites.len()];
        infective.iter().for_each(|site| answers[*site] = Some(Answers::None));
        for asker in 0..self.sites.len() {
            let asked = draw_other(chance, self.sites.len(), asker);
            if let Some(answers) = &mut answers[asked] {
                let useful = self.tell(asker);
                *answers = match (useful, *answers) {
                    (true, _) | (_, Answers::Useful) => Answers::Useful,
                    (false, _) => Answers::Useless,
                };
            }
        }
        for site in infective {
            let answers = answers[site].unwrap_or_default();
            let useful = answers == Answers::Useful;
            if answers == Answers::None || self.sites[site].stays_interested(useful, self.k) {
                self.infective.push(site);
            }
        }
    }

    /// Sends the update, and says whether the site had not known of it when the cycle began.
    fn tell(&mut self, who: usize) -> bool {
        self.sent += 1;
        let heard = &mut self.sites[who].heard;
        if heard.is_none() {
            *heard = Some(self.cycle);
            self.infective.push(who);
        }
        *heard == Some(self.cycle)
    }

    fn figures(&self) -> Figures {
        let nodes = to_f64(self.sites.len() as u64);
        let heard = || self.sites.iter().filter_map(|site| site.heard);
        let reached = to_f64(heard().count() as u64);
        Figures {
            residue: (nodes - reached) / nodes,
            traffic: to_f64(self.sent) / nodes,
            t_ave: to_f64(heard().sum()) / reached,
            t_last: to_f64(heard().max().unwrap_or(0)),
        }
    }
}

impl Site {
    fn stays_interested(&mut self, useful: bool, k: u32) -> bool {
        self.useless = if useful { 0 } else { self.useless + 1 };
        self.useless < k
    }
}
