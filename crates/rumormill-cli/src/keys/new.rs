//! `rumormill keys new`: the key of a member.

use std::path::PathBuf;

use rumormill::core::SecretKey;
use serde_json::{Value, json};

use super::{
    file::{KeyFile, MemberFile},
    secret,
};

/// Make the key of a member. Its replica id follows from it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to write; only its owner may read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args) -> Result<Value, String> {
    let key = SecretKey::from_bytes(&secret()?);
    let said = json!({
        "file": args.out.display().to_string(),
        "public_key": key.public().to_string(),
        "replica": key.replica().to_string(),
    });
    MemberFile { key, certificate: None }.create(&args.out)?;
    Ok(said)
}
