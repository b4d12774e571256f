//! Where something stands: a file and a range of bytes in it.

/// One of the files a policy was read from; an index into [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// A range of bytes in one source, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end` of `source`; ends beyond 4 GiB are cut (sources are at most 16 MiB).
    #[must_use]
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let cut = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { source, start: cut(start), end: cut(end) }
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn to(self, end: Span) -> Self {
        Self { source: self.source, start: self.start.min(end.start), end: self.end.max(end.end) }
    }

    /// As a range for slicing the source's text.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub node: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `node`, written at `span`.
    pub const fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }
}

/// One file: the name people know it by, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path or title shown in messages.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Every file one policy was read from; the first is the policy itself, the rest its imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// No files.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a file and answers its id. At most 65 535 files are told apart.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u16::try_from(self.0.len()).unwrap_or(u16::MAX));
        self.0.push(Source { name: name.into(), text: text.into() });
        id
    }

    /// The file with this id.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(usize::from(id.0))
    }

    /// All files in order.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// The text at `span`; empty when the span lies outside its file.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).and_then(|source| source.text.get(span.range())).unwrap_or_default()
    }

    /// Line and column (characters) of the span's start, both counted from 1.
    #[must_use]
    pub fn position(&self, span: Span) -> (u32, u32) {
        let Some(before) =
            self.get(span.source).and_then(|source| source.text.get(..span.start as usize))
        else {
            return (1, 1);
        };
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (
            count(before.bytes().filter(|byte| *byte == b'\n').count() + 1),
            count(before[line_start..].chars().count() + 1),
        )
    }
}
