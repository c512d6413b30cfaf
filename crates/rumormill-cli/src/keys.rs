//! `rumormill keys`: who is let into a fleet.

mod admit;
mod admitted;
mod file;
mod fleet;
mod new;
mod revoke;
mod show;

use std::{
    io::{self, Write},
    process::ExitCode,
    time::SystemTime,
};

use serde_json::Value;

pub(crate) use self::{
    admitted::Admitted,
    file::{FleetFile, KeyFile, RevocationFile},
};
use crate::fail;

const EXAMPLES: &str = "\
A fleet of two, whose members trust nobody else:
  rumormill keys fleet --name ships --authority ships.secret --out ships.fleet
  rumormill keys new --out ann.key
  rumormill keys admit ann.key --name ann --authority ships.secret
  rumormill keys new --out bob.key
  rumormill keys admit bob.key --name bob --authority ships.secret
  rumormill agent --bind 127.0.0.1:7001 --key-file ann.key --fleet-key ships.fleet
  rumormill agent --bind 127.0.0.1:7002 --key-file bob.key --fleet-key ships.fleet --join 127.0.0.1:7001

ships.secret lets members in and throws them out: keep it off the machines that run agents.
ships.fleet seals what members send, and is for all of them and nobody else. ann.key is Ann's alone.
Files that hold secrets are readable by their owner only, and none is ever overwritten.

To throw a member out, make a revocation, and give it to any agent on its standard input:
  rumormill keys revoke --key-file bob.key --authority ships.secret --out bob.revoked
  revoke bob.revoked

To change the key that seals without a datagram lost, do these one after the other, each time giving
the new ships.fleet to all agents, which take it with the line `keys ships.fleet`:
  rumormill keys fleet --rotate accept ships.fleet
  rumormill keys fleet --rotate seal ships.fleet
  rumormill keys fleet --rotate forget ships.fleet";

/// Make and look at keys: who is let into a fleet, and who not any more.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    /// Make the key of a member.
    New(new::Args),
    /// Show what is public in a file of keys.
    Show(show::Args),
    /// Make the keys of a fleet, or change the one that seals.
    Fleet(fleet::Args),
    /// Let a member into a fleet.
    Admit(admit::Args),
    /// Throw a member out.
    Revoke(revoke::Args),
}

pub(crate) fn run(command: &Command) -> ExitCode {
    let (json, done) = match command {
        Command::New(args) => (args.json, new::run(args)),
        Command::Show(args) => (args.json, show::run(args)),
        Command::Fleet(args) => (args.json, fleet::run(args)),
        Command::Admit(args) => (args.json, admit::run(args)),
        Command::Revoke(args) => (args.json, revoke::run(args)),
    };
    match done {
        Ok(said) => print(&said, json),
        Err(reason) => fail(reason),
    }
}

/// Prints an object as it is, or a line for each field.
fn print(said: &Value, json: bool) -> ExitCode {
    let mut out = io::stdout();
    let printed = if json {
        writeln!(out, "{said}")
    } else {
        let fields = said.as_object().into_iter().flatten();
        fields.filter(|(_, value)| !value.is_null()).try_for_each(|(field, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            writeln!(out, "{:<12} {text}", field.replace('_', " "))
        })
    };
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// 32 bytes that nobody can guess.
fn secret() -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|reason| format!("the operating system gives no entropy: {reason}"))?;
    Ok(bytes)
}

/// Seconds since 1970.
fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
