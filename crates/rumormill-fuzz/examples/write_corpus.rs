//! Writes the seed corpora of all targets: what is written today of everything that they read.
//!
//! Run it from the top folder: `cargo run -p rumormill-fuzz --example write_corpus`.

use std::{fs, io};

fn main() -> io::Result<()> {
    for target in rumormill_fuzz::all() {
        let folder = format!("fuzz/corpus/{}", target.name);
        if fs::exists(&folder)? {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        for (number, bytes) in (target.seeds)().iter().enumerate() {
            fs::write(format!("{folder}/seed-{number:03}"), bytes)?;
        }
    }
    Ok(())
}
