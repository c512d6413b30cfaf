//! Sums under a fresh salt, which nobody can prepare rows for.

use crate::{
    Node,
    digest::Digest,
    ladder::{grind::digest_of, pair::says, rows},
    message::{Compare, Message},
    strangers::{UNIX, at, datagrams, life, node, say},
};

/// Who sends the audits.
const MALLORY: u64 = 7;

fn audit(ann: &Node<u32>, digest: &Digest, spoil: u8) -> Message {
    let (view, salt) = (digest.view(), [7; 16]);
    let mut sum = view.audit(salt, ann.table());
    sum[0] ^= spoil;
    Message::Audit { compare: Compare::new(view.basis, &view.fingerprint()), salt, sum }
}

#[test]
fn an_audit_that_differs_where_fingerprints_do_not_starts_a_sweep_once_a_second() {
    let mut ann = node(1);
    ann.restore(at(0), (0..50).map(|number| rows::row_at(rows::id(number), 5)));
    let digest = digest_of(ann.table(), UNIX + core::time::Duration::from_secs(60));
    let mut asks_for_pages = |millis: u64, spoil: u8| {
        let audit = audit(&ann, &digest, spoil);
        say(&mut ann, at(60_000 + millis), life(MALLORY, 1), &[audit]);
        let is_page_wanted = |it: &Message| matches!(it, Message::NextPage { .. });
        datagrams(&mut ann).iter().filter(|datagram| says(datagram, is_page_wanted)).count()
    };
    assert_eq!(asks_for_pages(0, 0), 0, "the sums are equal");
    assert_eq!(asks_for_pages(999, 1), 0, "one audit a second is enough");
    assert_eq!(asks_for_pages(1_000, 1), 1, "somebody forged rows");
}
