//! What no honest member says, in datagrams that are whole: for tests of what others make of it.
//!
//! A liar is a member: it knows the population's name, has a key of its own that is let in, and holds the
//! rows that members hold. What it does not have are the keys of others. Here is what it can
//! make of that; whom it tells, and how often, is the test's business.
//!
//! This module is there with the feature `forging`. It works in populations that are not sealed: a
//! member could seal what it says like anybody else.

mod frames;
mod lie;
mod weight;

use alloc::{string::String, vec, vec::Vec};
use core::time::Duration;

use rumormill_crdt::{
    Bytes, DeltaCell, DeltaParts, Key, Life, Limits, Replica, Row, RowDelta, RowId, Since, Space,
    Version, WholeRow, codec,
};

use self::lie::{depend, take_a_version};
pub use self::{
    frames::{Frames, decode, recode},
    lie::Lie,
    weight::{Telling, Weight},
};
use crate::{
    Config, DATAGRAM_LEN_MIN, SecretKey, Trust,
    message::{Announced, Claim, ClaimedStanding, DeadPrint, Message, Name, decode_payload},
    random::Random,
    seal::{FRAME_LEN, Seal},
    sender::{Sender, Tag},
    trust,
};

/// A member that lies.
#[derive(Debug)]
pub struct Forger {
    life: Life,
    seal: Seal,
    cluster: String,
    /// What it signs with, where members sign.
    key: Option<SecretKey>,
    random: Random,
    /// What it wrote without end.
    hoard: Replica,
}

/// What a slanderer says of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slander {
    /// That it got no answer.
    Suspect,
    /// That nobody did, and its time is over.
    Dead,
    /// That it is there, at an incarnation that is not its own.
    Alive,
}

impl Forger {
    /// A liar that runs a life, in the population that `config` is of.
    #[must_use]
    pub fn new(life: Life, config: &Config, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let open = Config { keys: None, ..config.clone() };
        let key = match &config.trust {
            Trust::Unsigned => None,
            Trust::Signed(signing) => Some(signing.key.clone()),
        };
        let cluster = config.cluster.clone();
        let limits = Limits { origin_cells_max: usize::MAX, ..Limits::DEFAULT };
        let hoard = Replica::new(life, limits);
        Self { life, seal: Seal::new(&open, life, &mut random), cluster, key, random, hoard }
    }

    /// Writes so many more cells into its row in a space, and says which, and which were the last so
    /// many: some may have been lost. Nobody finds anything wrong with them but that they are many. Nothing if
    /// they do not fit a datagram.
    pub fn hoard(&mut self, unix: Duration, space: Space, cells: u64) -> Option<Vec<u8>> {
        let id = RowId { space, life: self.life };
        let held = self.hoard.table().version(id);
        let written = self.hoard.edit(unix, |writer| {
            (held..held + cells).try_for_each(|number| {
                let key = Key::raw(&alloc::format!("{number}"));
                writer.set(space, key, Bytes::default()).map(drop)
            })
        });
        debug_assert!(written.is_ok(), "short cells fit");
        let row = self.hoard.table().row(id)?;
        let mut parts = row.delta_since(held.saturating_sub(cells), usize::MAX)?.into_parts();
        parts.head.signature = self.sign(row);
        let delta = RowDelta::new(parts).ok()?;
        self.say(self.life, &[Message::Rumor { hops: 0, delta }])
    }

    /// A lie of that kind about a row. Nothing if it cannot be told of this row: a row of the liar's own is
    /// signed anew, one of somebody else is not.
    pub fn lie(&mut self, lie: Lie, row: &Row<Key, Bytes>) -> Option<Vec<u8>> {
        let is_own = row.id().life.replica == self.life.replica;
        if lie.is_about_own_rows() != is_own {
            return None;
        }
        if lie == Lie::Boast {
            let version = row.version().saturating_add(1 + self.random.below(1 << 20) as u64);
            let rows = vec![Announced { name: Name::Row(row.id()), version }];
            return self.say(self.life, &[Message::Announce { nonce: None, rows }]);
        }
        let mut parts = row.delta_since(0, usize::MAX)?.into_parts();
        lie.spoil(&mut parts, &mut self.random)?;
        if lie == Lie::InventHead && self.key.is_some() {
            parts.content = Some(row.content());
        }
        if is_own || self.random.below(2) == 0 {
            parts.head.hash = parts.hash_of_whole();
        }
        if self.key.is_some() && (is_own || lie == Lie::SignAsOwn) {
            self.sign_whole(&mut parts)?;
        }
        if lie == Lie::ForgetTooMuch {
            begin_at(&mut parts, row.version() + 2 * self.random.below(2) as u64);
        } else if lie == Lie::ForgetForAnother {
            let versions = usize::try_from(row.version()).unwrap_or(usize::MAX);
            begin_at(&mut parts, 1 + self.random.below(versions) as u64);
        }
        let delta = RowDelta::new(parts).ok()?;
        let message = match self.random.below(3) {
            0 => Message::Rumor { hops: 0, delta },
            1 => Message::Delta(delta),
            _ => match WholeRow::new(delta) {
                Ok(row) => Message::Row(row),
                Err(delta) => Message::Delta(delta),
            },
        };
        let preface = self.preface(lie, row);
        let told: Vec<Message> = preface.into_iter().chain([message]).collect();
        self.say(self.life, &told)
    }

