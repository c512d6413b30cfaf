//! How many datagrams were turned away, by why.

use crate::Rejected;

/// How many datagrams a node turned away, by why. See [`Rejected`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rejections {
    /// It was shorter than any of ours.
    pub too_short: u64,
    /// It spoke another version of the protocol.
    pub protocol: u64,
    /// It was damaged on its way, or of another population.
    pub damaged: u64,
    /// It was sealed, and we have no keys.
    pub sealed: u64,
    /// It was not sealed, and we take no such datagram.
    pub unsealed: u64,
    /// It was sealed with a key that we have not.
    pub unknown_key: u64,
    /// Its seal was broken.
    pub forged: u64,
    /// It came before, or too late.
    pub replayed: u64,
    /// It was whole, and nothing that any release writes.
    pub malformed: u64,
    /// Its sender ran a life of our own replica.
    pub our_name: u64,
    /// More came from its address than may come in a second.
    pub too_much: u64,
}

impl Rejections {
    pub(crate) const fn note(&mut self, rejected: Rejected) {
        let count = match rejected {
            Rejected::TooShort => &mut self.too_short,
            Rejected::Protocol { .. } => &mut self.protocol,
            Rejected::Damaged => &mut self.damaged,
            Rejected::Sealed => &mut self.sealed,
            Rejected::Unsealed => &mut self.unsealed,
            Rejected::UnknownKey => &mut self.unknown_key,
            Rejected::Forged => &mut self.forged,
            Rejected::Replayed => &mut self.replayed,
            Rejected::Malformed => &mut self.malformed,
            Rejected::OurName => &mut self.our_name,
            Rejected::TooMuch => &mut self.too_much,
        };
        *count += 1;
    }

    /// Walks the counts, each with what it is called.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let counts = [
            ("too short", self.too_short),
            ("protocol", self.protocol),
            ("damaged", self.damaged),
            ("sealed", self.sealed),
            ("unsealed", self.unsealed),
            ("unknown key", self.unknown_key),
            ("forged", self.forged),
            ("replayed", self.replayed),
            ("malformed", self.malformed),
            ("our name", self.our_name),
            ("too much", self.too_much),
        ];
        counts.into_iter()
    }
}
