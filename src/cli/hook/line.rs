//! The command line that a host runs: with absolute paths, and closed even where it cannot start.

use super::Flags;
use crate::cli::Failure;
use crate::hook::Host;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a shell does where the program is missing, is killed, or ends in any other way than with
/// an answer: it leaves with the code that blocks. Where the program did not do so itself, the
/// event is read first, because a host whose event is not taken may go on without the hook.
const OTHERWISE: &str = "|| { [ $? = 2 ] || cat >/dev/null; echo blocked by Fence >&2; exit 2; }";

/// What a host that runs hooks in the user's own shell, whichever that is, is given to run.
const POSIX: &str = "/bin/sh -c ";

/// The flag for how long the line holds a call at most.
pub(crate) const HOLD: &str = "--hold-at-most";

/// The parts of a line.
pub(super) struct Line<'a> {
    pub(super) program: &'a Path,
    pub(super) host: &'static dyn Host,
    pub(super) files: &'a [PathBuf],
    pub(super) config: Option<&'a Path>,
    pub(super) flags: &'a Flags,
    pub(super) database: &'a Path,
    pub(super) hold: Duration,
}

impl Line<'_> {
    /// The line for a POSIX shell that decides: whatever it ends with but an answer blocks.
    pub(super) fn closed(&self) -> Result<String, Failure> {
        self.written(true)
    }

    /// The line for a POSIX shell that notes.
    pub(super) fn open(&self) -> Result<String, Failure> {
        self.written(false)
    }

    fn written(&self, closed: bool) -> Result<String, Failure> {
        let form = Form { closed, wrapped: self.host.place().any_shell };
        let line = Written { words: self.words()?, form }.to_string();
        // Shells that are not POSIX read a `\` within quotes in their own way.
        match form.wrapped && line.contains('\\') {
            true => Err(Failure::usage(format!("no line for every shell can hold {line}"))
                .help("take paths and names without a quote or a backslash")),
            false => Ok(line),
        }
    }

    fn words(&self) -> Result<Vec<String>, Failure> {
        let mut words = vec![path(self.program)?, "hook".to_owned(), self.host.name().to_owned()];
        for file in self.files {
            words.push(path(file)?);
        }
        if let Some(config) = self.config {
            words.extend(["--config".to_owned(), path(config)?]);
        }
        words.extend(["--db".to_owned(), path(self.database)?]);
        words.extend([HOLD.to_owned(), format!("{}s", self.hold.as_secs())]);
        let named = [
            ("--agent", &self.flags.agent),
            ("--user", &self.flags.user),
            ("--session", &self.flags.session),
        ];
        for (flag, value) in named {
            if let Some(value) = value {
                words.extend([flag.to_owned(), value.clone()]);
            }
        }
        Ok(words)
    }
}

/// A line as it stands in a host's settings: a program and plain words, nothing that a shell would
/// make something else of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Written {
    /// The program, then its arguments.
    pub(crate) words: Vec<String>,
    form: Form,
}

/// What stands around the words of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    /// Whether it blocks where the program ends otherwise.
    closed: bool,
    /// Whether a POSIX shell is named to run it.
    wrapped: bool,
}

impl Written {
    /// Reads a line as it is installed, to the letter; nothing for any other.
    pub(crate) fn read(command: &str) -> Option<Self> {
        let inner = match command.strip_prefix(POSIX) {
            Some(word) => Some(words(word)?).filter(|words| words.len() == 1)?.pop(),
            None => None,
        };
        let wrapped = inner.is_some();
        let line = inner.as_deref().unwrap_or(command);
        let (text, closed) = match line.strip_suffix(OTHERWISE) {
            Some(text) => (text.trim_end(), true),
            None => (line, false),
        };
        let read = Self { words: words(text)?, form: Form { closed, wrapped } };
        (read.to_string() == command).then_some(read)
    }

    /// Whether it runs this door for a host.
    pub(crate) fn is_fence(&self, host: &str) -> bool {
        let [program, door, named, ..] = self.words.as_slice() else { return false };
        let name = Path::new(program).file_name().and_then(|name| name.to_str());
        matches!(name, Some("fence" | "fence.exe")) && door == "hook" && named == host
    }

    /// The value of a flag.
    pub(crate) fn flag(&self, flag: &str) -> Option<&str> {
        let at = self.words.iter().position(|word| word == flag)?;
        self.words.get(at + 1).map(String::as_str)
    }

    /// The same line with another word in this place.
    pub(crate) fn with(&self, at: usize, word: &str) -> Self {
        let mut other = self.clone();
        if let Some(place) = other.words.get_mut(at) {
            word.clone_into(place);
        }
        other
    }
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        let mut line = words.join(" ");
        if self.form.closed {
            line = format!("{line} {OTHERWISE}");
        }
        match self.form.wrapped {
            true => write!(f, "{POSIX}{}", quoted(&line)),
            false => f.write_str(&line),
        }
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

/// A path as a word, without `..` and links where it exists; of what does not exist yet, its folder.
fn path(path: &Path) -> Result<String, Failure> {
    let real = real(path).map_err(Failure::usage)?;
    let text = real.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Failure::usage(format!("{} is not UTF-8: no settings can hold it", real.display()))
    })
}

/// Where a path leads, as far as it exists.
pub(super) fn real(path: &Path) -> std::io::Result<PathBuf> {
    if let Ok(real) = std::fs::canonicalize(path) {
        return Ok(real);
    }
    let absolute = std::path::absolute(path)?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) => Ok(real(folder)?.join(name)),
        _ => Err(std::io::Error::other(format!("{} leads nowhere", path.display()))),
    }
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
    use super::{OTHERWISE, POSIX, Written, quoted};

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
            for line in [format!("{POSIX}{}", quoted(&closed)), closed, text] {
                let read = Written::read(&line).unwrap();
                assert_eq!(read.words, words);
                assert_eq!(read.to_string(), line);
            }
        }
        for foreign in [
            "fence hook codex p; curl x.test",
            "fence hook codex $(x)",
            "a | b",
            "'a",
            "a  b",
            "'a'",
            "/bin/sh -c a b",
        ] {
            assert_eq!(Written::read(foreign), None, "{foreign}");
        }
    }
}
