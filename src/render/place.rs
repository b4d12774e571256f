//! Where a span stands: file, line and column, found without counting through the file each time.

use fence_engine::span::{Source, SourceId, Sources, Span};
use std::path::Path;

/// The files of one policy with the starts of their lines.
pub(super) struct Places<'a> {
    files: Vec<File<'a>>,
}

/// One file.
pub(super) struct File<'a> {
    pub(super) name: String,
    pub(super) text: &'a str,
    lines: Vec<usize>,
}

/// A range in a file; lines and columns (characters) count from 1, the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

impl<'a> Places<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        let main = sources.get(SourceId(0)).map_or("", |main| main.name.as_str());
        Self { files: sources.iter().map(|source| File::new(main, source)).collect() }
    }

    pub(super) fn file(&self, id: SourceId) -> Option<&File<'a>> {
        self.files.get(usize::from(id.0))
    }

    pub(super) fn place(&self, span: Span) -> Place {
        let Some(file) = self.file(span.source) else {
            return Place { file: String::new(), line: 1, column: 1, end_line: 1, end_column: 1 };
        };
        let range = file.range(span);
        let ((line, column), (end_line, end_column)) =
            (file.position(range.start), file.position(range.end));
        Place { file: file.name.clone(), line, column, end_line, end_column }
    }
}

impl<'a> File<'a> {
    fn new(main: &str, source: &'a Source) -> Self {
        let newlines = source.text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        Self { name: shown_name(main, &source.name), text: &source.text, lines }
    }

    /// The span cut to what the file holds, on whole characters.
    pub(super) fn range(&self, span: Span) -> std::ops::Range<usize> {
        let start = boundary(self.text, span.start as usize);
        start..boundary(self.text, span.end as usize).max(start)
    }

    /// The line that `offset` is on, from 0.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The bytes of the lines `first..=last`, from 0.
    pub(super) fn lines(&self, first: usize, last: usize) -> std::ops::Range<usize> {
        let at = |line: usize| self.lines.get(line).copied().unwrap_or(self.text.len());
        at(first)..at(last.saturating_add(1))
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.lines.get(line).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        (line + 1, before.chars().count() + 1)
    }
}

/// The start of the character at `offset`, or the end of the text.
fn boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Imports are known by their path within the policy's folder; people look from where they are.
fn shown_name(main: &str, name: &str) -> String {
    if name == main || Path::new(name).is_absolute() {
        return name.to_owned();
    }
    match Path::new(main).parent() {
        Some(folder) => folder.join(name).display().to_string(),
        None => name.to_owned(),
    }
}
