//! `rumormill keys fleet`: the keys of a fleet.

use std::path::PathBuf;

use rumormill::core::{KeyRing, SealKey, SecretKey};
use serde_json::Value;

use super::{
    file::{AuthorityFile, FleetFile, KeyFile},
    secret, show,
};

/// Make the keys of a fleet, or change the key that seals.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The fleet's name; what members of other fleets say is not even read.
    #[arg(long, default_value = "")]
    name: String,
    /// The file to write what lets members in to: keep it to yourself.
    #[arg(long, value_name = "FILE", required_unless_present = "rotate")]
    authority: Option<PathBuf>,
    /// The file to write what all members need to: for them and nobody else.
    #[arg(long, value_name = "FILE", required_unless_present = "rotate")]
    out: Option<PathBuf>,
    /// Change the key that seals, in three steps: accept a new one, seal with it, forget the old one.
    #[arg(long, value_names = ["STEP", "FILE"], num_args = 2, conflicts_with_all = ["authority", "out", "name"])]
    rotate: Option<Vec<String>>,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(args: &Args) -> Result<Value, String> {
    let fleet = match (&args.rotate, &args.authority, &args.out) {
        (Some(rotate), ..) => return rotate_keys(rotate),
        (None, Some(authority), Some(out)) => {
            let key = SecretKey::from_bytes(&secret()?);
            let keys = KeyRing::new(SealKey::from_bytes(secret()?));
            let cluster = args.name.clone();
            let fleet = FleetFile { cluster: cluster.clone(), authority: key.public(), keys };
            AuthorityFile { cluster, key }.create(authority)?;
            fleet.create(out)?;
            fleet
        }
        (None, ..) => return Err("both --authority and --out are needed".to_owned()),
    };
    Ok(show::of_fleet(&fleet))
}

fn rotate_keys(rotate: &[String]) -> Result<Value, String> {
    let [step, file] = rotate else { return Err("a step and a file are needed".to_owned()) };
    let path = PathBuf::from(file);
    let mut fleet = FleetFile::read(&path)?;
    let mut keys: Vec<SealKey> = fleet.keys.keys().cloned().collect();
    match step.as_str() {
        "accept" if keys.len() > KeyRing::ACCEPTED_MAX => {
            return Err("there are as many keys as a ring holds; forget the old ones".to_owned());
        }
        "accept" => keys.push(SealKey::from_bytes(secret()?)),
        "seal" if keys.len() < 2 => {
            return Err("there is one key only; --rotate accept makes another".to_owned());
        }
        // The newest is the last.
        "seal" => keys.rotate_right(1),
        "forget" => keys.truncate(1),
        other => return Err(format!("there is no step {other:?}: accept, seal, forget")),
    }
    let mut keys = keys.into_iter();
    let primary = keys.next().ok_or("the file has no key")?;
    fleet.keys = keys.fold(KeyRing::new(primary), KeyRing::accepting);
    fleet.replace(&path)?;
    Ok(show::of_fleet(&fleet))
}
