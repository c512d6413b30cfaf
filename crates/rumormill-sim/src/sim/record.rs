//! What was sent, as one number, and what the network did to it.

use std::collections::BTreeMap;

use rumormill_core::{Instant, Rejected};

use super::{Index, Sim, Vice};
use crate::link::{Delays, Fate};

/// What was sent, as one number, and what the network did to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    hash: u64,
    datagrams: u64,
    bytes: u64,
    mishaps: BTreeMap<&'static str, u64>,
    rejections: BTreeMap<&'static str, u64>,
    vices: BTreeMap<Vice, u64>,
}

impl Sim {
    /// A hash over every datagram sent so far: when, by whom, to whom, and every byte. Two runs
    /// that agree on it did the same.
    #[must_use]
    pub const fn run_hash(&self) -> u64 {
        self.record.hash
    }

    /// How many datagrams were sent so far.
    #[must_use]
    pub const fn datagrams_sent(&self) -> u64 {
        self.record.datagrams
    }

    /// How many bytes they had.
    #[must_use]
    pub const fn bytes_sent(&self) -> u64 {
        self.record.bytes
    }

    /// What the network did to datagrams, and how often: losses, repetitions and so on.
    #[must_use]
    pub const fn mishaps(&self) -> &BTreeMap<&'static str, u64> {
        &self.record.mishaps
    }

    /// What liars did, and how often.
    #[must_use]
    pub const fn vices(&self) -> &BTreeMap<Vice, u64> {
        &self.record.vices
    }

    /// Why nodes rejected datagrams, and how often.
    #[must_use]
    pub const fn rejections(&self) -> &BTreeMap<&'static str, u64> {
        &self.record.rejections
    }
}

impl Record {
    pub(super) fn sent(&mut self, now: Instant, (from, to): (Index, Index), bytes: &[u8]) {
        self.datagrams += 1;
        self.bytes += bytes.len() as u64;
        let now = u64::try_from(now.since_origin().as_nanos()).unwrap_or(u64::MAX);
        self.take(now);
        self.take(u64::from(from) << 32 | u64::from(to));
        self.take(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.take(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.take(u64::from(*byte)));
    }

    pub(super) fn note_fate(&mut self, delays: Delays, fate: Fate) {
        match fate.copies {
            0 => self.note(if fate.in_burst { "bursts" } else { "loss" }),
            1 => {}
            _ => self.note("duplication"),
        }
        (0..fate.held_up).for_each(|_| self.note("reordering"));
        if delays != Delays::Uniform {
            self.note("tailed delays");
        }
    }

    pub(super) fn note_rejection(&mut self, why: Rejected) {
        *self.rejections.entry(rejection(why)).or_insert(0) += 1;
    }

    pub(super) fn note_vice(&mut self, vice: Vice) {
        *self.vices.entry(vice).or_insert(0) += 1;
    }

    pub(super) fn note(&mut self, kind: &'static str) {
        *self.mishaps.entry(kind).or_insert(0) += 1;
    }

    /// Multiply and rotate, as in FxHash: no adversary chooses what is hashed here.
    const fn take(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

const fn rejection(why: Rejected) -> &'static str {
    match why {
        Rejected::TooShort => "too short",
        Rejected::Protocol { .. } => "protocol",
        Rejected::Damaged => "damaged",
        Rejected::Sealed => "sealed",
        Rejected::Unsealed => "unsealed",
        Rejected::UnknownKey => "unknown key",
        Rejected::Forged => "forged",
        Rejected::Replayed => "replayed",
        Rejected::Malformed => "malformed",
        Rejected::OurName => "our name",
        Rejected::TooMuch => "too much",
    }
}
