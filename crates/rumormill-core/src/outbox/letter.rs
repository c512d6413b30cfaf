//! What is to be said to one peer.

use rumormill_crdt::{Life, ReplicaId, RowId, Since, codec};
use rumormill_sketch::Gap;
use smallvec::SmallVec;

use super::{
    CellsOwed, Fill, Lacking, Wishes,
    class::{Class, Kind},
    composition::{About, Composition},
    queue::Queue,
    rounds::{Rounds, Said},
};
use crate::{
    digest::Basis,
    message::{Claim, DeadPrint, Message, More, Name},
    sender::{Sender, Tag},
};

/// The most pings of one peer that wait for their answer.
pub(super) const ACKS_MAX: usize = 4;

/// The most pings that wait for one peer, our own and those for others, and the most questions and
/// answers about pings for others.
pub(super) const PINGS_MAX: usize = 4;

/// What is to be said to one peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Letter {
    /// Whether to spell out who we are: the peer does not know us.
    pub(super) introduce: bool,
    /// Whether to ask the peer who it is.
    pub(super) who: bool,
    /// Whom we take for dead, if the peer is to be asked.
    pub(super) who_is_dead: Option<DeadPrint>,
    /// How many are dead, of whom claims tell that wait or left before.
    pub(super) dead: Option<u64>,
    pub(super) acks: SmallVec<[u64; ACKS_MAX]>,
    pub(super) pings: SmallVec<[u64; 2]>,
    pub(super) pings_for: SmallVec<[(Tag, u64); 1]>,
    pub(super) nacks: SmallVec<[u64; 1]>,
    /// Whether rumored claims are to be said even if nothing else is.
    pub(super) claims_along: bool,
    pub(super) claims: Queue<ReplicaId, Claim>,
    pub(super) compare: bool,
    /// A comparison with the salt of an audit.
    pub(super) audit: Option<[u8; 16]>,
    pub(super) differ: Option<Basis>,
    pub(super) more: Option<More>,
    pub(super) cells: Option<CellsOwed>,
    pub(super) ask: Option<Wishes>,
    pub(super) pull: bool,
    pub(super) page: Option<RowId>,
    pub(super) next_page: Option<RowId>,
    pub(super) lack: Option<Lacking>,
    pub(super) fill: Option<Fill>,
    /// A row of which to say what its owner signed.
    pub(super) attest: Option<RowId>,
    pub(super) requests: Queue<RowId, Wish>,
    /// Rows to name, and whether the peer may never have heard of them.
    pub(super) announced: Queue<RowId, bool>,
    /// What of rows is for the peer to pass on.
    pub(super) rumors: Queue<RowId, Owed>,
    /// What of rows answers or repairs. No row is in both.
    pub(super) deltas: Queue<RowId, Owed>,
    /// Whose turn it is, if not all fit into the last datagram.
    rounds: Option<Rounds>,
    /// The letter's place among those with something urgent.
    pub(super) urgent_place: Option<u64>,
}

/// What a peer is asked for of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) since: Since,
    /// Whether it is to be spelled out.
    pub(super) is_spelled: bool,
}

/// What a peer is to get of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owed {
    pub(super) since: Since,
    /// How many passed it on, if it is for the peer to pass on.
    pub(super) hops: Option<u8>,
    pub(super) manner: Manner,
}

/// How a growth is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Spelled out: the peer may not know what goes before.
    SpelledOut,
    /// As shortly as can be. If the peer cannot make it out, nothing is lost but time.
    Shortly,
    /// Shortly, under a name that means one row only, as far as we know: the peer would go on to ask the
    /// same.
    Unmistakably,
}

impl Letter {
    /// Begins a datagram.
    pub(super) fn begin<'b>(&mut self, about: About<'b>, buf: &'b mut [u8]) -> Composition<'b> {
        let introduce = core::mem::take(&mut self.introduce);
        let sender =
            if introduce { Sender::Life(about.life) } else { Sender::Tag(Tag::of(about.life)) };
        Composition::new(sender, about, buf)
    }

    /// Says as much as fits; what was said is struck out. Most urgent first; but where not all fit
    /// into the datagram before, classes take turns, and the order fills what room they leave.
    pub(super) fn write_to(&mut self, life: Life, rumored: &[Claim], page: &mut Composition<'_>) {
        let rumored_len = rumored.first().map_or(0, claim_len);
        let mut rounds = self.rounds.take();
        if let Some(rounds) = &mut rounds {
            page.reserve(rumored_len + self.reserved_len(life));
            rounds.fill(|class, first| self.say_of(class, first, life, page));
        }
        page.reserve(if page.used_reserve { 0 } else { rumored_len });
        self.write_by_urgency(life, page);
        self.rounds = (!self.is_empty()).then(|| rounds.unwrap_or_default());
    }

    /// Says what is said of liveness, and claims.
    pub(super) fn write_urgent(&mut self, life: Life, page: &mut Composition<'_>) {
        for class in [Class::Liveness, Class::Claims] {
            class.kinds().iter().for_each(|kind| self.say_all(*kind, life, page));
        }
    }

