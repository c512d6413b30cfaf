//! Files of keys: one JSON object each, bytes as hexadecimal digits.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use rumormill::core::{Certificate, KeyRing, PublicKey, Revocation, SealKey, SecretKey};
use serde_json::{Value, json};

use crate::hex::{from_hex, to_hex};

/// What lets members in and throws them out.
pub(crate) struct AuthorityFile {
    pub(crate) cluster: String,
    pub(crate) key: SecretKey,
}

/// What all members of a fleet have in common.
pub(crate) struct FleetFile {
    pub(crate) cluster: String,
    pub(crate) authority: PublicKey,
    pub(crate) keys: KeyRing,
}

/// What a member has for itself.
pub(crate) struct MemberFile {
    pub(crate) key: SecretKey,
    pub(crate) certificate: Option<Certificate>,
}

/// What throws a member out.
pub(crate) struct RevocationFile {
    pub(crate) revocation: Revocation,
}

/// A file of one of these kinds.
pub(crate) trait KeyFile: Sized {
    /// What the file says that it is.
    const KIND: &'static str;
    /// Whether only its owner may read it.
    const IS_SECRET: bool;

    fn to_json(&self) -> Value;
    fn from_json(value: &Value) -> Option<Self>;

    /// Reads a file.
    fn read(path: &Path) -> Result<Self, String> {
        let value = read_any(path)?;
        let kind = value["kind"].as_str().unwrap_or_default();
        if kind != Self::KIND {
            return Err(format!("{} is no {}, but {kind:?}", path.display(), Self::KIND));
        }
        Self::from_json(&value)
            .ok_or_else(|| format!("{} is damaged: it says {kind}, and is none", path.display()))
    }

    /// Writes a file that is not there yet.
    fn create(&self, path: &Path) -> Result<(), String> {
        write_new(path, &self.text(), Self::IS_SECRET).map_err(|reason| {
            if reason.kind() == io::ErrorKind::AlreadyExists {
                format!("{} is there already; keys are not overwritten", path.display())
            } else {
                format!("{} cannot be written: {reason}", path.display())
            }
        })
    }

    /// Writes a file in place of the one that is there: whole, or not at all.
    fn replace(&self, path: &Path) -> Result<(), String> {
        let beside = PathBuf::from(format!("{}.new", path.display()));
        let written = write_new(&beside, &self.text(), Self::IS_SECRET)
            .and_then(|()| fs::rename(&beside, path));
        written.map_err(|reason| format!("{} cannot be changed: {reason}", path.display()))
    }

    fn text(&self) -> String {
        let mut value = self.to_json();
        value["kind"] = Self::KIND.into();
        format!("{value:#}\n")
    }
}

/// Reads a file of any kind.
pub(crate) fn read_any(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path)
        .map_err(|reason| format!("{} cannot be read: {reason}", path.display()))?;
    serde_json::from_str(&text)
        .map_err(|reason| format!("{} is no file of keys: {reason}", path.display()))
}

fn write_new(path: &Path, text: &str, is_secret: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_secret { 0o600 } else { 0o644 });
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

impl KeyFile for AuthorityFile {
    const KIND: &'static str = "authority of a fleet";
    const IS_SECRET: bool = true;

    fn to_json(&self) -> Value {
        json!({ "cluster": self.cluster, "secret": to_hex(self.key.as_bytes()) })
    }

    fn from_json(value: &Value) -> Option<Self> {
        Some(Self { cluster: text(value, "cluster")?, key: secret_key(value)? })
    }
}

impl KeyFile for FleetFile {
    const KIND: &'static str = "keys of a fleet";
    const IS_SECRET: bool = true;

    fn to_json(&self) -> Value {
        let keys: Vec<_> = self.keys.keys().map(|key| to_hex(key.as_bytes())).collect();
        json!({ "cluster": self.cluster, "authority": to_hex(&self.authority.0), "seal": keys })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let keys = value["seal"].as_array()?.iter();
        let keys: Option<Vec<_>> = keys.map(|key| Some(SealKey::from_bytes(bytes(key)?))).collect();
        let mut keys = keys?.into_iter();
        let ring = KeyRing::new(keys.next()?);
        Some(Self {
            cluster: text(value, "cluster")?,
            authority: PublicKey(bytes(&value["authority"])?),
            keys: keys.fold(ring, KeyRing::accepting),
        })
    }
}

impl KeyFile for MemberFile {
    const KIND: &'static str = "key of a member";
    const IS_SECRET: bool = true;

    fn to_json(&self) -> Value {
        let certificate = self.certificate.as_ref().map(|it| to_hex(&it.encode()));
        json!({ "secret": to_hex(self.key.as_bytes()), "certificate": certificate })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let hex = Some(&value["certificate"]).filter(|hex| !hex.is_null());
        let decode = |hex: &Value| Certificate::decode(&from_hex(hex.as_str()?)?).ok();
        let certificate = hex.map(|hex| decode(hex).ok_or(()));
        Some(Self { key: secret_key(value)?, certificate: certificate.transpose().ok()? })
    }
}

impl KeyFile for RevocationFile {
    const KIND: &'static str = "revocation";
    const IS_SECRET: bool = false;

    fn to_json(&self) -> Value {
        json!({ "revocation": to_hex(&self.revocation.encode()) })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let bytes = from_hex(value["revocation"].as_str()?)?;
        Some(Self { revocation: Revocation::decode(&bytes).ok()? })
    }
}

fn secret_key(value: &Value) -> Option<SecretKey> {
    Some(SecretKey::from_bytes(&bytes(&value["secret"])?))
}

fn bytes(value: &Value) -> Option<[u8; 32]> {
    from_hex(value.as_str()?)?.try_into().ok()
}

fn text(value: &Value, field: &str) -> Option<String> {
    Some(value[field].as_str()?.to_owned())
}
