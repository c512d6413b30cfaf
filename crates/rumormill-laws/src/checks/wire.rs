//! What travels as bytes.

use crate::{
    Check, Crdt, Transfer,
    check::{Broken, Checked},
    world::World,
};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Encodes a parcel and decodes it again, for `receiver`. Nothing if it travels as it is.
    pub(crate) fn sent_and_decoded(
        &mut self,
        parcel: &M::Parcel,
        receiver: &T,
    ) -> Result<Option<M::Parcel>, Broken> {
        let Some(encoding) = &self.laws.encoding else { return Ok(None) };
        let bytes = (encoding.encode)(parcel);
        if let Some(accounted) = self.laws.accounting.filter(|_| self.on(Check::SizeAccounting)) {
            let said = accounted(parcel);
            self.ensure(Check::SizeAccounting, said == bytes.len(), || {
                format!("{said} bytes were accounted for, {} were written: {bytes:x?}", bytes.len())
            })?;
        }
        let decoded = (encoding.decode)(&bytes);
        if !self.on(Check::Wire) {
            return Ok(decoded);
        }
        let Some(decoded) = decoded else {
            let how = format!("what was encoded does not decode: {bytes:x?}");
            return Err(Broken { check: Check::Wire, how });
        };
        let (mut as_it_was, mut as_decoded) = (receiver.clone(), receiver.clone());
        M::deliver(parcel, &mut as_it_was);
        M::deliver(&decoded, &mut as_decoded);
        let same = as_it_was.same(&as_decoded);
        self.ensure(Check::Wire, same, || {
            let (one, other) = (as_it_was.read(), as_decoded.read());
            format!("what is sent gives {one:?}, and {other:?} once it is encoded and decoded")
        })?;
        for spelling in spellings(&bytes, self.past.len()) {
            let read = (encoding.decode)(&spelling);
            let canonical = read.is_none_or(|read| (encoding.encode)(&read) == spelling);
            self.ensure(Check::Wire, canonical, || {
                format!("{spelling:x?} is accepted, and is not what its value is encoded as")
            })?;
        }
        Ok(Some(decoded))
    }

    /// Whoever holds the same sends the same bytes, however it came to hold it.
    pub(crate) fn same_bytes(&mut self, x: &T, y: &T) -> Checked {
        let Some(encoding) = &self.laws.encoding else { return Ok(()) };
        let (xy, yx) = (self.joined(&[x, y]), self.joined(&[y, x]));
        if !xy.same(&yx) || !self.on(Check::Wire) {
            return Ok(());
        }
        let nothing = M::digest(&self.joined(&[]));
        let bytes = |value: &T| -> Vec<Vec<u8>> {
            M::parcels(value, &nothing).iter().map(|parcel| (encoding.encode)(parcel)).collect()
        };
        let (one, other) = (bytes(&xy), bytes(&yx));
        self.ensure(Check::Wire, one == other, || {
            format!("one value, reached in two ways, is {one:x?} and {other:x?}")
        })
    }
}

/// Bytes that are near to some that were written: those themselves, one too many, one too few; and
/// at up to 4 places, the highest bit flipped, and a varint padded with a zero. `number` shifts the
/// places, so that all get their turn.
fn spellings(bytes: &[u8], number: usize) -> Vec<Vec<u8>> {
    let mut spellings = vec![bytes.to_vec(), [bytes, &[0]].concat()];
    spellings.extend(bytes.split_last().map(|(_, rest)| rest.to_vec()));
    let apart = bytes.len() / 4 + 1;
    for place in (number % apart..bytes.len()).step_by(apart) {
        let mut flipped = bytes.to_vec();
        flipped[place] ^= 0x80;
        let padded = [&flipped[..=place], &[0], &bytes[place + 1..]].concat();
        spellings.extend([flipped, padded]);
    }
    spellings
}
