//! What is gone does not come back.

use crate::{Check, Crdt, Transfer, Who, check::Checked, world::World};

impl<T: Crdt, M: Transfer<T>> World<'_, T, M> {
    /// Of one replica: what was not there to be read, although its insert was heard of, is there
    /// again only if another insert of the same was heard of since.
    pub(crate) fn no_resurrection(&mut self, who: Who) -> Checked {
        let Some(removal) = &self.laws.removal else { return Ok(()) };
        if !self.on(Check::NoResurrection) {
            return Ok(());
        }
        let Some(node) = self.nodes.get_mut(&who) else { return Ok(()) };
        let read = node.value.read();
        let mut back = None;
        for place in node.heard.iter() {
            let edit = &self.history.entry(place).edit;
            match (removal.shows)(edit, &read) {
                None => {}
                Some(false) => drop(node.gone.insert(place, node.heard.clone())),
                Some(true) => {
                    let Some(then) = node.gone.get(&place) else { continue };
                    let mut since = node.heard.iter().filter(|place| !then.contains(*place));
                    let again = |other| (removal.same)(edit, &self.history.entry(other).edit);
                    if !since.any(again) {
                        back = Some(edit.clone());
                    }
                }
            }
        }
        self.ensure(Check::NoResurrection, back.is_none(), || {
            let edit = back.as_ref().map(|edit| format!("{edit:?}")).unwrap_or_default();
            format!("{who} reads {read:?}: what {edit} brought was gone there, and is back")
        })
    }
}
