//! Reading a policy with all it imports: each file once, no circles.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::{SourceId, Sources, Span, Spanned};
use crate::syntax::ast::{self, Item};
use crate::syntax::{decode, parse};

/// The deepest chain of imports.
const MAX_CHAIN: usize = 64;

/// Fetches imported files; the engine itself reads nothing.
pub trait Importer {
    /// The file that `path` names in the file called `from`.
    ///
    /// # Errors
    /// When it lies outside the policy's folder, or cannot be read as a regular file.
    fn import(&self, from: &str, path: &str) -> Result<Imported, ImportError>;
}

/// A file an importer found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The one name of this file: two imports of it give the same.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Why an import failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The path is absolute, climbs out, or is no plain relative path.
    #[error("an import must lie in the policy's own folder")]
    Outside,
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// For texts that come from nowhere: every import is outside.
#[derive(Clone, Copy, Debug)]
pub struct NoImports;

impl Importer for NoImports {
    fn import(&self, _from: &str, _path: &str) -> Result<Imported, ImportError> {
        Err(ImportError::Outside)
    }
}

/// One parsed file.
pub(super) struct ReadFile {
    pub(super) source: SourceId,
    pub(super) file: ast::File,
}

/// Everything that was read.
pub(super) struct Read {
    pub(super) sources: Sources,
    pub(super) files: Vec<ReadFile>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads `bytes` as the file `name`, and every file it imports.
pub(super) fn read(name: &str, bytes: &[u8], importer: &dyn Importer) -> Read {
    let read = Read { sources: Sources::new(), files: Vec::new(), diagnostics: Vec::new() };
    let mut reader = Reader { importer, read, names: Vec::new(), chain: Vec::new() };
    reader.file(name, bytes);
    reader.read
}

struct Reader<'a> {
    importer: &'a dyn Importer,
    read: Read,
    names: Vec<String>,
    chain: Vec<String>,
}

impl Reader<'_> {
    fn file(&mut self, name: &str, bytes: &[u8]) {
        self.names.push(name.to_owned());
        let id = SourceId(u16::try_from(self.names.len() - 1).unwrap_or(u16::MAX));
        let text = match decode(id, bytes) {
            Ok(text) => text,
            Err(finding) => {
                self.read.sources.add(name, String::new());
                self.read.diagnostics.push(finding);
                return;
            }
        };
        let parsed = parse(id, &text);
        self.read.sources.add(name, text);
        self.read.diagnostics.extend(parsed.diagnostics);
        let imports: Vec<Spanned<String>> = parsed.file.items.iter().filter_map(import).collect();
        let is_import = !self.chain.is_empty();
        if is_import {
            self.only_definitions(&parsed.file);
        }
        self.read.files.push(ReadFile { source: id, file: parsed.file });
        self.chain.push(name.to_owned());
        for import in imports {
            self.import(name, &import);
        }
        self.chain.pop();
    }

    fn import(&mut self, from: &str, import: &Spanned<String>) {
        let found = match self.importer.import(from, &import.node) {
            Ok(found) => found,
            Err(error) => return self.refuse(import, &error),
        };
        if self.chain.contains(&found.name) || self.chain.len() >= MAX_CHAIN {
            let circle = self.chain.iter().map(String::as_str).chain([&*found.name]);
            let circle = circle.collect::<Vec<_>>().join(" → ");
            let message = format!("this import closes a circle: {circle}");
            let finding = Diagnostic::error(Code::IMPORT_CIRCLE, import.span, message);
            self.read.diagnostics.push(finding.help("remove one of these imports"));
        } else if !self.names.contains(&found.name) {
            self.file(&found.name, &found.bytes);
        }
    }

    fn refuse(&mut self, import: &Spanned<String>, error: &ImportError) {
        let code = match error {
            ImportError::Outside => Code::IMPORT_OUTSIDE,
            ImportError::Unreadable(_) => Code::IMPORT_UNREADABLE,
        };
        let message = format!("`{}` cannot be imported: {error}", import.node);
        let help = "name a file beside the policy or below it, such as `people.fence`";
        self.read.diagnostics.push(Diagnostic::error(code, import.span, message).help(help));
    }

    fn only_definitions(&mut self, file: &ast::File) {
        for item in &file.items {
            let rule = match item {
                Item::Policy(_) => "a `policy` statement",
                Item::Rule(_) => "a rule",
                Item::Default(_) => "a `default`",
                Item::Test(_) => "a test",
                _ => continue,
            };
            let span = statement_start(super::item_span(item));
            let message = format!("an imported file may hold definitions only, not {rule}");
            let help = "load it as a layer of its own instead of importing it";
            let finding = Diagnostic::error(Code::IMPORT_NOT_DEFINITIONS, span, message).help(help);
            self.read.diagnostics.push(finding);
        }
    }
}

fn import(item: &Item) -> Option<Spanned<String>> {
    match item {
        Item::Import(path) => Some(path.clone()),
        _ => None,
    }
}

/// Marks a statement by its first characters only.
fn statement_start(span: Span) -> Span {
    Span { end: span.end.min(span.start + 8), ..span }
}