    /// Says as many answers to pings as fit.
    pub(super) fn write_acks(&mut self, page: &mut Composition<'_>) {
        while say_first(&mut self.acks, |nonce| page.say(&Message::Ack { nonce })) {}
    }

    /// Says rumored claims beside something else, or if they are to be said anyway, or if there was
    /// no room for something beside them. Returns how many.
    pub(super) fn say_along(&mut self, rumored: &[Claim], page: &mut Composition<'_>) -> usize {
        page.reserve(0);
        if !page.has_messages() && self.is_empty() {
            return 0;
        }
        let said = page.say_claims(rumored);
        // Where there was no room for any, they are said in the next datagram.
        self.claims_along &= said == 0 && !rumored.is_empty();
        said
    }

    fn write_by_urgency(&mut self, life: Life, page: &mut Composition<'_>) {
        Kind::BEFORE_ROWS.iter().for_each(|kind| self.say_all(*kind, life, page));
        if self.say_rows(page) {
            Kind::AFTER_ROWS.iter().for_each(|kind| self.say_all(*kind, life, page));
        }
    }

    fn say_all(&mut self, kind: Kind, life: Life, page: &mut Composition<'_>) {
        while self.waits(kind) && self.say(kind, life, page) {}
    }

    /// Says what waits of rows by ascending id. Says whether that is all.
    fn say_rows(&mut self, page: &mut Composition<'_>) -> bool {
        loop {
            let (rumor, delta) = (self.rumors.peek(), self.deltas.peek());
            let is_rumor = match (rumor, delta) {
                (Some((rumor, _)), Some((delta, _))) => rumor < delta,
                (rumor, _) => rumor.is_some(),
            };
            let queue = if is_rumor { &mut self.rumors } else { &mut self.deltas };
            if !queue.say_next(|id, owed| page.say_delta(id, owed)) {
                return queue.is_empty();
            }
        }
    }

    /// Says one message of a class, by the first of its kinds from `first` on that waits.
    fn say_of(
        &mut self,
        class: Class,
        first: usize,
        life: Life,
        page: &mut Composition<'_>,
    ) -> Said {
        let kinds = class.kinds();
        let mut places = (0..kinds.len()).map(|nth| (first + nth) % kinds.len());
        let Some(kind) = places.find(|place| self.waits(kinds[*place])) else {
            return Said::Nothing;
        };
        let before = page.len;
        let said = self.say(kinds[kind], life, page);
        if said || page.len > before { Said::Message { kind } } else { Said::NoRoom }
    }

    /// Says one message, or as much as fits of what is one. Says whether it is struck out.
    fn say(&mut self, kind: Kind, life: Life, page: &mut Composition<'_>) -> bool {
        match kind {
            Kind::Ack => say_first(&mut self.acks, |nonce| page.say(&Message::Ack { nonce })),
            Kind::Ping => say_first(&mut self.pings, |nonce| page.say_ping(nonce)),
            Kind::PingFor => {
                say_first(&mut self.pings_for, |(target, nonce)| page.say_ping_for(target, nonce))
            }
            Kind::Nack => say_first(&mut self.nacks, |nonce| page.say(&Message::Nack { nonce })),
            Kind::Who => strike(&mut self.who, page.say(&Message::Who)),
            Kind::WhoIsDead => {
                let say = |known: &mut DeadPrint| page.say(&Message::WhoIsDead { known: *known });
                self.who_is_dead.take_if(say).is_some()
            }
            Kind::SoManyAreDead => {
                let say = |dead: &mut u64| page.say(&Message::SoManyAreDead { dead: *dead });
                self.dead.take_if(say).is_some()
            }
            Kind::Claim => self.say_claim(life, page),
            Kind::Compare => strike(&mut self.compare, page.say_compare()),
            Kind::Audit => self.audit.take_if(|salt| page.say_audit(*salt)).is_some(),
            Kind::Differ => self.differ.take_if(|basis| page.say_differ(*basis)).is_some(),
            Kind::More => self.more.take_if(|more| page.say(&Message::More(*more))).is_some(),
            Kind::Ask => self.ask.take_if(|wishes| page.say_wishes(wishes)).is_some(),
            Kind::Cells => self.cells.take_if(|cells| page.say_cells(cells)).is_some(),
            Kind::Pull => strike(&mut self.pull, page.say_pull()),
            Kind::NextPage => {
                let next = |start: &mut RowId| page.say(&Message::NextPage { start: *start });
                self.next_page.take_if(next).is_some()
            }
            Kind::Request => self.requests.say_next(|id, Wish { since, is_spelled }| {
                page.say(&Message::Request { name: Name::of(id, is_spelled), since })
            }),
            Kind::Attest => self.attest.take_if(|id| page.say_attested(*id)).is_some(),
            Kind::Announce => page.say_names(&mut self.announced),
            Kind::Rumor => self.rumors.say_next(|id, owed| page.say_delta(id, owed)),
            Kind::Delta => self.deltas.say_next(|id, owed| page.say_delta(id, owed)),
            Kind::Fill => self.fill.take_if(|fill| page.say_fill(fill)).is_some(),
            Kind::Lack => self.lack.take_if(|lacking| page.say_lack(*lacking)).is_some(),
            Kind::Page => self.page.take_if(|start| page.say_page(*start)).is_some(),
        }
    }

