//! What a replica says of itself in its `self` row.

use rumormill_crdt::{Bytes, Key, Life, Row, Space, WriteError, Writer, codec};

use crate::{
    Address, Identity,
    trust::{Authority, Signing},
};

/// What a replica says of itself in its `self` row.
#[derive(Debug)]
pub(crate) struct SelfRow<A> {
    pub(crate) life: Life,
    pub(crate) address: A,
    /// Whether it said good-bye.
    pub(crate) left: bool,
}

impl<A: Address> SelfRow<A> {
    /// Reads a row of the `self` space; nothing if it names no address.
    pub(crate) fn read(row: &Row<Key, Bytes>) -> Option<Self> {
        let address = codec::decode(row.get(&address_key())?).ok()?;
        Some(Self { life: row.id().life, address, left: row.get(&left_key()).is_some() })
    }
}

/// What a replica calls itself; empty if it does not say, or not in UTF-8.
pub(crate) fn name(row: &Row<Key, Bytes>) -> &str {
    let name = row.get(&name_key()).and_then(|name| core::str::from_utf8(name).ok());
    name.unwrap_or_default()
}

/// Where a replica says it is; empty if it does not say, or not in UTF-8.
pub(crate) fn zone(row: &Row<Key, Bytes>) -> &str {
    let zone = row.get(&zone_key()).and_then(|zone| core::str::from_utf8(zone).ok());
    zone.unwrap_or_default()
}

/// Writes who we are, and where.
pub(crate) fn introduce<A: Address>(
    writer: &mut Writer<'_>,
    identity: &Identity<A>,
    zone: &str,
) -> Result<(), WriteError> {
    let len_max = writer.table().limits().cell_len_max;
    let address = codec::encode_to_vec(&identity.address)
        .map_err(|_| WriteError::CellTooLong { len: usize::MAX, len_max })?;
    writer.set(Space::SELF, address_key(), Bytes::copy_from(&address))?;
    if !identity.name.is_empty() {
        writer.set(Space::SELF, name_key(), Bytes::copy_from(identity.name.as_bytes()))?;
    }
    if !zone.is_empty() {
        writer.set(Space::SELF, zone_key(), Bytes::copy_from(zone.as_bytes()))?;
    }
    Ok(())
}

/// Writes by which key our rows are signed, and who let us in.
pub(crate) fn certify(writer: &mut Writer<'_>, signing: &Signing) -> Result<(), WriteError> {
    let (key, value) = match (&signing.authority, &signing.certificate) {
        (Authority::Members(_), _) => (public_key_key(), signing.key.public().0.to_vec()),
        (Authority::Fleet(_), Some(certificate)) => (certificate_key(), certificate.encode()),
        (Authority::Fleet(_), None) => return Ok(()),
    };
    writer.set(Space::SELF, key, Bytes::copy_from(&value)).map(drop)
}

/// Writes that we leave.
pub(crate) fn say_good_bye(writer: &mut Writer<'_>) -> Result<(), WriteError> {
    writer.set(Space::SELF, left_key(), Bytes::default()).map(drop)
}

fn address_key() -> Key {
    Key::raw("at")
}

/// Where the certificate of a replica is.
pub(crate) fn certificate_key() -> Key {
    Key::raw("cert")
}

/// Where the public key of a replica is, if there are no certificates.
pub(crate) fn public_key_key() -> Key {
    Key::raw("key")
}

pub(crate) fn name_key() -> Key {
    Key::raw("name")
}

fn zone_key() -> Key {
    Key::raw("zone")
}

pub(crate) fn left_key() -> Key {
    Key::raw("left")
}
