//! What others said of members and was not believed as it was said, by why.

/// How many claims were not believed as they were said, by why. None of this happens in a population
/// of honest members whose datagrams arrive but now and then: a few of the first two where many are
/// suspected at a time, of the last where lives are new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Hearsay {
    /// Somebody was accused at an incarnation that it had not shown us. The accusation counted at the one
    /// that it had.
    pub ahead: u64,
    /// Somebody was said to be dead. Where it was not already, it was suspected, and asked.
    pub deaths: u64,
    /// An incarnation was further ahead of the last one than incarnations go, by 65,536. Said by or for
    /// who is there it counted as far as they go where the member was thought to be silent, and not at all
    /// otherwise. No honest member says such a thing; see
    /// [`Event::ImplausibleClaim`](crate::Event::ImplausibleClaim).
    pub jumps: u64,
    /// The accuser was nobody we knew, and did not count among those who confirm a suspicion.
    pub unknown_accusers: u64,
}

impl Hearsay {
    pub(crate) const NONE: Self = Self { ahead: 0, deaths: 0, jumps: 0, unknown_accusers: 0 };

    /// Walks the counts, each with what it is called.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let counts = [
            ("incarnation ahead", self.ahead),
            ("death by hearsay", self.deaths),
            ("incarnation jump", self.jumps),
            ("unknown accuser", self.unknown_accusers),
        ];
        counts.into_iter()
    }
}
