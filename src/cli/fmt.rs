//! `fence fmt`: policies in the one layout.
//!
//! A file is replaced as a whole or not at all: written beside the old one, then renamed over it.

use super::{Context, Exit, Failure};
use crate::policies::{plain_reason, read_regular};
use crate::render;
use clap::Args;
use fence_engine::span::{SourceId, Sources};
use fence_engine::syntax;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// How many lines of a difference are shown.
const MOST: usize = 40;

/// Lay policies out in the one way
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fence fmt content.fence people.fence
  fence fmt --check policies/*.fence
  fence fmt - < draft.fence

Exit codes: 0 done, 1 a file would change (--check) or has mistakes, 2 a file cannot be read or written.")]
pub(crate) struct Fmt {
    /// Policies and files of definitions; `-` formats standard input to standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; name the files that would change and show how
    #[arg(long)]
    check: bool,
}

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Differs,
    Mistaken,
}

impl Fmt {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut good = true;
        for file in &self.files {
            let outcome = match file.as_os_str() == "-" {
                true => self.stream(context)?,
                false => self.file(context, file)?,
            };
            good &= outcome == Outcome::Done;
        }
        Ok(Exit::from(good))
    }

    fn stream(&self, context: &Context) -> Result<Outcome, Failure> {
        let mut bytes = Vec::new();
        let most = syntax::MAX_BYTES as u64 + 1;
        let read = std::io::stdin().take(most).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(Path::new("standard input"), &plain_reason(&error)))?;
        let Some((old, new)) = format(context, "standard input", &bytes) else {
            return Ok(Outcome::Mistaken);
        };
        if self.check {
            return Ok(show(context, "standard input", &old, &new));
        }
        context.output.raw(&new);
        Ok(Outcome::Done)
    }

    fn file(&self, context: &Context, file: &Path) -> Result<Outcome, Failure> {
        let bytes = read_regular(file).map_err(|reason| unreadable(file, &reason))?;
        let name = file.display().to_string();
        let Some((old, new)) = format(context, &name, &bytes) else {
            return Ok(Outcome::Mistaken);
        };
        if self.check {
            return Ok(show(context, &name, &old, &new));
        }
        if bytes != new.as_bytes() {
            replace(file, &new).map_err(|error| {
                let reason = plain_reason(&error);
                Failure::usage(format!("{name} cannot be written: {reason}"))
            })?;
            context.output.line(&name);
        }
        Ok(Outcome::Done)
    }
}

fn unreadable(file: &Path, reason: &str) -> Failure {
    Failure::usage(format!("{} cannot be read: {reason}", file.display()))
}

/// The text and its layout; a text with mistakes has none, and they are shown.
fn format(context: &Context, name: &str, bytes: &[u8]) -> Option<(String, String)> {
    let decoded = syntax::decode(SourceId(0), bytes).map_err(|found| vec![found]);
    let (text, found) = match decoded {
        Ok(text) => match syntax::format(&text) {
            // The mark some editors put first is not part of the layout.
            Ok(new) => return Some((String::from_utf8_lossy(bytes).into_owned(), new)),
            Err(found) => (text, found),
        },
        Err(found) => (String::new(), found),
    };
    let mut sources = Sources::new();
    sources.add(name, text);
    context.output.note(render::human(&sources, &found, true).trim_end());
    None
}

/// The file's name and how it would change.
fn show(context: &Context, name: &str, old: &str, new: &str) -> Outcome {
    if old == new {
        return Outcome::Done;
    }
    context.output.line(name);
    let difference = similar::TextDiff::from_lines(old, new);
    let unified = difference.unified_diff().context_radius(1).to_string();
    for (count, line) in unified.lines().enumerate() {
        if count == MOST {
            context.output.note("…");
            break;
        }
        let line = fence_engine::show::printable(line, 200);
        let colour = match line.as_bytes().first() {
            Some(b'-') => "\x1b[31m",
            Some(b'+') => "\x1b[32m",
            _ => "\x1b[2m",
        };
        context.output.note(&format!("{colour}{line}\x1b[0m"));
    }
    Outcome::Differs
}

/// Puts `text` in the place of the file: all of it or nothing, with the same permissions; what a
/// link points to is replaced, not the link.
pub(super) fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let file = file.canonicalize()?;
    let permissions = std::fs::metadata(&file)?.permissions();
    if permissions.readonly() {
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".fence-fmt-").tempfile_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().set_permissions(permissions)?;
    beside.as_file().sync_all()?;
    beside.persist(&file).map(drop).map_err(|error| error.error)
}
