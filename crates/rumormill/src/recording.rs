//! What happened to a node, written down, and run again.
//!
//! A log begins with a line of text, and goes on with entries: the length in four bytes, then the
//! entry as `postcard` has it. The first says how the node was started; each further one is an
//! input, or what the node put out when it was asked. Since a node is a function of its inputs,
//! running them again gives the same outputs, to the byte.

use std::{
    error, fmt,
    fs::File,
    io::{self, BufReader, Read, Write},
    net::SocketAddr,
    path::Path,
    time::Duration,
};

use rumormill_core::{
    Config, DATAGRAM_LEN_MIN, Identity, Instant, KeyRing, Node, Revocation, Transmit, Trust,
    crdt::{Bytes, EditStep, Key, ReplicaId, Row, RowDelta, codec, keyed_hash},
};
use serde::{Deserialize, Serialize};

use crate::Event;

/// What a log begins with.
const MAGIC: &[u8] = b"rumormill inputs 1\n";

/// The longest entry that is read. Rows that a program stored are one entry.
const ENTRY_LEN_MAX: u32 = 1 << 30;

/// How a node was started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) unix: Duration,
    pub(crate) replica: ReplicaId,
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) config: Config,
    pub(crate) seed: u64,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Entry {
    Input { now: Duration, input: Input },
    Output(Output),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Input {
    WallClock { unix: Duration },
    Datagram { from: SocketAddr, bytes: Vec<u8> },
    Timeout,
    Edit { steps: Vec<EditStep> },
    Join { seed: SocketAddr },
    Leave,
    Revoke { revocation: Revocation },
    Evict { replica: ReplicaId },
    Pardon { replica: ReplicaId },
    Restore { rows: Vec<RowDelta<Key, Bytes>> },
}

/// What a node put out; of bytes and events a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Output {
    Sent { to: SocketAddr, len: usize, hash: u64 },
    NothingToSend,
    Told { hash: u64 },
    NothingToTell,
}

/// A log of what happened to a node, to be run again.
#[derive(Debug)]
pub struct Recording {
    log: BufReader<File>,
    begun: Begun,
}

/// One thing that happened, as it was run again.
#[derive(Debug)]
pub struct Step<'a> {
    /// Its place in the log, from 0.
    pub number: u64,
    /// When it was, since the node was started.
    pub at: Duration,
    /// What it was, as text.
    pub what: String,
    /// Whether it is an input; otherwise it is what the node put out.
    pub is_input: bool,
    /// Whether the node did what it did then.
    pub is_same: bool,
    /// The node afterwards.
    pub node: &'a Node<SocketAddr>,
}

/// What came of running a log again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// How many inputs there were.
    pub inputs: u64,
    /// How many outputs.
    pub outputs: u64,
    /// The place of the first output that differs from that in the log.
    pub first_difference: Option<u64>,
    /// Whether the last entry was not written to its end: the process was stopped meanwhile.
    pub is_cut_short: bool,
}

/// Why a log cannot be run again.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be read.
    Read(io::Error),
    /// It is no log of inputs, or of another release.
    NoLog,
    /// Something in it is not what was written: it was damaged.
    Damaged {
        /// The place of the entry.
        entry: u64,
    },
}

impl Begun {
    pub(crate) fn start(self) -> Node<SocketAddr> {
        let Self { unix, replica, name, address, config, seed } = self;
        Node::new(Instant::default(), unix, Identity { replica, name, address }, config, seed)
    }
}

impl Entry {
    pub(crate) const fn input(now: Instant, input: Input) -> Self {
        Self::Input { now: now.since_origin(), input }
    }
}

impl Output {
    pub(crate) fn of_transmit(transmit: Option<&Transmit<'_, SocketAddr>>) -> Self {
        transmit.map_or(Self::NothingToSend, |it| Self::Sent {
            to: it.to,
            len: it.payload.len(),
            hash: hash(it.payload),
        })
    }

    pub(crate) fn of_event(event: Option<&Event>) -> Self {
        event.map_or(Self::NothingToTell, |event| Self::Told {
            hash: hash(format!("{event:?}").as_bytes()),
        })
    }
}

impl Recording {
    /// Opens a log.
    ///
    /// # Errors
    ///
    /// [`RecordingError`] if there is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let mut log = BufReader::new(File::open(path).map_err(RecordingError::Read)?);
        let mut magic = vec![0; MAGIC.len()];
        let begins = log.read_exact(&mut magic).is_ok() && magic == MAGIC;
        let begun = if begins { read(&mut log)? } else { None };
        let begun = begun.ok_or(RecordingError::NoLog)?;
        let begun = codec::decode(&begun).map_err(|_| RecordingError::NoLog)?;
        Ok(Self { log, begun })
    }

    /// Gives back the keys, which are not in the log. A node that seals or signs does not go the
    /// same way without them.
    #[must_use]
    pub fn with_keys(mut self, keys: Option<KeyRing>, trust: Trust) -> Self {
        (self.begun.config.keys, self.begun.config.trust) = (keys, trust);
        self
    }

    /// Runs all of it again, and shows each step.
    ///
    /// # Errors
    ///
    /// [`RecordingError`] if the rest cannot be read.
    pub fn replay(mut self, mut show: impl FnMut(&Step<'_>)) -> Result<Outcome, RecordingError> {
        let mut node = self.begun.start();
        let (mut outcome, mut at, mut number) = (Outcome::default(), Duration::ZERO, 0);
        loop {
            let bytes = match read(&mut self.log) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ok(outcome),
                Err(RecordingError::Read(error))
                    if error.kind() == io::ErrorKind::UnexpectedEof =>
                {
                    outcome.is_cut_short = true;
                    return Ok(outcome);
                }
                Err(error) => return Err(error),
            };
            let damaged = RecordingError::Damaged { entry: number };
            let entry: Entry = codec::decode(&bytes).map_err(|_| damaged)?;
            let is_input = matches!(entry, Entry::Input { .. });
            let (what, is_same) = match entry {
                Entry::Input { now, input } => {
                    at = now;
                    outcome.inputs += 1;
                    (input.to_string(), input.repeat(Instant::new(now), &mut node))
                }
                Entry::Output(output) => {
                    outcome.outputs += 1;
                    (output.to_string(), output.repeat(&mut node))
                }
            };
            if !is_same {
                outcome.first_difference.get_or_insert(number);
            }
            show(&Step { number, at, what, is_input, is_same, node: &node });
            number += 1;
        }
    }
}

