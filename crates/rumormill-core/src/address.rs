//! Where datagrams go.

use core::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

/// Where datagrams go: a socket address, an overlay's public key, an index in a simulation.
///
/// Addresses travel in the rows of the members they belong to, so all nodes of a population must
/// use the same type, and an address is a name that means the same to everybody.
pub trait Address: Clone + Ord + Debug + Serialize + DeserializeOwned {}

impl<A: Clone + Ord + Debug + Serialize + DeserializeOwned> Address for A {}
