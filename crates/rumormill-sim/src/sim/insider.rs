//! A member that means no good: it has a key that is let in, holds what members hold, and lies.

use core::fmt;

use rumormill_core::{
    Config, Liveness,
    crdt::{Bytes, Column, Key, Life, LwwRegister, Row, Space},
    forging::{Forger, Lie, Slander},
};

use super::{Index, Sim, meter::Load, name, rows_of};
use crate::link::Chance;

/// Something that a liar does, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vice {
    /// Tells lies of that kind about rows.
    Lie(Lie),
    /// Says that others are suspect or dead, of any incarnation, in anybody's name.
    Slander,
    /// Asks for everything, many times.
    Flood,
    /// Has somebody verify signatures that are wrong, many of them.
    Spam,
    /// Writes without end.
    Hoard,
    /// Passes no rows on, its own included.
    Withhold,
    /// Has everybody whom it compares with believe that forged rows cancel out.
    Audit,
}

/// What somebody does that no honest member does.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Vices(Vec<Vice>);

/// What a liar is made of.
#[derive(Debug)]
pub(super) struct Insider {
    life: Life,
    forger: Forger,
    vices: Vices,
    hoarded_times: u32,
}

/// A flood is so many datagrams.
const FLOOD: u32 = 16;

/// So many wrong signatures are more than anybody may have verified in a second.
const SPAM: u32 = 96;

/// Where a liar keeps the rows of its own that it lies about: so that what is said of all others stays
/// comparable with what they did.
pub(crate) const LIES: Space = Space(77);

/// Where it writes without end.
pub(crate) const HOARD: Space = Space(78);

/// So many cells at a time, and so often at most: more than the limits allow that are drawn for
/// populations with liars.
const HOARDED: u64 = 50;
const HOARDED_TIMES_MAX: u32 = 60;

impl Sim {
    /// Makes a member mean no good from here on.
    pub fn corrupt(&mut self, who: Index, vices: Vices) {
        self.line(format_args!("{} means no good: {vices:?}", name(who)));
        let (now, seed) = (self.now, self.chance.draw());
        self.command(who, |node| {
            node.update(now, |writer| {
                ["one", "two", "three"].into_iter().try_for_each(|name| {
                    Column::<LwwRegister<u64>>::new(LIES, name).set(writer, &seed)
                })
            })
        })
        .expect("short cells fit");
        let (life, forger) = (self.node(who).life(), self.forger(who, seed));
        self.slot_mut(who).insider =
            Some(Box::new(Insider { life, forger, vices, hoarded_times: 0 }));
    }

    /// What a running member could say if it meant no good.
    pub(crate) fn forger(&self, who: Index, seed: u64) -> Forger {
        let trust = self.slots[who as usize].trust.clone();
        let config = Config { trust, ..self.config.clone() };
        Forger::new(self.node(who).life(), &config, seed)
    }

    /// Whether a member means no good, or did when it ran.
    #[must_use]
    pub fn is_corrupt(&self, who: Index) -> bool {
        self.slots[who as usize].insider.is_some()
    }

    /// Lets a liar do something of what it does, to a node at random.
    pub fn lie(&mut self, who: Index) {
        let Some(mut insider) = self.slot_mut(who).insider.take() else { return };
        let vices = insider.vices.0.len() as u64;
        if self.is_running(who) && vices > 0 {
            let vice = insider.vices.0[usize::try_from(self.chance.below(vices)).unwrap_or(0)];
            let to = self.chance.below(self.slots.len() as u64);
            let to = Index::try_from(to).expect("fewer than 2^32 nodes");
            if to != who {
                self.do_evil(who, to, vice, &mut insider);
            }
        }
        self.slot_mut(who).insider = Some(insider);
    }

    fn do_evil(&mut self, who: Index, to: Index, vice: Vice, insider: &mut Insider) {
        match vice {
            Vice::Lie(lie) => {
                let Some(row) = self.row_to_lie_about(who, lie) else { return };
                let told = insider.forger.lie(lie, &row);
                self.tell(who, to, told, vice);
            }
            Vice::Slander => {
                let told = self.slander(who, insider);
                self.tell(who, to, told, vice);
            }
            Vice::Flood => {
                let ids: Vec<_> = self.node(who).table().rows().map(|row| row.id()).collect();
                for _ in 0..FLOOD {
                    let told = insider.forger.ask_for_everything(ids.iter().copied());
                    self.tell(who, to, told, vice);
                }
            }
            Vice::Spam => {
                for _ in 0..SPAM {
                    let Some(row) = self.row_to_lie_about(who, Lie::RaiseVersion) else { return };
                    let told = insider.forger.lie(Lie::RaiseVersion, &row);
                    self.tell(who, to, told, vice);
                }
            }
            Vice::Hoard if insider.hoarded_times < HOARDED_TIMES_MAX => {
                insider.hoarded_times += 1;
                let told = insider.forger.hoard(self.unix(who), HOARD, HOARDED);
                let others: Vec<_> =
                    self.nodes().map(|(to, _)| to).filter(|to| *to != who).collect();
                others.into_iter().for_each(|to| self.tell(who, to, told.clone(), vice));
            }
            Vice::Hoard | Vice::Withhold | Vice::Audit => {}
        }
    }

