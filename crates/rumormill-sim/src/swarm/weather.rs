//! What all faults of the network under way come to together.

use super::fault::Fault;
use crate::{Bursts, Link};

/// The faults of the network under way.
#[derive(Debug, Default)]
pub(super) struct Weather {
    under_way: Vec<Fault>,
}

/// Of what a burst takes.
const BURST_LOSS: f64 = 0.95;

/// There are about so many datagrams from one burst to the next for each in one.
const BETWEEN_BURSTS: f64 = 6.0;

impl Weather {
    pub(super) fn begin(&mut self, fault: Fault) {
        self.under_way.push(fault);
    }

    pub(super) fn end(&mut self, fault: &Fault) {
        if let Some(place) = self.under_way.iter().position(|it| it == fault) {
            self.under_way.remove(place);
        }
    }

    /// The link between any two nodes.
    pub(super) fn link(&self) -> Link {
        self.under_way.iter().fold(Link::LAN, worsen)
    }
}

fn worsen(link: Link, fault: &Fault) -> Link {
    let both = |one: f64, other: f64| 1.0 - (1.0 - one) * (1.0 - other);
    match *fault {
        Fault::Loss(share) => Link { loss: both(link.loss, share), ..link },
        Fault::Bursts(datagrams) => {
            let end = 1.0 / f64::from(datagrams);
            let bursts = Bursts { begin: end / BETWEEN_BURSTS, end, loss: BURST_LOSS };
            Link { bursts: Some(bursts), ..link }
        }
        Fault::Duplication(share) => Link { duplicate: both(link.duplicate, share), ..link },
        Fault::Reordering(share) => Link { reorder: both(link.reorder, share), ..link },
        Fault::TailedDelays(delays, spread) => {
            Link { delays, delay_max: link.delay_min + spread, ..link }
        }
        Fault::Corruption(share) => Link { corrupt: both(link.corrupt, share), ..link },
        Fault::SmallMtu(len_max) => Link { len_max: link.len_max.min(len_max), ..link },
        Fault::Replay(share) => Link { replay: both(link.replay, share), ..link },
        Fault::Junk(share) => Link { junk: both(link.junk, share), ..link },
        Fault::Split(_)
        | Fault::OneWay(_)
        | Fault::Bridge(..)
        | Fault::Flapping(..)
        | Fault::Crash(..)
        | Fault::Gone(_)
        | Fault::Leave(_)
        | Fault::Pause(_)
        | Fault::Away(_)
        | Fault::Slow(..)
        | Fault::ClockSkew(..)
        | Fault::ClockAhead(..)
        | Fault::ClockBehind(..)
        | Fault::ClockDrift(..)
        | Fault::Newcomer
        | Fault::Twin(_)
        | Fault::SmallTable(..)
        | Fault::Insider(..) => link,
    }
}
