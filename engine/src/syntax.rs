//! Text ↔ tree: the only user of the grammar.
//!
//! `scan` cuts the text into tokens, `outline` finds statements and brackets, `read` has the grammar
//! parse each piece by itself and `build` turns it into the tree of [`ast`]; `blame` says in the
//! author's words why a piece is not of the language. `print` and `format` go the other way.

pub mod ast;
mod blame;
mod build;
mod format;
mod outline;
mod print;
mod read;
mod scan;
mod words;

use crate::diagnostic::{Code, Diagnostic};
use crate::span::{SourceId, Span};

pub use format::format;
pub use print::{print_expr, print_operand, print_phrase};
pub use words::{KEYWORDS, is_name};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// What a text says, as far as it could be understood, and everything that could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The statements that are of the language.
    pub file: ast::File,
    /// Why the others are not; in the order of the text, at most [`MAX_DIAGNOSTICS`].
    pub diagnostics: Vec<Diagnostic>,
}

/// How many findings one file may have before the rest is left out.
pub const MAX_DIAGNOSTICS: usize = 1000;

/// Reads a whole file. Every mistake is reported; what is not mistaken is in the tree.
///
/// Never panics, and needs little stack: nesting is bounded before anything recursive begins.
#[must_use]
pub fn parse(source: SourceId, text: &str) -> Parsed {
    if let Some(found) = too_large(source, text.len()) {
        return Parsed { file: ast::File::default(), diagnostics: vec![found] };
    }
    let outline = outline::Outline::new(source, text, scan::scan(source, text));
    let parsed = read::read(&outline);
    Parsed { file: parsed.file, diagnostics: all_findings(parsed.diagnostics, outline.diagnostics) }
}

/// The findings of two stages in the order of the text.
fn all_findings(mut found: Vec<Diagnostic>, others: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.extend(others);
    found.sort_by_key(|found| (found.span.start, found.span.end));
    found.truncate(MAX_DIAGNOSTICS);
    found
}

/// The text of a file: UTF-8 of at most [`MAX_BYTES`], without the byte order mark it may begin with.
///
/// # Errors
///
/// The file is too large, or not UTF-8; the message names the offset of the first wrong byte.
#[expect(clippy::result_large_err, reason = "read once per file; findings are passed by value")]
pub fn decode(source: SourceId, bytes: &[u8]) -> Result<String, Diagnostic> {
    if let Some(found) = too_large(source, bytes.len()) {
        return Err(found);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let message =
            format!("the file is not UTF-8: the byte at offset {at} belongs to no character");
        Diagnostic::error(Code::NOT_UTF8, Span::new(source, at, at), message)
            .help("save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text).to_owned())
}

fn too_large(source: SourceId, length: usize) -> Option<Diagnostic> {
    (length > MAX_BYTES).then(|| {
        let message = format!("the file has {length} bytes, at most {MAX_BYTES} (16 MiB) are read");
        Diagnostic::error(Code::TOO_LARGE, Span::new(source, 0, 0), message)
            .help("split the policy into layers, or move lists into imports")
    })
}
