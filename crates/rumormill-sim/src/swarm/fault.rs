//! What can go wrong, as plain data.

use core::{fmt, time::Duration};
use std::collections::BTreeSet;

use crate::{Delays, Disk, Index, Vices};

/// Something that goes wrong, with its measure.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// This share of datagrams gets lost.
    Loss(f64),
    /// Stretches of about so many datagrams of a sender of which most get lost.
    Bursts(u32),
    /// This share of datagrams arrives twice.
    Duplication(f64),
    /// This share of datagrams is held up behind later ones.
    Reordering(f64),
    /// Delays have a tail, beginning with this spread.
    TailedDelays(Delays, Duration),
    /// Of this share of datagrams some bits are flipped.
    Corruption(f64),
    /// What is longer arrives without its end.
    SmallMtu(usize),
    /// Nothing crosses between these and the rest.
    Split(BTreeSet<Index>),
    /// Nothing arrives from these.
    OneWay(BTreeSet<Index>),
    /// Nothing crosses between these and the rest, but for one node.
    Bridge(BTreeSet<Index>, Index),
    /// A split comes and goes so often.
    Flapping(BTreeSet<Index>, Duration),
    /// For this share of datagrams, somebody sends one of old again, to anybody.
    Replay(f64),
    /// For this share of datagrams, somebody sends bytes that mean nothing.
    Junk(f64),
    /// A process is killed, and starts again with this disk when the fault ends.
    Crash(Index, Disk),
    /// A process is killed and never starts again.
    Gone(Index),
    /// A node says good-bye, stops, and comes back when the fault ends.
    Leave(Index),
    /// A process stops where it stands.
    Pause(Index),
    /// A process stops where it stands, for longer than anything is kept.
    Away(Index),
    /// A node takes so long over each datagram.
    Slow(Index, Duration),
    /// A wall clock is so far ahead, which is still allowed.
    ClockSkew(Index, Duration),
    /// A wall clock jumps ahead, far beyond what is allowed; when the fault ends the machine is
    /// set up anew.
    ClockAhead(Index, Duration),
    /// A wall clock jumps back.
    ClockBehind(Index, Duration),
    /// A wall clock gains so many millionths.
    ClockDrift(Index, u32),
    /// A node that nobody knew joins.
    Newcomer,
    /// A second process runs under the identity of a node; when the fault ends it is stopped, and
    /// the node starts again.
    Twin(Index),
    /// A process starts anew without a disk, and has room for so many rows; when the fault ends it starts
    /// again with as much as others.
    SmallTable(Index, u32),
    /// A member lies, in a population that signs; when the fault ends it is stopped for good, and revoked.
    Insider(Index, Vices),
}

/// A fault, with when it begins and how long it lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub fault: Fault,
}

/// What happens in a run, and when. It can be read, cut down, and run again.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Schedule {
    /// What goes wrong.
    pub faults: Vec<Planned>,
    /// When who writes something, and the seed of what.
    pub writes: Vec<(Duration, Index, u64)>,
    /// When who writes its table to its disk.
    pub saves: Vec<(Duration, Index)>,
}

impl Fault {
    /// What it is called in figures.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Loss(_) => "loss",
            Self::Bursts(_) => "bursts",
            Self::Duplication(_) => "duplication",
            Self::Reordering(_) => "reordering",
            Self::TailedDelays(..) => "tailed delays",
            Self::Corruption(_) => "corruption",
            Self::SmallMtu(_) => "small mtu",
            Self::Split(_) => "split",
            Self::OneWay(_) => "one-way cut",
            Self::Bridge(..) => "bridge",
            Self::Flapping(..) => "flapping",
            Self::Replay(_) => "replay",
            Self::Junk(_) => "junk",
            Self::Crash(_, Disk::Kept) => "crash, disk kept",
            Self::Crash(_, Disk::Stale) => "crash, disk stale",
            Self::Crash(_, Disk::Lost) => "crash, disk lost",
            Self::Gone(_) => "gone for good",
            Self::Leave(_) => "leave",
            Self::Pause(_) => "pause",
            Self::Away(_) => "away too long",
            Self::Slow(..) => "slow node",
            Self::ClockSkew(..) => "clock skew",
            Self::ClockAhead(..) => "clock far ahead",
            Self::ClockBehind(..) => "clock behind",
            Self::ClockDrift(..) => "clock drift",
            Self::Newcomer => "newcomer",
            Self::Twin(_) => "twin",
            Self::SmallTable(..) => "small table",
            Self::Insider(..) => "insider",
        }
    }

    /// Whom it befalls, if it is about one node.
    #[must_use]
    pub const fn node(&self) -> Option<Index> {
        match self {
            Self::Crash(who, _)
            | Self::Gone(who)
            | Self::Leave(who)
            | Self::Pause(who)
            | Self::Away(who)
            | Self::Slow(who, _)
            | Self::ClockSkew(who, _)
            | Self::ClockAhead(who, _)
            | Self::ClockBehind(who, _)
            | Self::ClockDrift(who, _)
            | Self::Twin(who)
            | Self::SmallTable(who, _)
            | Self::Insider(who, _) => Some(*who),
            Self::Loss(_)
            | Self::Bursts(_)
            | Self::Duplication(_)
            | Self::Reordering(_)
            | Self::TailedDelays(..)
            | Self::Corruption(_)
            | Self::SmallMtu(_)
            | Self::Replay(_)
            | Self::Junk(_)
            | Self::Split(_)
            | Self::OneWay(_)
            | Self::Bridge(..)
            | Self::Flapping(..)
            | Self::Newcomer => None,
        }
    }
}

impl Planned {
    /// When it ends.
    #[must_use]
    pub fn ends(&self) -> Duration {
        self.at + self.lasts
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, ends) = (self.at.as_secs_f64(), self.ends().as_secs_f64());
        write!(f, "{at:8.3} to {ends:8.3} s  {:?}", self.fault)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.faults.iter().try_for_each(|fault| writeln!(f, "{fault}"))?;
        for (at, who, _) in &self.writes {
            writeln!(f, "{:8.3} s  {who} writes", at.as_secs_f64())?;
        }
        Ok(())
    }
}
