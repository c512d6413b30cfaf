//! Kinds of lies about rows.

use core::time::Duration;

use rumormill_crdt::{
    Bytes, DeltaCell, DeltaParts, Dependency, Key, Life, ReplicaId, RowId, Space, Timestamp,
};

use crate::{random::Random, self_row};

/// A kind of lie about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Another's cell has another value.
    ChangeCell,
    /// Another erased a cell.
    EraseCell,
    /// Another never wrote a cell.
    WithholdCell,
    /// Another wrote under another key.
    RenameCell,
    /// Another's row is at a later version.
    RaiseVersion,
    /// Another forgot its erase markers.
    RaiseFloor,
    /// Another forgot erase markers that others need, and this is what comes after some version.
    ForgetForAnother,
    /// Another wrote at another time.
    Restamp,
    /// Another's row stands in another space.
    MoveToSpace,
    /// Another wrote it in a later life.
    MoveToLife,
    /// Another's row depends on rows that there are not.
    AddDependency,
    /// Another said good-bye.
    SayLeft,
    /// Another signed nothing.
    Unsign,
    /// Another's row is signed, by the liar.
    SignAsOwn,
    /// Another's row is a piece of a longer one, that never was.
    InventHead,
    /// A row is further along than it is; whoever asks for it is answered by nobody.
    Boast,
    /// The liar's row holds something else at the same version.
    TwoContents,
    /// The liar's row jumps to a version far ahead.
    JumpAhead,
    /// The liar forgot erase markers that others need, and sends what comes after.
    ForgetTooMuch,
    /// The liar writes in years to come.
    WriteInYears,
    /// The liar's cells are stamped later than its row.
    StampBeforeCells,
    /// A cell of the liar is longer than cells may be.
    LongCell,
    /// The liar's row depends on more rows than it may.
    ManyDependencies,
    /// The liar was let in by nobody.
    NoCertificate,
    /// The cells of the liar's row do not add up.
    WrongHash,
}

/// So far ahead is later than any clock is wrong by accident.
const YEARS: Duration = Duration::from_secs(12 * 365 * 86_400);

