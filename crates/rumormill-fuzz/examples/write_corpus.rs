//! Writes the seed corpora of all targets: what is written today of everything that they read. What fuzzers
//! found has other names, and stays.
//!
//! Run it from the top folder: `cargo run -p rumormill-fuzz --example write_corpus`.

use std::{fs, io};

fn main() -> io::Result<()> {
    for target in rumormill_fuzz::all() {
        let folder = format!("fuzz/corpus/{}", target.name);
        fs::create_dir_all(&folder)?;
        for file in fs::read_dir(&folder)? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("seed-") {
                fs::remove_file(file.path())?;
            }
        }
        for (number, bytes) in (target.seeds)().iter().enumerate() {
            fs::write(format!("{folder}/seed-{number:03}"), bytes)?;
        }
    }
    Ok(())
}
