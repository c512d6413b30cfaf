//! Frames and their content, apart from a node: what they cost can be measured.

use alloc::{vec, vec::Vec};

use rumormill_crdt::{Life, codec};

use crate::{
    Config, Rejected,
    message::decode_payload,
    random::Random,
    seal::{FRAME_LEN, SEAL_LEN, Seal},
    sender::Sender,
};

/// Closes and opens frames as the node of a life does.
#[derive(Debug)]
pub struct Frames(Seal);

impl Frames {
    /// The bytes of a frame before the payload.
    pub const BEFORE_LEN: usize = FRAME_LEN;

    /// The bytes of a frame after the payload, in a sealed population.
    pub const AFTER_LEN: usize = SEAL_LEN;

    /// The frames of a population, with its keys if it has any.
    #[must_use]
    pub fn new(life: Life, config: &Config, seed: u64) -> Self {
        Self(Seal::new(config, life, &mut Random::new(seed)))
    }

    /// Closes the frame around what stands between the two ends of a datagram.
    pub fn close(&mut self, datagram: &mut [u8]) {
        self.0.close(datagram);
    }

    /// The payload of a datagram.
    ///
    /// # Errors
    ///
    /// [`Rejected`] as by a node.
    pub fn open<'d>(&'d mut self, datagram: &'d [u8]) -> Result<&'d [u8], Rejected> {
        self.0.open(datagram)
    }
}

/// Reads all messages of a payload: checks them, as a node does before it acts on any, and reads each, as
/// it does when its turn comes.
///
/// # Errors
///
/// [`Rejected::Malformed`] if they are not what any release writes.
pub fn decode(payload: &[u8]) -> Result<(), Rejected> {
    let (_, messages) = decode_payload(payload)?;
    messages.into_iter().for_each(drop);
    Ok(())
}

/// Reads all messages of a payload, and writes them again: the same bytes.
///
/// # Errors
///
/// As of [`decode`].
///
/// # Panics
///
/// If something was read that cannot be written.
pub fn recode(payload: &[u8]) -> Result<Vec<u8>, Rejected> {
    let (sender, messages) = decode_payload(payload)?;
    let mut written = vec![0; Sender::LEN_MAX];
    let len = sender.encode(&mut written).expect("there is room for a sender");
    written.truncate(len);
    for message in messages {
        written.extend(codec::encode_to_vec(&message).expect("messages have a known length"));
    }
    Ok(written)
}
