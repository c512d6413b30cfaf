//! A copy of the workspace with bugs in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::catalogue::Catalogue;

/// What a build needs.
const PARTS: [&str; 5] = ["Cargo.toml", "Cargo.lock", "crates", "benches", "examples"];

/// Where the workspace's sources are.
#[derive(Debug)]
pub(super) struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout that this process runs in.
    pub(super) fn find() -> Result<Self, String> {
        let here = std::env::current_dir().map_err(|why| why.to_string())?;
        let is_root = |folder: &&Path| folder.join("crates/rumormill-sim/planted").is_dir();
        let root = here.ancestors().find(is_root).map(Path::to_owned);
        let root = root.ok_or("this needs the source: run it in a checkout of rumormill");
        root.map(|root| Self { root }).map_err(str::to_owned)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Copies the sources, plants all bugs, and builds. Returns the binary.
    pub(super) fn build(&self, catalogue: &Catalogue) -> Result<PathBuf, String> {
        let planted = catalogue.plant(&self.root)?;
        let copy = self.root.join("target/planted/source");
        for file in self.files()? {
            let source = match planted.get(&file) {
                Some(planted) => planted.clone().into_bytes(),
                None => fs::read(self.root.join(&file)).map_err(|why| format!("{file}: {why}"))?,
            };
            write_if_new(&copy.join(&file), &source).map_err(|why| format!("{file}: {why}"))?;
        }
        let target = self.root.join("target/planted/build");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--locked", "--quiet", "--bin", "rumormill"]);
        cargo.arg("--target-dir").arg(&target).current_dir(&copy);
        // Linking all crates as one takes longer than the hunt, and a warning is no error here.
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("RUSTFLAGS", "--cap-lints=allow");
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        let built = cargo.status().map_err(|why| format!("cannot run cargo: {why}"))?;
        if !built.success() {
            return Err(format!("the copy in {} does not build", copy.display()));
        }
        Ok(target.join("release/rumormill"))
    }

    fn files(&self) -> Result<Vec<String>, String> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]);
        git.args(PARTS).current_dir(&self.root);
        let listed = git.output().map_err(|why| format!("cannot run git: {why}"))?;
        let text = String::from_utf8(listed.stdout).map_err(|why| why.to_string())?;
        let files: Vec<_> = text.split_terminator('\0').map(str::to_owned).collect();
        if files.is_empty() { Err("git knows no sources here".to_owned()) } else { Ok(files) }
    }
}

/// What is as it was keeps its time, and is not built again.
fn write_if_new(path: &Path, source: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|known| known == source) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, source)
}
