//! How many differences were found, and rows fetched, in which way.

/// How a node found out what its table and another's differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Repairs {
    /// A fingerprint named the one row that differed.
    pub named: u64,
    /// A sketch named all rows that differed.
    pub sketched: u64,
    /// A sketch did not name all, and a larger or a wider one was asked for.
    pub widened: u64,
    /// Of a sketch too little arrived.
    pub incomplete: u64,
    /// Sketches came to nothing, and the other was asked to go on.
    pub handed_over: u64,
    /// All rows were compared, page by page.
    pub swept: u64,
    /// So much was lacking that it was asked for as a newcomer does.
    pub filled: u64,
    /// Audits under a fresh salt that were checked.
    pub audits: u64,
    /// Of these, how many found what fingerprints had not.
    pub audits_failed: u64,
}

/// How a node fetched rows that it had heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Transfers {
    /// Rows asked for.
    pub asked: u64,
    /// Rows that arrived whole, asked for or not.
    pub whole: u64,
    /// Pieces that arrived of rows too long for one datagram.
    pub pieces: u64,
    /// Rows that arrived, and waited for others that they depend on.
    pub waited: u64,
    /// Deltas that did not fit what was held, so that the row was asked for.
    pub refused: u64,
    /// Rows asked for again, because nothing came.
    pub asked_again: u64,
    /// Of these, how many of somebody else.
    pub turned: u64,
    /// Rows given up, because nobody had them.
    pub given_up: u64,
}