    /// What is told at times before a lie about what nobody was told the beginning of, so that it meets
    /// a row that is asked for, that came in part, or that waits for one that there is not.
    fn preface(&mut self, lie: Lie, row: &Row<Key, Bytes>) -> Option<Message> {
        let mut parts = row.delta_since(0, usize::MAX)?.into_parts();
        take_a_version(&mut parts);
        match (lie, self.random.below(4)) {
            (Lie::ForgetTooMuch, 0) => {
                depend(&mut parts, 1);
                parts.head.hash = parts.hash_of_whole();
                self.sign_whole(&mut parts)?;
            }
            (Lie::ForgetTooMuch, 2) => {
                let (version, key) = (parts.to, Key::raw("the first of two"));
                parts.cells.push(DeltaCell { version, key, value: Some(Bytes::default()) });
                take_a_version(&mut parts);
                parts.head.hash = parts.hash_of_whole();
                let whole = self.sign_whole(&mut parts)?;
                parts.content = self.key.is_some().then(|| whole.content());
                begin_at(&mut parts, row.version());
                parts.to = version;
            }
            (Lie::ForgetTooMuch | Lie::ForgetForAnother, 1) => {
                let rows = vec![Announced { name: Name::Row(parts.id), version: parts.to }];
                return Some(Message::Announce { nonce: None, rows });
            }
            _ => return None,
        }
        RowDelta::new(parts).ok().map(Message::Delta)
    }

    /// Says something bad of a life: of an incarnation, in the name of `accuser`, as if `sender` said so.
    pub fn slander(
        &mut self,
        slander: Slander,
        about: Life,
        incarnation: u64,
        accuser: Life,
        sender: Life,
    ) -> Option<Vec<u8>> {
        let standing = match slander {
            Slander::Suspect => ClaimedStanding::Suspect { by: Tag::of(accuser) },
            Slander::Dead => ClaimedStanding::Dead,
            Slander::Alive => ClaimedStanding::Alive,
        };
        let claim = Claim { life: about, incarnation, standing };
        self.say(sender, &[Message::Claim(claim.into())])
    }

    /// Asks for all of these rows, as often as fits a datagram, of whoever takes that seriously.
    pub fn ask_for_everything(&mut self, rows: impl Iterator<Item = RowId>) -> Option<Vec<u8>> {
        const REQUESTS: usize = 40;
        let since = Since::default();
        let requests =
            rows.take(REQUESTS).map(|id| Message::Request { name: Name::Row(id), since });
        let who_is_dead = Message::WhoIsDead { known: DeadPrint::of(core::iter::empty()) };
        let questions = [Message::Who, who_is_dead, Message::NextPage { start: RowId::MIN }];
        let messages: Vec<_> = questions.into_iter().chain(requests).collect();
        self.say(self.life, &messages)
    }

    /// What is left of a datagram without the rows in it; nothing if there are none, or it is not of this
    /// population.
    pub fn withhold(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let (sender, messages) = decode_payload(self.seal.open(datagram).ok()?).ok()?;
        let is_row = |message: &Message| {
            matches!(
                message,
                Message::Delta(_)
                    | Message::Row(_)
                    | Message::Rumor { .. }
                    | Message::Sequel(_)
                    | Message::SequelRumor { .. }
            )
        };
        let (rows, left): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_row);
        if rows.is_empty() {
            return None;
        }
        self.frame(sender, &left)
    }

    /// The datagram with an audit that nobody passes in place of each comparison in it; nothing if there is
    /// none, or it is not of this population.
    pub fn audit_wrongly(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let (sender, messages) = decode_payload(self.seal.open(datagram).ok()?).ok()?;
        let mut audits = 0;
        let mut audit = |compare| {
            audits += 1;
            Message::Audit { compare, salt: self.random.salt(), sum: self.random.salt() }
        };
        let messages: Vec<Message> = messages
            .into_iter()
            .map(|message| {
                if let Message::Compare(compare) | Message::Audit { compare, .. } = message {
                    audit(compare)
                } else {
                    message
                }
            })
            .collect();
        if audits == 0 {
            return None;
        }
        self.frame(sender, &messages)
    }

    fn say(&mut self, sender: Life, messages: &[Message]) -> Option<Vec<u8>> {
        self.frame(Sender::Life(sender), messages)
    }

    /// A whole datagram; nothing if it would be too long for one.
    fn frame(&mut self, sender: Sender, messages: &[Message]) -> Option<Vec<u8>> {
        let mut datagram = vec![0; FRAME_LEN + Sender::LEN_MAX];
        let spelled = sender.encode(&mut datagram[FRAME_LEN..])?;
        datagram.truncate(FRAME_LEN + spelled);
        for message in messages {
            datagram.extend(codec::encode_to_vec(message).ok()?);
        }
        if datagram.len() > DATAGRAM_LEN_MIN {
            return None;
        }
        self.seal.close(&mut datagram);
        Some(datagram)
    }

    /// Signs a row that is told from its beginning on, where members sign.
    fn sign_whole(&self, parts: &mut DeltaParts<Key, Bytes>) -> Option<Row<Key, Bytes>> {
        parts.head.signature = None;
        let row = Row::from_whole(&RowDelta::new(parts.clone()).ok()?).ok()?;
        parts.head.signature = self.sign(&row);
        Some(row)
    }

    fn sign(&self, row: &Row<Key, Bytes>) -> Option<rumormill_crdt::Signature> {
        Some(trust::sign_row(self.key.as_ref()?, &self.cluster, row))
    }
}
/// Says only what comes after a version.
fn begin_at(parts: &mut DeltaParts<Key, Bytes>, from: Version) {
    parts.from = from;
    parts.cells.retain(|cell| cell.version > from);
}