impl Lie {
    /// All of them, each with what it is called.
    pub const ALL: [(Self, &'static str); 25] = [
        (Self::ChangeCell, "changes a cell"),
        (Self::EraseCell, "erases a cell"),
        (Self::WithholdCell, "withholds a cell"),
        (Self::RenameCell, "renames a cell"),
        (Self::RaiseVersion, "raises a version"),
        (Self::RaiseFloor, "raises a floor"),
        (Self::ForgetForAnother, "forgets for another"),
        (Self::Restamp, "stamps it anew"),
        (Self::MoveToSpace, "moves it to another space"),
        (Self::MoveToLife, "moves it to a later life"),
        (Self::AddDependency, "adds a dependency"),
        (Self::SayLeft, "says that another left"),
        (Self::Unsign, "takes the signature off"),
        (Self::SignAsOwn, "signs it as its own"),
        (Self::InventHead, "invents a head"),
        (Self::Boast, "names a later version"),
        (Self::TwoContents, "gives a version two contents"),
        (Self::JumpAhead, "jumps ahead"),
        (Self::ForgetTooMuch, "forgets too much"),
        (Self::WriteInYears, "writes in years to come"),
        (Self::StampBeforeCells, "stamps a row before its cells"),
        (Self::LongCell, "writes a long cell"),
        (Self::ManyDependencies, "depends on many rows"),
        (Self::NoCertificate, "hides its certificate"),
        (Self::WrongHash, "adds up wrong"),
    ];

    /// Whether the liar tells it of its own rows, and not of others'.
    #[must_use]
    pub const fn is_about_own_rows(self) -> bool {
        matches!(
            self,
            Self::TwoContents
                | Self::JumpAhead
                | Self::ForgetTooMuch
                | Self::WriteInYears
                | Self::StampBeforeCells
                | Self::LongCell
                | Self::ManyDependencies
                | Self::NoCertificate
                | Self::WrongHash
        )
    }

    /// Turns a whole row into what is said of it; nothing if there is nothing in it to lie about.
    pub(super) fn spoil(
        self,
        parts: &mut DeltaParts<Key, Bytes>,
        random: &mut Random,
    ) -> Option<()> {
        let some = |random: &mut Random| random.below(1 << 20) as u64 + 1;
        let place = |cells: usize, random: &mut Random| (cells > 0).then(|| random.below(cells));
        let cells = parts.cells.len();
        match self {
            Self::ChangeCell | Self::TwoContents => {
                change(&mut parts.cells[place(cells, random)?])?;
            }
            Self::EraseCell => parts.cells[place(cells, random)?].value.take().map(drop)?,
            Self::WithholdCell => drop(parts.cells.remove(place(cells, random)?)),
            Self::RenameCell => parts.cells[place(cells, random)?].key = Key::raw("a lie"),
            Self::RaiseVersion => {
                parts.head.version += some(random);
                parts.to = parts.head.version;
            }
            Self::RaiseFloor => {
                parts.head.floor = parts.head.version;
                parts.cells.retain(|cell| cell.value.is_some());
            }
            Self::Restamp => parts.head.timestamp.0 += some(random),
            Self::MoveToSpace => parts.id.space = Space(200),
            Self::MoveToLife => parts.id.life.epoch += some(random),
            Self::AddDependency => depend(parts, 1),
            Self::SayLeft => say_left(parts)?,
            Self::Unsign => parts.head.signature.take().map(drop)?,
            Self::SignAsOwn | Self::Boast => {}
            Self::InventHead => parts.head.version += some(random),
            Self::JumpAhead => {
                parts.head.version += 1 << (20 + random.below(40));
                parts.to = parts.head.version;
            }
            Self::ForgetTooMuch | Self::ForgetForAnother => forget(parts),
            Self::WriteInYears => {
                let stamped = parts.head.timestamp.to_unix() + YEARS;
                parts.head.timestamp = Timestamp::from_unix(stamped);
                take_a_version(parts);
            }
            Self::StampBeforeCells => {
                parts.head.timestamp = Timestamp(1);
                take_a_version(parts);
            }
            Self::LongCell => {
                let cell = &mut parts.cells[place(cells, random)?];
                cell.value = Some(Bytes::copy_from(&[7; 800]));
                take_a_version(parts);
            }
            Self::ManyDependencies => {
                depend(parts, 14);
                take_a_version(parts);
            }
            Self::NoCertificate => hide_the_certificate(parts)?,
            Self::WrongHash => take_a_version(parts),
        }
        Some(())
    }
}

/// Flips a bit of what a cell says.
fn change(cell: &mut DeltaCell<Key, Bytes>) -> Option<()> {
    let value = cell.value.as_ref().filter(|value| !value.is_empty())?;
    let mut bytes = value.to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    cell.value = Some(Bytes::copy_from(&bytes));
    Some(())
}

/// Adds a good-bye to an introduction.
fn say_left(parts: &mut DeltaParts<Key, Bytes>) -> Option<()> {
    (parts.id.space == Space::SELF).then_some(())?;
    take_a_version(parts);
    let (version, value) = (parts.head.version, Some(Bytes::copy_from(&[1])));
    parts.cells.push(DeltaCell { version, key: self_row::left_key(), value });
    Some(())
}

/// Forgets all that was erased, and some versions above what anybody has.
fn forget(parts: &mut DeltaParts<Key, Bytes>) {
    parts.cells.retain(|cell| cell.value.is_some());
    parts.head.version += 3;
    parts.to = parts.head.version;
    parts.head.floor = parts.head.version;
}

/// Leaves out of an introduction what lets its owner in.
fn hide_the_certificate(parts: &mut DeltaParts<Key, Bytes>) -> Option<()> {
    let is_introduction = parts.id.space == Space::SELF;
    let before = parts.cells.len();
    let said = [self_row::certificate_key(), self_row::public_key_key()];
    parts.cells.retain(|cell| !said.contains(&cell.key));
    (is_introduction && parts.cells.len() < before).then_some(())?;
    take_a_version(parts);
    Some(())
}

/// Lets a row be at a later version than anybody has.
pub(super) fn take_a_version(parts: &mut DeltaParts<Key, Bytes>) {
    parts.head.version += 1;
    parts.to = parts.head.version;
}

/// Lets a row depend on rows that there are not.
pub(super) fn depend(parts: &mut DeltaParts<Key, Bytes>, rows: u64) {
    for row in 0..rows {
        let life = Life { replica: ReplicaId(1_000_000 + row), epoch: 1 };
        let on = Dependency { version: 1, timestamp: parts.head.timestamp };
        parts.head.dependencies.insert(RowId { space: Space::SHARED, life }, on);
    }
}
