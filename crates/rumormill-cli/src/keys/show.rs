//! `rumormill keys show`: what is public in a file of keys.

use std::path::PathBuf;

use rumormill::core::{Certificate, Spaces};
use serde_json::{Value, json};

use super::file::{AuthorityFile, FleetFile, KeyFile, MemberFile, RevocationFile, read_any};

/// Show what is public in a file of keys; secrets are left out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file.
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args) -> Result<Value, String> {
    let path = &args.file;
    let kind = read_any(path)?["kind"].as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        AuthorityFile::KIND => {
            let AuthorityFile { cluster, key } = AuthorityFile::read(path)?;
            Ok(json!({ "kind": kind, "cluster": cluster, "authority": key.public().to_string() }))
        }
        FleetFile::KIND => Ok(of_fleet(&FleetFile::read(path)?)),
        MemberFile::KIND => Ok(of_member(&MemberFile::read(path)?)),
        RevocationFile::KIND => {
            let RevocationFile { revocation } = RevocationFile::read(path)?;
            let (replica, at) = (revocation.replica().to_string(), revocation.at());
            Ok(json!({ "kind": kind, "replica": replica, "at": at }))
        }
        _ => Err(format!("{} is no file of keys", path.display())),
    }
}

pub(super) fn of_fleet(fleet: &FleetFile) -> Value {
    let accepts: Vec<_> = fleet.keys.keys().skip(1).map(|key| key.id().to_string()).collect();
    json!({
        "kind": FleetFile::KIND,
        "cluster": fleet.cluster,
        "authority": fleet.authority.to_string(),
        "seals_with": fleet.keys.primary().id().to_string(),
        "accepts": accepts,
    })
}

pub(super) fn of_member(member: &MemberFile) -> Value {
    let subject = member.certificate.as_ref().map(Certificate::subject);
    let spaces = subject.map(|subject| match &subject.spaces {
        Spaces::All => json!("all"),
        Spaces::Only(spaces) => spaces.iter().map(|space| space.0).collect(),
    });
    json!({
        "kind": MemberFile::KIND,
        "public_key": member.key.public().to_string(),
        "replica": member.key.replica().to_string(),
        "name": subject.map(|subject| &subject.name),
        "not_after": subject.map(|subject| subject.not_after),
        "spaces": spaces,
        "serial": subject.map(|subject| subject.serial),
    })
}
