//! Tokens and comments as the formatter sees them, and the blanks between two of them.

use std::ops::Range;

use crate::syntax::outline::Outline;
use crate::syntax::read::Marks;
use crate::syntax::words;

/// Something that is written as it is.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    /// Its text.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) role: Role,
    /// Whether a line of the file begins with it.
    pub(super) begins_line: bool,
    /// In how many blocks its line stands, if it begins one.
    pub(super) depth: usize,
    /// Whether the author left a blank line before it.
    pub(super) blank_before: bool,
}

/// The kinds of piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A word, text, number, field or sign.
    Word,
    /// `:` by itself.
    Colon,
    /// `..` by itself.
    Dots,
    /// A comment behind something.
    Trailing,
    /// A comment on a line of its own.
    Own,
}

impl Piece<'_> {
    /// Whether it is a comment.
    pub(super) const fn is_comment(&self) -> bool {
        matches!(self.role, Role::Trailing | Role::Own)
    }
}

/// Everything that is written, in order.
pub(super) fn pieces<'a>(outline: &Outline<'a>, marks: &Marks) -> Vec<Piece<'a>> {
    let mut ranges = Vec::new();
    let mut glued = marks.glued.iter().peekable();
    let mut joints = marks.joints.iter().peekable();
    let mut done = 0;
    for token in &outline.tokens {
        let mut bytes = token.start as usize..token.end as usize;
        while bytes.start < bytes.end {
            if bytes.start < done {
                bytes.start = done.min(bytes.end);
                continue;
            }
            let whole = next_at(&mut glued, bytes.start);
            let joint = next_at(&mut joints, bytes.start);
            let end = match (whole, joint) {
                (Some(whole), _) => whole.end,
                (None, Some(joint)) => joint.end,
                (None, None) => joints.peek().map_or(bytes.end, |joint| joint.start.min(bytes.end)),
            };
            ranges.push((bytes.start..end, joint.is_some() && whole.is_none()));
            done = end;
        }
    }
    assemble(outline, marks, ranges)
}

/// The next range, if it begins at `start`; ranges before it are passed over.
fn next_at<'m>(
    ranges: &mut std::iter::Peekable<std::slice::Iter<'m, Range<usize>>>,
    start: usize,
) -> Option<&'m Range<usize>> {
    while ranges.next_if(|range| range.start < start).is_some() {}
    ranges.next_if(|range| range.start == start)
}

/// Puts comments between the tokens and finds the lines.
fn assemble<'a>(
    outline: &Outline<'a>,
    marks: &Marks,
    ranges: Vec<(Range<usize>, bool)>,
) -> Vec<Piece<'a>> {
    let text = outline.text;
    let tokens = ranges.into_iter().map(|(bytes, joint)| {
        let role = match text.get(bytes.clone()) {
            Some(":") if joint => Role::Colon,
            Some("..") if joint => Role::Dots,
            _ => Role::Word,
        };
        (bytes, role)
    });
    let comments = outline.comments.iter().map(|comment| {
        let role = if comment.first { Role::Own } else { Role::Trailing };
        (comment.start as usize..comment.end as usize, role)
    });
    let mut all: Vec<_> = tokens.chain(comments).collect();
    all.sort_by_key(|(bytes, _)| bytes.start);

    let mut lines = marks.lines.iter().peekable();
    let mut before = 0;
    let mut pieces: Vec<Piece<'a>> = Vec::with_capacity(all.len());
    for (bytes, role) in all {
        let line = lines.next_if(|(start, _)| *start == bytes.start);
        let gap = text.get(before..bytes.start).unwrap_or_default();
        before = bytes.end;
        pieces.push(Piece {
            text: text.get(bytes).unwrap_or_default().trim_end(),
            role,
            begins_line: line.is_some(),
            depth: line.map_or(0, |(_, depth)| *depth),
            blank_before: gap.matches('\n').count() > 1,
        });
    }
    place_comments(&mut pieces);
    pieces
}

/// A comment on a line of its own begins a line where the next token does, or nothing follows.
fn place_comments(pieces: &mut [Piece<'_>]) {
    let mut next = (true, 0);
    for piece in pieces.iter_mut().rev() {
        match piece.role {
            Role::Own => (piece.begins_line, piece.depth) = next,
            Role::Trailing => {}
            // What stands before a closing brace is still in the block.
            _ => next = (piece.begins_line, piece.depth + usize::from(piece.text == "}")),
        }
    }
}

/// How many blanks stand between two pieces of one line.
pub(super) fn gap(left: &Piece<'_>, right: &Piece<'_>) -> usize {
    let tight = matches!(right.text, "," | ")" | "]")
        || matches!(left.text, "(" | "[")
        || right.role == Role::Colon
        || left.role == Role::Dots
        || right.role == Role::Dots
        || left.text == "{" && right.text == "}"
        || right.text == "(" && is_called(left);
    match right.role {
        Role::Trailing | Role::Own => 2,
        _ if tight => 0,
        _ => 1,
    }
}

/// Whether parentheses behind the piece hold its arguments.
fn is_called(left: &Piece<'_>) -> bool {
    let word = left.text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    left.role == Role::Word && word && !words::is_keyword(left.text)
}
