//! How many deltas were refused, by why.

use rumormill_crdt::Refused;

/// How many row deltas a node refused, by why. See [`Refused`].
///
/// Gaps, floors and stagings that are further along are a matter of course where datagrams get lost
/// or overtake each other. Of deltas that [are broken](Self::broken) there are none unless
/// somebody forges, or two processes write in one life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Refusals {
    /// It started after what was held; the rest was asked for.
    pub gap: u64,
    /// It left out erase markers that were still needed; the row was asked for from its beginning.
    pub floor: u64,
    /// Its sender had forgotten less than what was staged.
    pub old_floor: u64,
    /// What was staged was further along.
    pub stale_staging: u64,
    /// Its cells did not add up.
    pub hash: u64,
    /// It claimed to be ahead of us in our own row.
    pub own_row: u64,
    /// It was of an ended life where only the newest counts.
    pub old_life: u64,
    /// Its replica was evicted.
    pub evicted: u64,
    /// It had expired.
    pub expired: u64,
    /// As many rows were staged as may be.
    pub staging_full: u64,
    /// There were as many rows as may be.
    pub table_full: u64,
    /// A cell was too long, or there were too many.
    pub too_large: u64,
    /// It depended on too many rows.
    pub too_many_dependencies: u64,
    /// Its clock was too far ahead.
    pub clock: u64,
    /// A cell was stamped later than its head.
    pub cell_after_head: u64,
    /// Its owner had told us something else of the same version.
    pub other_head: u64,
    /// Its owner had not signed it.
    pub signature: u64,
    /// Its owner's key was not known yet; it was asked for.
    pub unknown_key: u64,
    /// Its owner was not let in.
    pub not_admitted: u64,
    /// Its sender had sent so much to be verified that it had to wait.
    pub too_much_to_verify: u64,
    /// Its owner has as much as one may.
    pub over_quota: u64,
    /// Its owner had written so much that it had to wait.
    pub too_fast: u64,
}

impl Refusals {
    pub(crate) const fn note(&mut self, refused: Refused) {
        let count = match refused {
            Refused::Gap { .. } => &mut self.gap,
            Refused::Floor => &mut self.floor,
            Refused::OldFloor => &mut self.old_floor,
            Refused::StaleStaging => &mut self.stale_staging,
            Refused::Hash => &mut self.hash,
            Refused::OwnRow => &mut self.own_row,
            Refused::OldLife => &mut self.old_life,
            Refused::Evicted => &mut self.evicted,
            Refused::Expired => &mut self.expired,
            Refused::StagingFull => &mut self.staging_full,
            Refused::TableFull => &mut self.table_full,
            Refused::TooLarge => &mut self.too_large,
            Refused::TooManyDependencies => &mut self.too_many_dependencies,
            Refused::Clock(_) => &mut self.clock,
            Refused::CellAfterHead => &mut self.cell_after_head,
            Refused::OtherHead => &mut self.other_head,
            Refused::Signature => &mut self.signature,
            Refused::UnknownKey => &mut self.unknown_key,
            Refused::NotAdmitted => &mut self.not_admitted,
            Refused::TooMuchToVerify => &mut self.too_much_to_verify,
            Refused::OverQuota => &mut self.over_quota,
            Refused::TooFast => &mut self.too_fast,
        };
        *count += 1;
    }

    /// How many no honest member sends, whatever the network does.
    #[must_use]
    pub const fn broken(&self) -> u64 {
        self.hash
            + self.own_row
            + self.too_large
            + self.too_many_dependencies
            + self.cell_after_head
            + self.other_head
            + self.signature
            + self.not_admitted
    }

    /// Walks the counts, each with what it is called.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let counts = [
            ("gap", self.gap),
            ("floor", self.floor),
            ("old floor", self.old_floor),
            ("stale staging", self.stale_staging),
            ("hash", self.hash),
            ("own row", self.own_row),
            ("old life", self.old_life),
            ("evicted", self.evicted),
            ("expired", self.expired),
            ("staging full", self.staging_full),
            ("table full", self.table_full),
            ("too large", self.too_large),
            ("too many dependencies", self.too_many_dependencies),
            ("clock", self.clock),
            ("cell after head", self.cell_after_head),
            ("other head", self.other_head),
            ("signature", self.signature),
            ("unknown key", self.unknown_key),
            ("not admitted", self.not_admitted),
            ("too much to verify", self.too_much_to_verify),
            ("over quota", self.over_quota),
            ("too fast", self.too_fast),
        ];
        counts.into_iter()
    }
}
