//! The bugs, as data.

use std::{collections::BTreeMap, fs, path::Path};

/// Where the bugs are written down, and how.
const PATH: &str = "crates/rumormill-sim/planted/bugs.txt";

/// Where the switch goes: every other crate that has bugs depends on this one.
const SWITCH_PATH: &str = "crates/rumormill-crdt/src/lib.rs";

/// Names the bug that is switched on.
pub(super) const VARIABLE: &str = "RUMORMILL_PLANTED";

/// Sources with what was planted, by path.
pub(super) type Sources = BTreeMap<String, String>;

/// All bugs.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) bugs: Vec<Bug>,
}

/// A bug, and how it is planted.
#[derive(Debug, Default)]
pub(super) struct Bug {
    name: String,
    edits: Vec<Edit>,
}

/// One text in the place of another.
#[derive(Debug, Default)]
struct Edit {
    file: String,
    find: Vec<String>,
    replace: Vec<String>,
}

impl Catalogue {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let text = read(root, PATH)?;
        let mut bugs: Vec<Bug> = Vec::new();
        let mut file = "";
        for (number, line) in (1..).zip(text.lines()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match (word, bugs.last_mut()) {
                ("" | "#", _) => {}
                ("bug", _) => bugs.push(Bug { name: rest.to_owned(), edits: Vec::new() }),
                ("says" | "like", Some(_)) => {}
                ("in", Some(_)) => file = rest,
                ("-", Some(bug)) => bug.edit(file).find.push(rest.to_owned()),
                ("+", Some(Bug { edits, .. })) if !edits.is_empty() => {
                    let last = edits.last_mut().expect("it has one");
                    last.replace.push(rest.to_owned());
                }
                _ => return Err(format!("{PATH}, line {number}: not understood: {line}")),
            }
        }
        Ok(Self { bugs })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.bugs.iter().map(|bug| &*bug.name)
    }

    /// The sources that change, with every bug and the switch in them.
    pub(super) fn plant(&self, root: &Path) -> Result<Sources, String> {
        let mut sources = Sources::new();
        for (number, bug) in self.bugs.iter().enumerate() {
            for edit in &bug.edits {
                let planted = edit.plant(number, source(&mut sources, root, &edit.file)?);
                let planted = planted.map_err(|why| format!("bug {}: {why}", bug.name))?;
                sources.insert(edit.file.clone(), planted);
            }
        }
        source(&mut sources, root, SWITCH_PATH)?.push_str(&self.switch());
        Ok(sources)
    }

    /// The switch: read once, and no more than a comparison after that.
    fn switch(&self) -> String {
        let names: Vec<&str> = self.names().collect();
        format!(
            "
extern crate self as rumormill_crdt;
extern crate std;

/// Whether a planted bug is switched on.
#[doc(hidden)]
pub fn planted(number: usize) -> bool {{
    static ON: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    let on = || {{
        let name = std::env::var({VARIABLE:?}).ok()?;
        Some(NAMES.iter().position(|it| *it == name).expect(\"a bug that is planted\"))
    }};
    *ON.get_or_init(on) == Some(number)
}}

const NAMES: &[&str] = &{names:?};
"
        )
    }
}

impl Bug {
    /// The edit that a further line belongs to.
    fn edit(&mut self, file: &str) -> &mut Edit {
        let goes_on = |edit: &Edit| edit.file == file && edit.replace.is_empty();
        if !self.edits.last().is_some_and(goes_on) {
            self.edits.push(Edit { file: file.to_owned(), ..Edit::default() });
        }
        self.edits.last_mut().expect("it has one")
    }
}

impl Edit {
    fn plant(&self, number: usize, source: &str) -> Result<String, String> {
        let find = self.find.join("\n");
        let count = source.matches(&find).count();
        if count != 1 {
            let file = &self.file;
            return Err(format!("this occurs {count} times in {file}, not once:\n{find}"));
        }
        let switch = format!("rumormill_crdt::planted({number})");
        Ok(source.replace(&find, &self.replace.join("\n").replace("PLANTED", &switch)))
    }
}

fn source<'s>(sources: &'s mut Sources, root: &Path, file: &str) -> Result<&'s mut String, String> {
    if !sources.contains_key(file) {
        sources.insert(file.to_owned(), read(root, file)?);
    }
    Ok(sources.get_mut(file).expect("it was put in"))
}

fn read(root: &Path, file: &str) -> Result<String, String> {
    fs::read_to_string(root.join(file)).map_err(|why| format!("cannot read {file}: {why}"))
}
