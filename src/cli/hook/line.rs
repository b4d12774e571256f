//! The command line that a host runs: with absolute paths, and closed even where it cannot start.

use super::Flags;
use crate::cli::Failure;
use std::path::{Path, PathBuf};

/// What a shell does where the program is missing, is killed, or ends in any other way than with
/// an answer: it leaves with the code that blocks.
const OTHERWISE: &str = "|| { echo 'blocked by Fence' >&2; exit 2; }";

/// The parts of a line.
pub(super) struct Line<'a> {
    pub(super) program: &'a Path,
    pub(super) host: &'static str,
    pub(super) files: &'a [PathBuf],
    pub(super) config: Option<&'a Path>,
    pub(super) flags: &'a Flags,
    pub(super) database: &'a Path,
}

impl Line<'_> {
    /// The line for a POSIX shell that decides: whatever it ends with but an answer blocks.
    pub(super) fn closed(&self) -> Result<String, Failure> {
        self.text().map(|text| format!("{text} {OTHERWISE}"))
    }

    /// The line for a POSIX shell.
    pub(super) fn text(&self) -> Result<String, Failure> {
        let mut words = vec![path(self.program)?, "hook".to_owned(), self.host.to_owned()];
        for file in self.files {
            words.push(path(file)?);
        }
        if let Some(config) = self.config {
            words.extend(["--config".to_owned(), path(config)?]);
        }
        words.extend(["--db".to_owned(), path(self.database)?]);
        let named = [
            ("--agent", &self.flags.agent),
            ("--user", &self.flags.user),
            ("--session", &self.flags.session),
        ];
        for (flag, value) in named {
            if let Some(value) = value {
                words.extend([flag.to_owned(), quoted(value)]);
            }
        }
        Ok(words.join(" "))
    }
}

/// A line as it stands in a host's settings: a program and plain words, nothing that a shell would
/// make something else of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Written {
    /// The program, then its arguments.
    pub(crate) words: Vec<String>,
    /// Whether it blocks where the program ends otherwise.
    closed: bool,
}

impl Written {
    /// Reads a line of the form that is installed; nothing for any other.
    pub(crate) fn read(command: &str) -> Option<Self> {
        let (text, closed) = match command.strip_suffix(OTHERWISE) {
            Some(text) => (text.trim_end(), true),
            None => (command, false),
        };
        words(text).map(|words| Self { words, closed })
    }

    /// The same line with another word in this place.
    pub(crate) fn with(&self, at: usize, word: &str) -> String {
        let other = |(index, own): (usize, &String)| quoted(if index == at { word } else { own });
        let text = self.words.iter().enumerate().map(other).collect::<Vec<_>>().join(" ");
        if self.closed { format!("{text} {OTHERWISE}") } else { text }
    }
}

/// The words of a line that [`quoted`] could have written.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let mut word = String::new();
        while let Some(c) = rest.chars().next().filter(|c| *c != ' ') {
            if let Some(quote) = rest.strip_prefix('\'') {
                let (inside, after) = quote.split_once('\'')?;
                word.push_str(inside);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("\\'") {
                word.push('\'');
                rest = after;
            } else if is_plain(c) {
                word.push(c);
                rest = rest.get(c.len_utf8()..)?;
            } else {
                return None;
            }
        }
        words.push(word);
        rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    Some(words)
}

/// Whether a shell takes a character as it stands.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._-:@+,=".contains(c)
}

/// An absolute path as a word; the file must be there before it is written into settings.
fn path(path: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(path).map_err(Failure::usage)?;
    let text = absolute.to_str();
    text.map(quoted).ok_or_else(|| {
        Failure::usage(format!("{} is not UTF-8: no settings can hold it", absolute.display()))
    })
}

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::{OTHERWISE, Written, quoted};

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(quoted("/usr/bin/fence"), "/usr/bin/fence");
        assert_eq!(quoted("/my files/it's"), r"'/my files/it'\''s'");
        assert_eq!(quoted("$(x)`y`\\"), r"'$(x)`y`\'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn only_plain_lines_are_read_back() {
        for words in [&["/usr/bin/fence", "hook", "codex", "/a b/it's.fence"][..], &["f", "", "$x"]]
        {
            let text = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
            let closed = format!("{text} {OTHERWISE}");
            let read = Written::read(&closed).unwrap();
            assert_eq!(read.words, words);
            assert_eq!(read.with(usize::MAX, ""), closed);
        }
        for foreign in ["fence hook codex p; curl x.test", "fence hook codex $(x)", "a | b", "'a"] {
            assert_eq!(Written::read(foreign), None, "{foreign}");
        }
    }
}
