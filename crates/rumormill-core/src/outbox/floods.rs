//! How long each kind of message waits while everything else floods the outbox.

use alloc::vec::Vec;
use core::time::Duration;

use rumormill_crdt::{Bytes, Key, Life, Limits, Replica, ReplicaId, RowId, Since, Space};

use super::Outbox;
use crate::{
    DATAGRAM_LEN_MIN,
    budget::Scope,
    digest::Digest,
    message::{self, Claim, ClaimedStanding, Message, Name},
    seal::FRAME_LEN,
};

const UNIX: Duration = Duration::from_secs(1_767_225_600);
const OURS: Life = Life { replica: ReplicaId(50), epoch: 1 };
const PEER: u32 = 7;

/// Our rows: as many as there are floods of rumors and of answers, and one more of each.
const ROWS: u8 = 62;

/// Something to be said, and how to recognise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Refutation,
    Ack,
    Claim,
    Name,
    Rumor,
    Pull,
    Compare,
    Request,
    Lack,
    Delta,
}

const NONCE: u64 = 4_711;

struct Flood {
    outbox: Outbox<u32>,
    replica: Replica,
    digest: Digest,
    /// Claims that are rumored, so that room is kept for them too.
    rumored: Vec<Claim>,
}

fn row(nth: u8) -> RowId {
    RowId { space: Space(64 + nth), life: OURS }
}

fn elsewhere(nth: u64) -> RowId {
    RowId { space: Space::SHARED, life: Life { replica: ReplicaId(100 + nth), epoch: 1 } }
}

fn claim(replica: u64) -> Claim {
    let life = Life { replica: ReplicaId(replica), epoch: 1 };
    Claim { life, incarnation: 3, standing: ClaimedStanding::Alive }
}

impl Flood {
    /// Every row has one cell of so many bytes.
    fn new(cell_len: usize) -> Self {
        let mut replica = Replica::new(OURS, Limits { cell_len_max: 1_200, ..Limits::DEFAULT });
        for nth in 0..ROWS {
            let value = Bytes::copy_from(&[nth].repeat(cell_len));
            let wrote = replica.edit(UNIX, |w| w.set(row(nth).space, Key::raw("key"), value));
            assert_eq!(wrote, Ok(1));
        }
        let digest = Digest::new(replica.table(), [1; 16], UNIX, Duration::ZERO);
        let mut outbox = Outbox::new([2; 16], 0);
        outbox.prove(&PEER);
        Self { outbox, replica, digest, rumored: Vec::new() }
    }

    /// Queues more than fits a datagram of everything that does not compete with `spared` for the
    /// place in its own queue.
    fn pour(&mut self, spared: Waiting) {
        let out = &mut self.outbox;
        if spared != Waiting::Ack {
            (0..4).for_each(|nonce| out.ack(&PEER, nonce << 40));
        }
        (0..4).for_each(|nonce| out.ping(&PEER, nonce << 40));
        if spared != Waiting::Claim {
            (100..180).for_each(|replica| out.claim(&PEER, claim(replica)));
        }
        if spared != Waiting::Name {
            (0..60).for_each(|nth| out.announce(&PEER, row(nth), true));
        }
        if spared != Waiting::Rumor {
            (0..30).for_each(|nth| out.rumor(&PEER, row(nth), 0, 1));
        }
        if spared != Waiting::Delta {
            (30..60).for_each(|nth| out.answer(&PEER, row(nth), Since::from(0), false));
        }
        if spared != Waiting::Request {
            (0..60).for_each(|nth| out.request(&PEER, elsewhere(nth), Since::from(0), true));
        }
    }

    fn queue(&mut self, waiting: Waiting) {
        let out = &mut self.outbox;
        match waiting {
            Waiting::Refutation => out.claim(&PEER, claim(50)),
            Waiting::Ack => out.ack(&PEER, NONCE),
            Waiting::Claim => out.claim(&PEER, claim(99)),
            Waiting::Name => out.announce(&PEER, row(61), true),
            Waiting::Rumor => out.rumor(&PEER, row(60), 0, 1),
            Waiting::Pull => out.pull(&PEER),
            Waiting::Compare => out.compare(&PEER),
            Waiting::Request => out.request(&PEER, elsewhere(99), Since::from(0), true),
            Waiting::Lack => {
                let lacking = super::Lacking { start: RowId::MIN, end: None, salt: [3; 8] };
                out.lack(&PEER, lacking);
            }
            Waiting::Delta => out.answer(&PEER, row(60), Since::from(0), false),
        }
    }

    /// What the next datagram says.
    fn next(&mut self) -> Vec<Message> {
        let mut buf = [0; DATAGRAM_LEN_MIN];
        let about = (self.replica.table(), &self.digest);
        let composed = self.outbox.compose(Scope::Everything, OURS, about, &self.rumored, &mut buf);
        let composed = composed.expect("there is more to say than fits");
        let (_, said) = message::decode_all(&buf[FRAME_LEN..composed.len]).expect("ours");
        said
    }

    /// With how many datagrams it is that something leaves that is queued after `before` of them.
    fn leaves_with(&mut self, waiting: Waiting, before: usize) -> Option<usize> {
        for _ in 0..before {
            self.pour(waiting);
            self.next();
        }
        self.queue(waiting);
        (1..=50).find(|_| {
            self.pour(waiting);
            self.next().iter().any(|message| waiting.is(message))
        })
    }
}

