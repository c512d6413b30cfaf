//! Finds where two maps of counters differ, in bytes proportional to the difference.
//!
//! Two parties hold maps from keys to `u64` values and mostly the same keys. Each keeps a
//! [`Summary`] of its map current, at a cost of some nanoseconds for a value that changes, whatever
//! the number of keys. Then:
//!
//! - 16 bytes, a [`Fingerprint`], say whether the maps differ, and if they differ in one key,
//!   which and by how much;
//! - a [`Sketch`] of about 1.5 cells of 5 to 7 bytes for each key that differs names them all and by
//!   how much: 120 of a million keys in one datagram of 1,200 bytes, with room for
//! - [`Strata`], 64 bytes that estimate how many keys differ;
//! - a [`RequestList`] asks for what one lacks, in some 3 bytes a key.
//!
//! Nothing here knows of networks or gossip: `rumormill-core` is one user.
//!
//! # Two maps reconciled in one datagram
//!
//! ```
//! use rumormill_sketch::*;
//! use std::collections::BTreeMap;
//!
//! let secret = HashKey(*b"16 secret bytes.");
//! let hash = |key: &str| secret.hash(key.as_bytes());
//!
//! // Ann and Bob hold the same 500 keys. Ann counted on in one of them, Bob in another.
//! let mut ann: BTreeMap<String, u64> = (0..500).map(|n| (format!("key {n}"), 7)).collect();
//! let mut bob = ann.clone();
//! ann.insert("key 3".to_owned(), 9);
//! bob.insert("key 5".to_owned(), 8);
//!
//! // Each keeps a summary, and an index from hashes back to keys.
//! let summary = |map: &BTreeMap<String, u64>| {
//!     let mut summary = Summary::new(Size::of_triples(256).unwrap());
//!     map.iter().for_each(|(key, value)| summary.update(hash(key), 0, *value));
//!     summary
//! };
//! let (mut anns, bobs) = (summary(&ann), summary(&bob));
//! let index: KeyIndex<&str> = bob.keys().map(|key| (hash(key), key.as_str())).collect();
//!
//! // Ann sends how much differs, about, and a sketch.
//! let mut datagram = anns.strata().encode().to_vec();
//! datagram.resize(1_200, 0);
//! let width = Width::A16B32;
//! let size = Size::fitting(width, 1_200 - Strata::LEN).unwrap();
//! let part = &mut datagram[Strata::LEN..];
//! let (len, _) = anns.sketch().fold(size).encode_part(width, Stripe::WHOLE, part);
//! datagram.truncate(Strata::LEN + len);
//!
//! // Bob subtracts it from his own and peels.
//! let part = Part::decode(&datagram[Strata::LEN..])?;
//! let received = Received::whole(&part)?;
//! let peeled = bobs.sketch().difference(&received)?.peel(&index);
//! assert!(peeled.is_full());
//! let named = |gap: &Gap| (*index.values(gap.key).next().unwrap(), gap.ahead);
//! let mut found: Vec<_> = peeled.gaps.iter().map(named).collect();
//! found.sort();
//! assert_eq!(found, [("key 3", -2), ("key 5", 1)]);
//!
//! // He sends key 5, and asks for key 3 in four bytes.
//! let requests = RequestList::new(&peeled.gaps, bob.len())?.encode();
//! assert_eq!(requests.len(), 4);
//!
//! // Ann takes key 5 in. What is left is one key, which fingerprints name.
//! anns.update(hash("key 5"), 7, 8);
//! let left = bobs.fingerprint().compare(anns.fingerprint(), &index);
//! assert_eq!(left, Comparison::One(Gap { key: hash("key 3"), ahead: -2 }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! Let `h(k)` be the keyed 48-bit hash of key `k` with 16 check bits that follow from it, and let
//! `k` touch four of `m` cells, given by 128 other bits that follow from all 48. A cell holds two
//! sums over the keys that touch it, modulo 2^64: `A`, of the values `c(k)`, and `B`, of
//! `c(k) h(k)`.
//!
//! **Linear.** Cells are sums, so my cells minus yours are the cells of the map of *gaps*, which is
//! 0 for every key we agree in. What the maps have in common costs nothing. A changed value is an
//! addition to four cells.
//!
//! **Names for free.** Both sides know the keys, so no key travels. A cell that one differing key
//! touches has `A = g` and `B = g h(k)`: the gap is plain, `h(k) = B / A` modulo a power of two
//! (less the factors of two of `g`), and the index names `k`. A counter that differs is *one*
//! unknown; methods for sets see two elements, the old pair and the new one.
//!
//! **Peeling.** Whether a cell has one key is not written anywhere; it is tested. The quotient must
//! be the hash of a known key (or have the right check bits), that key must touch this cell, and the
//! product must be right. A key that passes is taken out of its other cells, which may leave one key
//! there, and so on. Peeling random hypergraphs of four vertices an edge succeeds above a threshold
//! of 1.295 cells a key, and needs 1.5 to 1.6 for some hundred keys ([`Size::for_differences`]).
//!
//! **Any size.** A position is the low bits of a hash, and one bit less of them where the table has
//! no such place, so a smaller table is a *fold* of a larger one: add the halves. One large table
//! serves messages of every size, and a peer who has the small table needs only the cells beyond it
//! ([`Received::unfold`]).
//!
//! **Any width.** Sums modulo 2^64 are sums modulo 2^32. The [`Width`] of the cells that travel is
//! chosen for each message.
//!
//! # How it fails
//!
//! With `N` keys in the index, `m` cells, and `w` bits of `B` on the wire:
//!
//! | failure | how often | what happens |
//! |---|---|---|
//! | more differs than cells can say | by choice of size; at most 1 % at [`Size::for_differences`], all of it if 10 % more differs than a large sketch is for | [`Peeled::unexplained`] is not 0; the gaps that came out are right |
//! | a gap comes out that is none | at most `16 N / 2^w` a sketch that does not come out full: 0.0004 for 100,000 keys and 32 bits. A cell of several keys passes with probability `N / 2^w * 4 / m`, and at most `4 m` cells are tried. For keys that are in no index, `16 / 2^16` | a request for nothing; a later sketch does not repeat it, since sketches are of what is held, not of what is believed |
//! | a sketch comes out full and is wrong | not seen; two keys must share four cells and 32 bits of their hashes: below `10^-9` | [`Fingerprint::is_explained_by`] says so |
//! | two keys that differ touch the same four cells | `24 / m^4` a pair at small sizes, `2^-48` at every size | the two are left; another size or secret parts them |
//! | fingerprints are equal and maps are not | `2^-96` or less a comparison, if gaps are odd; every factor of two of *all* gaps makes it four times likelier | an [`Audit`] finds it |
//!
//! Gaps of cells with 8 or 16 bits of `A` have that many bits; larger ones are left. Gaps that are
//! multiples of `2^w` do not show in narrow cells at all, so equality is for fingerprints to say,
//! not for sketches. A value of 0 and a missing key are the same.
//!
//! # Adversaries
//!
//! **Who does not know the secret** cannot choose keys that collide: positions and multipliers are
//! a pseudo-random function of keys. He can forge bytes where nothing authenticates them. No bytes
//! make decoding panic, allocate more than its documentation states, or take more steps than three
//! for each cell that was asked for: forged cells can give up keys for ever, and are cut off.
//! Garbage gives up a key with the probability above.
//!
//! **Who knows the secret** can find keys that share cells in some milliseconds; they hide each
//! other and nobody else, and a larger sketch parts those that were found at one size. He can also
//! choose values whose changes cancel in fingerprint and strata, and with more of them in sketches:
//! so bound how far a value may jump, change the secret now and then, and compare an [`Audit`] with
//! a fresh salt now and then, which nobody can prepare for.
//!
//! **Nobody** can be caught who gives two peers the same value with different contents: that has
//! to be in the value, as its hash.
//!
//! # What this crate does not do
//!
//! It sends nothing, draws no random numbers, decides no sizes and keeps no secret. It compares
//! counters of keys that both sides mostly know; to find elements of sets, whose names have to
//! travel, use an invertible Bloom lookup table or minisketch. It is no cryptographic commitment
//! to a map.
//!
//! # Sources
//!
//! - Peeling and its threshold: Luby, Mitzenmacher, Shokrollahi, Spielman, "Efficient Erasure
//!   Correcting Codes", IEEE Trans. Inf. Theory 47 (2001); Molloy, "Cores in random hypergraphs and
//!   Boolean formulas", Random Structures and Algorithms 27 (2005).
//! - Sketches of sets that peel: Eppstein, Goodrich, Uyeda, Varghese, "What's the Difference?",
//!   SIGCOMM 2011; Goodrich and Mitzenmacher, "Invertible Bloom Lookup Tables", 2011,
//!   [arXiv 1101.2245](https://arxiv.org/abs/1101.2245).
//! - Cells of sums and of weighted sums, one divided by the other: Ganguly, "Counting distinct items
//!   over update streams", Theoretical Computer Science 378 (2007); with moduli, FermatSketch in ChameleMon, SIGCOMM 2023. Here
//!   the quotient is looked up, so that low bits are enough.
//! - Cells without a checksum: Bæk Tejs Houen, Pagh, Walzer, "Simple Set Sketching", SOSA 2023,
//!   [arXiv 2211.03683](https://arxiv.org/abs/2211.03683).
//! - Tables that fold: HRIBLT in GitHub's `rust-gems`, 2026. Positions: Litwin, "Linear Hashing",
//!   VLDB 1980.
//! - What is compared against, in `docs/design-faq.md`: Yang, Gilad, Alizadeh, "Practical Rateless
//!   Set Reconciliation", SIGCOMM 2024, [arXiv 2402.02668](https://arxiv.org/abs/2402.02668);
//!   Meyer, "Range-Based Set Reconciliation", SRDS 2023.
#![no_std]

extern crate alloc;

mod summary;

mod fingerprint;
mod sketch;
mod strata;

mod part;
mod received;
mod stripe;
mod width;

mod difference;
mod peel;

mod key_index;
mod request_list;

mod audit;

mod bits;
mod cell;
mod key_hash;
mod malformed;
mod mix;
mod place;
mod size;

pub use audit::Audit;
pub use difference::{Difference, Gap, Peeled};
pub use fingerprint::{Comparison, Fingerprint};
pub use key_hash::{HashKey, KeyHash};
pub use key_index::KeyIndex;
pub use malformed::{Malformed, OtherShape};
pub use part::Part;
pub use received::Received;
pub use request_list::{Request, RequestList, Requests, TooMany};
pub use size::Size;
pub use sketch::Sketch;
pub use strata::Strata;
pub use stripe::Stripe;
pub use summary::Summary;
pub use width::Width;
