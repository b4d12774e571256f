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
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+,=".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(quoted("/usr/bin/fence"), "/usr/bin/fence");
        assert_eq!(quoted("/my files/it's"), r"'/my files/it'\''s'");
        assert_eq!(quoted("$(x)`y`\\"), r"'$(x)`y`\'");
        assert_eq!(quoted(""), "''");
    }
}