impl Waiting {
    fn is(self, message: &Message) -> bool {
        match self {
            Self::Refutation => *message == Message::Claim(claim(50).into()),
            Self::Ack => *message == Message::Ack { nonce: NONCE },
            Self::Claim => *message == Message::Claim(claim(99).into()),
            Self::Name => matches!(message, Message::Announce { .. }),
            Self::Rumor => matches!(message, Message::Rumor { .. }),
            Self::Pull => matches!(message, Message::Pull { .. }),
            Self::Compare => matches!(message, Message::Compare(_)),
            Self::Request => {
                matches!(message, Message::Request { name, .. } if *name == Name::Row(elsewhere(99)))
            }
            Self::Lack => matches!(message, Message::Lack(_)),
            Self::Delta => matches!(message, Message::Delta(_) | Message::Row(_)),
        }
    }
}

/// A cell that fits the smallest buffer, but not beside the room that is kept.
const LONGEST: usize = 1_092;

/// The longest that something waits, in datagrams, whenever it begins to.
fn longest_wait(waiting: Waiting, cell_len: usize) -> usize {
    let waits = (0..24).map(|before| Flood::new(cell_len).leaves_with(waiting, before));
    let longest = waits.map(|wait| wait.unwrap_or(usize::MAX)).max();
    longest.unwrap_or(0)
}

#[test]
fn refutations_and_liveness_wait_for_no_other_class() {
    for cell_len in [20, 400, 650] {
        for waiting in [Waiting::Refutation, Waiting::Ack] {
            assert_eq!(longest_wait(waiting, cell_len), 1, "{waiting:?} beside {cell_len}");
        }
    }
}

#[test]
fn no_class_waits_for_more_than_five_datagrams() {
    let first_of_its_class = [Waiting::Claim, Waiting::Name, Waiting::Compare, Waiting::Delta];
    for cell_len in [20, 400, 650] {
        for waiting in first_of_its_class {
            let longest = longest_wait(waiting, cell_len);
            assert!(longest <= 5, "{waiting:?} beside {cell_len}: {longest}");
        }
    }
}

#[test]
fn no_kind_waits_for_long_behind_others_of_its_class() {
    for waiting in [Waiting::Pull, Waiting::Lack, Waiting::Rumor, Waiting::Name] {
        let longest = longest_wait(waiting, 400);
        let kinds_that_flood = 2;
        assert!(longest <= 4 * kinds_that_flood + 1, "{waiting:?}: {longest}");
    }
}

#[test]
fn what_needs_a_whole_datagram_takes_every_other_one_at_most() {
    assert_eq!(longest_wait(Waiting::Refutation, LONGEST), 2);
    assert!(longest_wait(Waiting::Ack, LONGEST) <= 2);
    for waiting in [Waiting::Claim, Waiting::Name, Waiting::Compare, Waiting::Delta] {
        let longest = longest_wait(waiting, LONGEST);
        assert!(longest <= 5, "{waiting:?}: {longest}");
    }
}

#[test]
fn strangers_are_answered_while_peers_are_told_much() {
    const GUEST: u32 = 8;
    let mut flood = Flood::new(400);
    flood.pour(Waiting::Ack);
    flood.outbox.begin_answer(&GUEST, 50);
    flood.outbox.ack(&GUEST, NONCE);
    flood.outbox.end_answer();
    let answered = (1..=50).find(|_| {
        flood.pour(Waiting::Ack);
        flood.next().contains(&Message::Ack { nonce: NONCE })
    });
    assert!(answered <= Some(9) && answered.is_some(), "{answered:?}");
}

#[test]
fn room_is_kept_for_rumored_claims() {
    let mut flood = Flood::new(650);
    flood.rumored = [claim(50)].into();
    for _ in 0..24 {
        flood.pour(Waiting::Claim);
        let said = flood.next();
        assert!(said.contains(&Message::Claim(claim(50).into())), "{said:?}");
    }
}

#[test]
fn what_fits_one_datagram_is_said_by_urgency() {
    let mut flood = Flood::new(20);
    for waiting in [Waiting::Delta, Waiting::Pull, Waiting::Compare, Waiting::Ack] {
        flood.queue(waiting);
    }
    let said = flood.next();
    let order = [Waiting::Ack, Waiting::Compare, Waiting::Pull, Waiting::Delta];
    assert!(said.len() == 4 && order.iter().zip(&said).all(|(it, said)| it.is(said)), "{said:?}");
    assert!(flood.outbox.is_empty(Scope::Everything));
}

#[test]
fn what_is_urgent_leaves_alone_while_the_rest_waits() {
    let mut flood = Flood::new(400);
    flood.pour(Waiting::Claim);
    flood.queue(Waiting::Refutation);
    let about = (flood.replica.table(), &flood.digest);
    let mut buf = [0; 300];
    let composed = flood.outbox.compose(Scope::Urgent, OURS, about, &[], &mut buf);
    let composed = composed.expect("pings and a refutation wait");
    let (_, said) = message::decode_all(&buf[FRAME_LEN..composed.len]).expect("ours");
    assert_eq!((composed.pings, composed.deltas, said.len()), (4, 0, 9), "{said:?}");
    assert!(flood.outbox.is_empty(Scope::Urgent) && !flood.outbox.is_empty(Scope::Everything));
    assert!(flood.next().iter().all(|message| !matches!(message, Message::Ping { .. })));
}
