//! What the grammar read → the tree.
//!
//! Only shapes that the grammar accepts arrive here, so a missing piece is a bug; builders answer
//! `None` then, and `read` refuses the statement.

mod expr;
mod statements;
mod steps;
mod terms;

use fence_grammar::Rule;
use pest::iterators::{Pair, Pairs};

use super::ast::{FieldPath, Pattern};
use super::scan::unicode_escape;
use crate::diagnostic::Diagnostic;
use crate::span::{SourceId, Span, Spanned};

/// Something the grammar read.
pub(super) type Node<'i> = Pair<'i, Rule>;
/// The parts of something the grammar read.
pub(super) type Nodes<'i> = Pairs<'i, Rule>;

/// Builds the tree of one piece of a file.
#[derive(Debug)]
pub(super) struct Builder {
    source: SourceId,
    /// Where the piece begins in its file.
    base: usize,
    /// Whether the place is inside a quantifier.
    quantified: bool,
    /// What the grammar lets through and the language does not.
    pub(super) found: Vec<Diagnostic>,
}

impl Builder {
    /// For a piece that begins at `base`.
    pub(super) const fn new(source: SourceId, base: usize) -> Self {
        Self { source, base, quantified: false, found: Vec::new() }
    }

    fn span(&self, node: &Node<'_>) -> Span {
        self.at(node.as_span().start(), node.as_span().end())
    }

    fn at(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, self.base + start, self.base + end)
    }

    /// The node's own text.
    fn written(&self, node: &Node<'_>) -> Spanned<String> {
        Spanned::new(node.as_str().to_owned(), self.span(node))
    }

    /// A text without its quotes, or any other word as it is.
    fn unquoted(&self, node: &Node<'_>) -> Spanned<String> {
        let text = match node.as_rule() {
            Rule::text => unescape(node.as_str()),
            _ => node.as_str().to_owned(),
        };
        Spanned::new(text, self.span(node))
    }

    fn pattern(&self, node: &Node<'_>) -> Pattern {
        let Spanned { node: text, span } = self.unquoted(node);
        Pattern { text, span }
    }

    fn patterns<'i>(&self, nodes: impl Iterator<Item = Node<'i>>) -> Vec<Pattern> {
        nodes.filter(is_pattern).map(|node| self.pattern(&node)).collect()
    }

    /// `args.x."y z"?`
    fn path(&self, node: &Node<'_>) -> FieldPath {
        let text = node.as_str();
        let base = node.as_span().start();
        let (body, optional) = match text.strip_suffix('?') {
            Some(body) => (body, true),
            None => (text, false),
        };
        let mut parts = Vec::new();
        let mut start = 0;
        while start < body.len() {
            let end = start + segment_length(&body[start..]);
            let part = &body[start..end];
            let name = if part.starts_with('"') { unescape(part) } else { part.to_owned() };
            parts.push(Spanned::new(name, self.at(base + start, base + end)));
            start = end + 1;
        }
        let mut parts = parts.into_iter();
        let root = parts.next().unwrap_or_else(|| Spanned::new(String::new(), self.span(node)));
        FieldPath { root, segments: parts.collect(), optional, span: self.span(node) }
    }
}

/// Whether the node is a pattern: a text or a bare pattern.
fn is_pattern(node: &Node<'_>) -> bool {
    matches!(node.as_rule(), Rule::text | Rule::bare)
}

/// The length of a field path's first segment.
fn segment_length(path: &str) -> usize {
    if !path.starts_with('"') {
        return path.find('.').unwrap_or(path.len());
    }
    let mut escaped = false;
    let close = path.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    close.map_or(path.len(), |close| close + 2)
}

/// What a quoted text stands for. Escapes that do not exist were refused before; they stay as they are.
pub(super) fn unescape(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    let mut rest = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(rest.len());
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, used) = match escape.chars().next() {
            Some('n') => ('\n', 1),
            Some('t') => ('\t', 1),
            Some(same @ ('"' | '\\')) => (same, 1),
            Some('u') => unicode_escape(escape).unwrap_or(('\\', 0)),
            _ => ('\\', 0),
        };
        text.push(character);
        rest = &escape[used..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(unescape(r#""a\"b\\n\n\u{1F600}\q""#), "a\"b\\n\n😀\\q");
    }

    #[test]
    fn segments_end_at_their_quote() {
        assert_eq!(segment_length(r#""a.\"b".c"#), 7);
        assert_eq!(segment_length("args.x"), 4);
    }
}
