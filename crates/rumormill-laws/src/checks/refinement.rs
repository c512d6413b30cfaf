//! What is read is what the specification says.

use crate::{Check, Crdt, Transfer, Who, check::Checked, world::World};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of one replica.
    pub(crate) fn refinement(&mut self, who: Who) -> Checked {
        if !self.on(Check::Refinement) {
            return Ok(());
        }
        let Some(node) = self.nodes.get(&who) else { return Ok(()) };
        let digest = M::digest(&node.value);
        let specified = T::specified(&self.heard(&digest, &node.heard));
        let read = node.value.read();
        self.ensure(Check::Refinement, read == specified, || {
            format!("{who} reads {read:?}, and what it has heard of specifies {specified:?}")
        })
    }
}
