//! `rumormill keys revoke`: throw a member out.

use std::path::PathBuf;

use rumormill::core::{PublicKey, Revocation, crdt::ReplicaId};
use serde_json::{Value, json};

use super::{
    file::{AuthorityFile, KeyFile, MemberFile, RevocationFile},
    unix_seconds,
};
use crate::hex::from_hex;

/// Throw a member out: what it wrote is dropped everywhere, and refused from then on. Give the
/// revocation to any agent with the line `revoke FILE`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whom, by the member's file of keys.
    #[arg(long, value_name = "FILE", required_unless_present = "public_key")]
    key_file: Option<PathBuf>,
    /// Whom, by the public key that `keys show` shows.
    #[arg(long, value_name = "HEX", conflicts_with = "key_file")]
    public_key: Option<String>,
    /// The fleet's authority.
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args) -> Result<Value, String> {
    let replica = args.replica()?;
    let authority = AuthorityFile::read(&args.authority)?;
    let at = unix_seconds();
    let revocation = Revocation::issue(&authority.key, &authority.cluster, replica, at);
    RevocationFile { revocation }.create(&args.out)?;
    let file = args.out.display().to_string();
    Ok(json!({ "file": file, "replica": replica.to_string(), "at": at }))
}

impl Args {
    fn replica(&self) -> Result<ReplicaId, String> {
        if let Some(path) = &self.key_file {
            return Ok(MemberFile::read(path)?.key.replica());
        }
        let bytes = self.public_key.as_deref().and_then(from_hex);
        let key: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let key = key.ok_or("a public key has 64 hexadecimal digits")?;
        Ok(PublicKey(key).replica())
    }
}