    /// Says a claim: one about ourselves before all others.
    fn say_claim(&mut self, life: Life, page: &mut Composition<'_>) -> bool {
        match self.claims.get(&life.replica).copied() {
            Some(ours) if page.say(&Message::Claim(ours.into())) => {
                self.claims.remove(&life.replica);
                true
            }
            Some(_) => false,
            None => self.claims.say_next(|_, claim| page.say(&Message::Claim(claim.into()))),
        }
    }

    fn waits(&self, kind: Kind) -> bool {
        match kind {
            Kind::Ack => !self.acks.is_empty(),
            Kind::Ping => !self.pings.is_empty(),
            Kind::PingFor => !self.pings_for.is_empty(),
            Kind::Nack => !self.nacks.is_empty(),
            Kind::Who => self.who,
            Kind::WhoIsDead => self.who_is_dead.is_some(),
            Kind::SoManyAreDead => self.dead.is_some(),
            Kind::Claim => !self.claims.is_empty(),
            Kind::Compare => self.compare,
            Kind::Audit => self.audit.is_some(),
            Kind::Differ => self.differ.is_some(),
            Kind::More => self.more.is_some(),
            Kind::Ask => self.ask.is_some(),
            Kind::Cells => self.cells.is_some(),
            Kind::Pull => self.pull,
            Kind::NextPage => self.next_page.is_some(),
            Kind::Request => !self.requests.is_empty(),
            Kind::Attest => self.attest.is_some(),
            Kind::Announce => !self.announced.is_empty(),
            Kind::Rumor => !self.rumors.is_empty(),
            Kind::Delta => !self.deltas.is_empty(),
            Kind::Fill => self.fill.is_some(),
            Kind::Lack => self.lack.is_some(),
            Kind::Page => self.page.is_some(),
        }
    }

    fn waits_of(&self, class: Class) -> bool {
        class.kinds().iter().any(|kind| self.waits(*kind))
    }

    pub(super) fn is_empty(&self) -> bool {
        let mut taking_turns = Class::TAKING_TURNS.into_iter();
        !self.is_urgent() && !taking_turns.any(|class| self.waits_of(class))
    }

    /// Says whether liveness or claims wait.
    pub(super) fn is_urgent(&self) -> bool {
        self.claims_along || self.waits_of(Class::Liveness) || self.waits_of(Class::Claims)
    }

    /// How many rows are named.
    pub(super) fn rows(&self) -> usize {
        let asked_for = self.ask.as_ref().map_or(0, |wishes| wishes.behind.len());
        let of_rows = self.rumors.len() + self.deltas.len();
        self.requests.len() + self.announced.len() + of_rows + asked_for
    }

    /// The memory that it takes beside itself, about.
    pub(super) fn heap_len(&self) -> usize {
        let wishes = self.ask.as_ref().map_or(0, |wishes| wishes.behind.len() * size_of::<Gap>());
        let filter = self.fill.as_ref().map_or(0, |fill| fill.lack.heap_len());
        let rows = self.requests.heap_len() + self.announced.heap_len();
        let cells = self.rumors.heap_len() + self.deltas.heap_len();
        wishes + filter + rows + cells + self.claims.heap_len()
    }

    /// The room that is kept for what is said of liveness, and for a refutation of ours.
    fn reserved_len(&self, life: Life) -> usize {
        let ours = self.claims.get(&life.replica).map_or(0, claim_len);
        let nonces = self.acks.iter().chain(&self.pings).chain(&self.nacks);
        let nonces: usize = nonces.map(|nonce| 1 + codec::encoded_len(nonce)).sum();
        let pings_for = self.pings_for.iter().map(|it| 1 + codec::encoded_len(it)).sum::<usize>();
        ours + nonces + pings_for + usize::from(self.who)
    }
}

fn claim_len(claim: &Claim) -> usize {
    codec::encoded_len(&Message::Claim((*claim).into()))
}

pub(super) fn push_bounded<T: smallvec::Array>(
    items: &mut SmallVec<T>,
    item: T::Item,
    len_max: usize,
) -> bool {
    let room = items.len() < len_max;
    if room {
        items.push(item);
    }
    room
}

/// Strikes out the first of a few if `say` says it.
fn say_first<T: smallvec::Array<Item: Copy>>(
    items: &mut SmallVec<T>,
    say: impl FnOnce(T::Item) -> bool,
) -> bool {
    let said = items.first().is_some_and(|first| say(*first));
    if said {
        items.remove(0);
    }
    said
}

const fn strike(waits: &mut bool, said: bool) -> bool {
    *waits &= !said;
    said
}
