//! `rumormill keys admit`: let a member into a fleet.

use std::{collections::BTreeSet, path::PathBuf};

use rumormill::{
    Space,
    core::{Certificate, Spaces, Subject},
};
use serde_json::Value;

use super::{
    file::{AuthorityFile, KeyFile, MemberFile},
    show, unix_seconds,
};

/// Let a member into a fleet: its file gets a certificate.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The member's file of keys.
    file: PathBuf,
    /// What the member has to call itself.
    #[arg(long)]
    name: String,
    /// The fleet's authority.
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,
    /// For how many days.
    #[arg(long, default_value_t = 365)]
    days: u64,
    /// A space that the member may write in, by its number; may be given more than once. All, if it
    /// is not given.
    #[arg(long, value_name = "NUMBER")]
    space: Vec<u8>,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args) -> Result<Value, String> {
    if args.name.len() > Subject::NAME_LEN_MAX {
        return Err(format!("a certified name has {} bytes at most", Subject::NAME_LEN_MAX));
    }
    let mut member = MemberFile::read(&args.file)?;
    let authority = AuthorityFile::read(&args.authority)?;
    let spaces: BTreeSet<Space> = args.space.iter().map(|number| Space(*number)).collect();
    let now = unix_seconds();
    let subject = Subject {
        key: member.key.public(),
        name: args.name.clone(),
        not_after: now.saturating_add(args.days.saturating_mul(86_400)),
        spaces: if spaces.is_empty() { Spaces::All } else { Spaces::Only(spaces) },
        serial: now,
    };
    member.certificate = Some(Certificate::issue(&authority.key, &authority.cluster, subject));
    member.replace(&args.file)?;
    Ok(show::of_member(&member))
}
