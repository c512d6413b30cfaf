//! Lines of standard input, and what they ask for.

use std::{future, io, io::BufRead, path::PathBuf, thread};

use rumormill::{Column, OrSet};
use tokio::sync::mpsc;

/// The most lines that wait to be obeyed; more wait in the pipe.
const LINES_MAX: usize = 16;

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Edit(Edit),
    Ask(Question),
    /// Drop a replica's rows and refuse all of its lives; it has this name.
    Evict(String),
    Pardon(String),
    /// Throw a member out, by the revocation in this file.
    Revoke(PathBuf),
    /// Seal with the keys of the fleet in this file.
    Keys(PathBuf),
    Quit,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Set { key: String, value: String },
    Add { set: String, element: String },
    Remove { set: String, element: String },
    Count { name: String, by: i64 },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Get(String),
    GetAll,
    Watch(String),
    Members,
    Freshness,
    Help,
}

/// The lines there are, for people.
pub(crate) const HELP: &str = "\
set KEY VALUE      write a register; the last write wins
add SET ELEMENT    add to a set
remove SET ELEMENT remove from a set what was heard to be in it
count NAME [N]     count up by N, or by 1; down if N is negative
get [KEY]          read what lies under a key, or everything
watch KEY          read it, and again whenever it changes
members            list who is there
freshness          say with how many peers the table agreed, and as of when
evict NAME         drop all a member wrote, here, and hear it no more
pardon NAME        take that back
revoke FILE        throw a member out, by a revocation: see `rumormill keys`
keys FILE          seal with the keys in this file of the fleet's
help               list these lines
quit               say good-bye and stop";

/// Lines of standard input. A thread of its own reads them, for a read cannot be cancelled and
/// must not hold up the end of the process.
#[derive(Debug)]
pub(crate) struct Input {
    lines: Option<mpsc::Receiver<String>>,
}

impl Input {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, lines) = mpsc::channel(LINES_MAX);
        thread::Builder::new().name("lines".to_owned()).spawn(move || {
            for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
                if read.blocking_send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { lines: Some(lines) })
    }

    /// Returns the next line that is not blank, or says what is wrong with it. Once standard
    /// input has ended, waits for ever.
    pub(crate) async fn line(&mut self) -> Result<Line, String> {
        while let Some(lines) = &mut self.lines {
            match lines.recv().await {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => return Line::parse(&line),
                None => self.lines = None,
            }
        }
        future::pending().await
    }
}

impl Line {
    fn parse(line: &str) -> Result<Self, String> {
        let (verb, rest) = word(line);
        let (first, second) = word(rest);
        let key = || name(first).ok_or_else(|| usage(verb));
        let text = || (!second.is_empty()).then(|| second.to_owned()).ok_or_else(|| usage(verb));
        let edit = |edit| Ok(Self::Edit(edit));
        let ask = |question| Ok(Self::Ask(question));
        match verb {
            "set" => edit(Edit::Set { key: key()?, value: text()? }),
            "add" => edit(Edit::Add { set: key()?, element: text()? }),
            "remove" => edit(Edit::Remove { set: key()?, element: text()? }),
            "count" => {
                let by = if second.is_empty() { Ok(1) } else { second.parse() };
                edit(Edit::Count { name: key()?, by: by.map_err(|_| usage(verb))? })
            }
            "get" if rest.is_empty() => ask(Question::GetAll),
            "get" => ask(Question::Get(key()?)),
            "watch" => ask(Question::Watch(key()?)),
            "members" => ask(Question::Members),
            "freshness" => ask(Question::Freshness),
            "evict" if !rest.is_empty() => Ok(Self::Evict(rest.to_owned())),
            "pardon" if !rest.is_empty() => Ok(Self::Pardon(rest.to_owned())),
            "revoke" if !rest.is_empty() => Ok(Self::Revoke(rest.into())),
            "keys" if !rest.is_empty() => Ok(Self::Keys(rest.into())),
            "evict" | "pardon" | "revoke" | "keys" => Err(usage(verb)),
            "help" => ask(Question::Help),
            "quit" => Ok(Self::Quit),
            _ => {
                let verbs: Vec<&str> = HELP.lines().map(|line| word(line).0).collect();
                Err(format!("there is no {verb:?}; there are {}", verbs.join(", ")))
            }
        }
    }
}

/// Splits off the first word.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

fn name(word: &str) -> Option<String> {
    let fits = (1..=Column::<OrSet<String>>::NAME_LEN_MAX).contains(&word.len());
    fits.then(|| word.to_owned())
}

fn usage(verb: &str) -> String {
    let line = HELP.lines().find(|line| word(line).0 == verb).unwrap_or_default();
    let form = line.get(..19).unwrap_or(line).trim_end();
    format!("it goes: {form}; a name has at most 64 bytes and no spaces")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_verb_a_name_and_the_rest() {
        let (key, value) = ("greeting".to_owned(), "hello  world".to_owned());
        let set = Line::Edit(Edit::Set { key, value });
        assert_eq!(Line::parse(" set greeting  hello  world\r"), Ok(set));
        let count = |by| Ok(Line::Edit(Edit::Count { name: "calls".to_owned(), by }));
        assert_eq!(Line::parse("count calls"), count(1));
        assert_eq!(Line::parse("count calls -3"), count(-3));
        assert_eq!(Line::parse("get"), Ok(Line::Ask(Question::GetAll)));
    }

    #[test]
    fn a_wrong_line_is_told_what_would_be_right() {
        let unknown = Line::parse("frobnicate").unwrap_err();
        assert_eq!(
            unknown,
            "there is no \"frobnicate\"; there are set, add, remove, count, get, watch, members, \
             freshness, evict, pardon, revoke, keys, help, quit"
        );
        for (wrong, right) in [
            ("set key", "set KEY VALUE;"),
            ("remove set", "remove SET ELEMENT;"),
            ("count calls many", "count NAME [N];"),
            (&format!("get {}", "k".repeat(65)), "get [KEY];"),
        ] {
            let error = Line::parse(wrong).unwrap_err();
            assert!(error.contains(right), "{wrong}: {error}");
        }
    }
}
