//! How rumors travel, as it is written.

use clap::ValueEnum;
use rumormill::Mode;

/// How rumors travel.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeName {
    /// Who has news sends it while few have it, and names it then; who lacks it asks.
    PushThenPull,
    /// Who has news sends it.
    Push,
    /// Everybody asks for news.
    Pull,
    /// Both.
    PushPull,
}

impl ModeName {
    pub(crate) const fn mode(self) -> Mode {
        match self {
            Self::PushThenPull => Mode::PushThenPull,
            Self::Push => Mode::Push,
            Self::Pull => Mode::Pull,
            Self::PushPull => Mode::PushPull,
        }
    }

    pub(crate) const fn of(mode: Mode) -> Self {
        match mode {
            Mode::PushThenPull => Self::PushThenPull,
            Mode::Push => Self::Push,
            Mode::Pull => Self::Pull,
            Mode::PushPull => Self::PushPull,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::PushThenPull => "push-then-pull",
            Self::Push => "push",
            Self::Pull => "pull",
            Self::PushPull => "push-pull",
        }
    }
}
