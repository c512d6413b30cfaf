//! What an authority says, and what proves a lie.

use std::sync::LazyLock;

use rumormill_core::{
    Certificate, Proof, Revocation, SecretKey, Spaces, Subject,
    crdt::{ReplicaId, Space},
};

const POPULATION: &str = "fuzz";

fn authority() -> SecretKey {
    SecretKey::from_bytes(&[9; SecretKey::LEN])
}

/// A certificate, a revocation or a proof, as the first byte says: what decodes encodes to the same bytes, and
/// holds only if the authority said so.
pub(super) fn run(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let is_said = || seeds().iter().any(|said| said[1..] == *rest);
    match kind % 3 {
        0 => {
            let Ok(word) = Certificate::decode(rest) else { return };
            assert_eq!(word.encode(), rest);
            assert!(!word.is_of(&authority().public(), POPULATION) || is_said());
        }
        1 => {
            let Ok(word) = Revocation::decode(rest) else { return };
            assert_eq!(word.encode(), rest);
            assert!(!word.is_of(&authority().public(), POPULATION) || is_said());
        }
        _ => {
            let Ok(proof) = Proof::decode(rest) else { return };
            assert_eq!(proof.encode(), rest);
            assert!(!proof.holds_in(POPULATION), "nobody lied");
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(make);
    SEEDS.clone()
}

fn make() -> Vec<Vec<u8>> {
    let member = SecretKey::from_bytes(&[3; SecretKey::LEN]).public();
    let subject = |name: &str, spaces: Spaces| Subject {
        key: member,
        name: name.to_owned(),
        not_after: 1_800_000_000,
        spaces,
        serial: 300,
    };
    let some = Spaces::Only([Space::SHARED, Space(40)].into());
    let certificates = [subject("", Spaces::All), subject("ann", some)];
    let certificates = certificates.map(|subject| {
        let certificate = Certificate::issue(&authority(), POPULATION, subject);
        [&[0], &certificate.encode()[..]].concat()
    });
    let revocation = Revocation::issue(&authority(), POPULATION, ReplicaId(7), 1_700_000_000);
    let revocation = [&[1], &revocation.encode()[..]].concat();
    // The form of a proof, of signatures that are none: a key, a row, a version, two words.
    let word = [&[5; 32][..], &[6; 64]].concat();
    let proof = [&[2; 33][..], &[1], &[0; 16], &[4], &word, &word].concat();
    certificates.into_iter().chain([revocation, proof]).collect()
}
