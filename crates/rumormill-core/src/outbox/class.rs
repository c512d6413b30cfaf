//! What messages are about, as far as they compete for room.

/// Messages that share room and bytes as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Whether somebody is there. Few bytes, which have reserved room.
    Liveness,
    /// What is believed of who is there. A refutation of ours has reserved room.
    Claims,
    /// What grew lately.
    Rumors,
    /// What finds out what differs, and asks for it.
    Digests,
    /// Rows that were asked for or found to be lacking.
    Bulk,
}

/// What of a letter is said by one kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ack,
    Ping,
    PingFor,
    Nack,
    Who,
    WhoIsDead,
    Claim,
    SoManyAreDead,
    Compare,
    Audit,
    Differ,
    More,
    Ask,
    Cells,
    Pull,
    NextPage,
    Request,
    Announce,
    Rumor,
    Delta,
    Fill,
    Lack,
    Page,
    Attest,
}

impl Class {
    /// The classes that take turns. What is said of liveness is short and need not.
    pub(super) const TAKING_TURNS: [Self; 4] =
        [Self::Claims, Self::Rumors, Self::Digests, Self::Bulk];

    /// Its kinds of messages, which take turns among themselves.
    pub(super) const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Liveness => &[Kind::Ack, Kind::Ping, Kind::PingFor, Kind::Nack, Kind::Who],
            Self::Claims => &[Kind::Claim, Kind::SoManyAreDead, Kind::WhoIsDead],
            Self::Rumors => &[Kind::Pull, Kind::Announce, Kind::Rumor],
            Self::Digests => &[
                Kind::Compare,
                Kind::Audit,
                Kind::Differ,
                Kind::More,
                Kind::Ask,
                Kind::Cells,
                Kind::NextPage,
                Kind::Request,
                Kind::Lack,
                Kind::Page,
                Kind::Attest,
            ],
            Self::Bulk => &[Kind::Delta, Kind::Fill],
        }
    }
}

impl Kind {
    /// What goes before rows, most urgent first. What finds out what differs goes before the rows
    /// that are known to: it is of the table as the peer knows it.
    pub(super) const BEFORE_ROWS: [Self; 19] = [
        Self::Ack,
        Self::Ping,
        Self::PingFor,
        Self::Nack,
        Self::Who,
        Self::WhoIsDead,
        Self::Claim,
        Self::SoManyAreDead,
        Self::Compare,
        Self::Audit,
        Self::Differ,
        Self::More,
        Self::Ask,
        Self::Cells,
        Self::Pull,
        Self::NextPage,
        Self::Request,
        Self::Attest,
        Self::Announce,
    ];

    /// What goes after rows, which are [`Rumor`](Self::Rumor) and [`Delta`](Self::Delta).
    pub(super) const AFTER_ROWS: [Self; 3] = [Self::Fill, Self::Lack, Self::Page];
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_kind_is_of_one_class() {
        let others = Class::TAKING_TURNS.into_iter().chain([Class::Liveness]);
        let kinds: Vec<Kind> = others.flat_map(|class| class.kinds().iter().copied()).collect();
        let rows = [Kind::Rumor, Kind::Delta];
        let in_order = [&Kind::BEFORE_ROWS[..], &rows, &Kind::AFTER_ROWS].concat();
        assert_eq!(kinds.len(), in_order.len());
        assert!(in_order.iter().all(|kind| kinds.contains(kind)));
    }
}