impl Outcome {
    /// Whether the node did what it did then, to the byte.
    #[must_use]
    pub const fn is_identical(&self) -> bool {
        self.first_difference.is_none()
    }
}

impl Input {
    /// Says whether it could be done.
    fn repeat(&self, now: Instant, node: &mut Node<SocketAddr>) -> bool {
        match self {
            Self::WallClock { unix } => node.handle_wall_clock(now, *unix),
            // A datagram that was rejected is rejected again.
            Self::Datagram { from, bytes } => drop(node.handle_datagram(now, *from, bytes)),
            Self::Timeout => node.handle_timeout(now),
            Self::Join { seed } => node.join(now, *seed),
            Self::Leave => node.leave(now),
            Self::Revoke { revocation } => drop(node.revoke(now, revocation)),
            Self::Evict { replica } => node.evict(now, *replica),
            Self::Pardon { replica } => node.pardon(now, *replica),
            Self::Edit { steps } => {
                let mut repeat = steps.iter();
                return node.update(now, |writer| repeat.all(|step| step.repeat(writer).is_ok()));
            }
            Self::Restore { rows } => {
                let whole: Result<Vec<_>, _> = rows.iter().map(Row::from_whole).collect();
                let Ok(whole) = whole else { return false };
                node.restore(now, whole.into_iter().map(Into::into));
            }
        }
        true
    }
}

impl Output {
    /// Says whether it is the same.
    fn repeat(self, node: &mut Node<SocketAddr>) -> bool {
        let output = match self {
            Self::Sent { .. } | Self::NothingToSend => {
                let mut buf = [0; DATAGRAM_LEN_MIN];
                Self::of_transmit(node.poll_transmit(&mut buf).as_ref())
            }
            Self::Told { .. } | Self::NothingToTell => Self::of_event(node.poll_event().as_ref()),
        };
        output == self
    }
}

pub(crate) fn write_begun(log: &mut impl Write, begun: &Begun) -> io::Result<()> {
    log.write_all(MAGIC)?;
    write(log, begun)
}

pub(crate) fn write_entry(log: &mut impl Write, entry: &Entry) -> io::Result<()> {
    write(log, entry)
}

fn write(log: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let bytes = codec::encode_to_vec(what).map_err(|_| io::ErrorKind::InvalidData)?;
    let len = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    log.write_all(&len.to_le_bytes())?;
    log.write_all(&bytes)
}

/// Reads the bytes of an entry; nothing at the end.
fn read(log: &mut impl Read) -> Result<Option<Vec<u8>>, RecordingError> {
    let mut len = [0; 4];
    let first = log.read(&mut len).map_err(RecordingError::Read)?;
    if first == 0 {
        return Ok(None);
    }
    log.read_exact(&mut len[first..]).map_err(RecordingError::Read)?;
    let len = u32::from_le_bytes(len);
    if len > ENTRY_LEN_MAX {
        return Err(RecordingError::NoLog);
    }
    let mut bytes = Vec::new();
    let read = log.take(len.into()).read_to_end(&mut bytes).map_err(RecordingError::Read)?;
    if read < len as usize {
        return Err(RecordingError::Read(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(Some(bytes))
}

fn hash(bytes: &[u8]) -> u64 {
    keyed_hash(*b"what a node said", bytes)
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WallClock { unix } => write!(f, "the wall clock reads {unix:?}"),
            Self::Datagram { from, bytes } => write!(f, "{} bytes from {from}", bytes.len()),
            Self::Timeout => f.write_str("a timer fires"),
            Self::Edit { steps } => write!(f, "an edit of {} steps", steps.len()),
            Self::Join { seed } => write!(f, "joins {seed}"),
            Self::Leave => f.write_str("leaves"),
            Self::Revoke { revocation } => {
                write!(f, "hears that {} is revoked", revocation.replica())
            }
            Self::Evict { replica } => write!(f, "evicts {replica}"),
            Self::Pardon { replica } => write!(f, "pardons {replica}"),
            Self::Restore { rows } => write!(f, "finds {} rows on its disk", rows.len()),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { to, len, .. } => write!(f, "{len} bytes to {to}"),
            Self::NothingToSend => f.write_str("nothing more to send"),
            Self::Told { .. } => f.write_str("an event"),
            Self::NothingToTell => f.write_str("no more events"),
        }
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("the log cannot be read"),
            Self::NoLog => f.write_str("this is no log of a node's inputs of this release"),
            Self::Damaged { entry } => write!(f, "entry {entry} of the log is damaged"),
        }
    }
}

impl error::Error for RecordingError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Read(source) => Some(source),
            Self::NoLog | Self::Damaged { .. } => None,
        }
    }
}
