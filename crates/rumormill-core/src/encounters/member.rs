//! What is known of a member, and what is heard of it.

use super::grid::named;

named! {
    /// Who something was heard of.
    MemberState {
        Ourselves = "ourselves",
        Unknown = "unknown",
        Alive = "alive",
        Suspect = "suspect",
        Dead = "dead",
        Left = "left",
    }
}

named! {
    /// What was heard: a claim of an older, the same or a newer incarnation, a row, or silence.
    MemberEvent {
        AliveOlder = "claimed alive, older",
        AliveSame = "claimed alive, same",
        AliveNewer = "claimed alive, newer",
        SuspectOlder = "claimed suspect, older",
        SuspectSame = "claimed suspect, same",
        SuspectNewer = "claimed suspect, newer",
        DeadOlder = "claimed dead, older",
        DeadSame = "claimed dead, same",
        DeadNewer = "claimed dead, newer",
        RowOfThisLife = "row of this life",
        RowOfLaterLife = "row of a later life",
        RowSaysLeft = "row says left",
        RowGone = "row gone",
        Answered = "answered",
        Silent = "silent",
        TimeUp = "time to refute over",
    }
}

pub(super) const fn can_meet(state: MemberState, event: MemberEvent) -> bool {
    use {MemberEvent as E, MemberState as S};
    match (state, event) {
        // Our own rows are no news of us, and nobody probes himself.
        (
            S::Ourselves,
            E::RowOfThisLife
            | E::RowOfLaterLife
            | E::RowSaysLeft
            | E::RowGone
            | E::Answered
            | E::Silent
            | E::TimeUp,
        ) => false,
        // Incarnations are raised by their owner alone.
        (S::Ourselves, E::AliveNewer | E::SuspectNewer | E::DeadNewer) => false,
        // A claim about nobody that is known has no incarnation to be compared with.
        (
            S::Unknown,
            E::AliveOlder
            | E::AliveSame
            | E::SuspectOlder
            | E::SuspectSame
            | E::DeadOlder
            | E::DeadSame,
        ) => false,
        // Who is not known has no life, no row, no turn to be probed, and nothing to refute.
        (S::Unknown, E::RowOfThisLife | E::RowGone | E::Answered | E::Silent | E::TimeUp) => false,
        // Who said good-bye does not take it back in the same life.
        (S::Left, E::RowOfThisLife) => false,
        // Only suspects have time to refute.
        (S::Alive | S::Dead | S::Left, E::TimeUp) => false,
        _ => true,
    }
}