    fn row_to_lie_about(&mut self, who: Index, lie: Lie) -> Option<Row<Key, Bytes>> {
        let (table, life) = (self.node(who).table(), self.node(who).life());
        let is_fit = |row: &Row<Key, Bytes>| {
            let id = row.id();
            let is_own = id.life.replica == life.replica;
            let may_be = if matches!(lie, Lie::NoCertificate | Lie::SayLeft) {
                id.space == Space::SELF
            } else {
                !is_own || id.space == LIES
            };
            is_own == lie.is_about_own_rows() && may_be && (!is_own || id.life == life)
        };
        let rows: Vec<_> = rows_of(table).filter(|row| is_fit(row)).collect();
        let place = usize::try_from(self.chance.below(rows.len().max(1) as u64)).ok()?;
        rows.get(place).map(|row| Row::clone(row))
    }

    fn slander(&mut self, who: Index, insider: &mut Insider) -> Option<Vec<u8>> {
        let lives: Vec<Life> = self.nodes().map(|(_, node)| node.life()).collect();
        let members = self.node(who).members();
        let gone: Vec<Life> =
            members.filter(|it| it.liveness == Liveness::Left).map(|it| it.life).collect();
        let is_of_gone = !gone.is_empty() && self.chance.happens(0.5);
        let mut any = |lives: &[Life]| {
            let place = usize::try_from(self.chance.below(lives.len() as u64)).unwrap_or(0);
            lives[place]
        };
        let about = any(if is_of_gone { &gone } else { &lives });
        let (accuser, other) = (any(&lives), any(&lives));
        let sender = if self.chance.happens(0.5) { insider.life } else { other };
        slander(&mut self.chance, &mut insider.forger, about, accuser, sender)
    }

    fn tell(&mut self, who: Index, to: Index, told: Option<Vec<u8>>, vice: Vice) {
        let Some(told) = told else { return };
        self.record.note_vice(vice);
        self.line(format_args!("{} lies to {}: {vice}", name(who), name(to)));
        self.send(who, to, &told, Load::default());
    }

    /// What a liar makes of a datagram that its node sends; nothing if it leaves it as it is.
    pub(super) fn distorted(&mut self, who: Index, datagram: &[u8]) -> Option<Vec<u8>> {
        let Insider { vices, forger, .. } = self.slot_mut(who).insider.as_deref_mut()?;
        let (vice, left) = if vices.0.contains(&Vice::Withhold) {
            (Vice::Withhold, forger.withhold(datagram)?)
        } else if vices.0.contains(&Vice::Audit) {
            (Vice::Audit, forger.audit_wrongly(datagram)?)
        } else {
            return None;
        };
        self.record.note_vice(vice);
        Some(left)
    }
}

/// Something bad about a life, of any incarnation.
pub(crate) fn slander(
    chance: &mut Chance,
    forger: &mut Forger,
    about: Life,
    accuser: Life,
    sender: Life,
) -> Option<Vec<u8>> {
    let incarnation = match chance.below(4) {
        0 => u64::MAX,
        1 => chance.draw() >> chance.below(64),
        _ => chance.below(16),
    };
    let slander = match chance.below(5) {
        0 | 1 => Slander::Suspect,
        2 | 3 => Slander::Dead,
        _ => Slander::Alive,
    };
    forger.slander(slander, about, incarnation, accuser, sender)
}

impl Vice {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let lies = Lie::ALL.into_iter().map(|(lie, _)| Self::Lie(lie));
        lies.chain([
            Self::Slander,
            Self::Flood,
            Self::Spam,
            Self::Hoard,
            Self::Withhold,
            Self::Audit,
        ])
    }
}

impl FromIterator<Vice> for Vices {
    fn from_iter<I: IntoIterator<Item = Vice>>(vices: I) -> Self {
        Self(vices.into_iter().collect())
    }
}

impl fmt::Display for Vice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lie(lie) => {
                let said = Lie::ALL.iter().find(|(it, _)| it == lie).map_or("", |it| it.1);
                f.write_str(said)
            }
            Self::Slander => f.write_str("slanders"),
            Self::Flood => f.write_str("asks for everything"),
            Self::Spam => f.write_str("has wrong signatures verified"),
            Self::Hoard => f.write_str("writes without end"),
            Self::Withhold => f.write_str("passes no rows on"),
            Self::Audit => f.write_str("audits wrongly"),
        }
    }
}

impl fmt::Debug for Vices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&said.join(", "))
    }
}
