//! From a pattern's text to its tree: wildcards, classes, alternatives.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use super::alphabet::{Set, name_byte};
use super::error::{PatternError, PatternErrorKind as Kind};

/// How deep alternatives may be nested.
const MAX_DEPTH: usize = 4;

/// Over what a pattern is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Names: only name characters, and `/` once.
    Name,
    /// Texts: every character, `/` like any other.
    Text,
}

/// One step of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// This character.
    Literal(char),
    /// `?`
    Any,
    /// `*`, never twice in a row.
    Star,
    /// `[…]`
    Class(Class),
    /// `{…,…}`
    Alternatives(Vec<Vec<Node>>),
    /// The `/` between server and tool; only at the top of a name pattern.
    Slash,
}

/// `[a-z]` or `[!a-z]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    /// Whether it stands for all other characters.
    pub(super) negated: bool,
    /// Inclusive, never backwards.
    pub(super) ranges: Vec<(char, char)>,
}

/// Reads a whole pattern.
pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Vec<Node>, PatternError> {
    let mut parser =
        Parser { chars: text.char_indices().peekable(), end: text.len(), dialect, slashes: 0 };
    let nodes = parser.sequence(0)?;
    match parser.chars.next() {
        Some((at, _)) => Err(PatternError::new(at..at + 1, Kind::UnopenedBrace)),
        None => Ok(nodes),
    }
}

struct Parser<'a> {
    chars: Peekable<CharIndices<'a>>,
    end: usize,
    dialect: Dialect,
    slashes: usize,
}

impl Parser<'_> {
    /// Up to the end, or to the `,` or `}` that ends this alternative.
    fn sequence(&mut self, depth: usize) -> Result<Vec<Node>, PatternError> {
        let mut nodes = Vec::new();
        while let Some(&(at, c)) = self.chars.peek() {
            if c == '}' || (c == ',' && depth > 0) {
                break;
            }
            self.chars.next();
            let node = self.node(at, c, depth)?;
            if node != Node::Star || nodes.last() != Some(&Node::Star) {
                nodes.push(node);
            }
        }
        Ok(nodes)
    }

    fn node(&mut self, at: usize, c: char, depth: usize) -> Result<Node, PatternError> {
        match c {
            '*' => Ok(Node::Star),
            '?' => Ok(Node::Any),
            '[' => self.class(at).map(Node::Class),
            '{' => self.alternatives(at, depth + 1).map(Node::Alternatives),
            '/' if self.dialect == Dialect::Name => self.slash(at, depth),
            c if self.dialect == Dialect::Text || name_byte(c).is_some() => Ok(Node::Literal(c)),
            c => Err(outside(at, c)),
        }
    }

    fn slash(&mut self, at: usize, depth: usize) -> Result<Node, PatternError> {
        self.slashes += 1;
        match (depth, self.slashes) {
            (0, 1) => Ok(Node::Slash),
            (0, _) => Err(PatternError::new(at..at + 1, Kind::SecondSlash)),
            _ => Err(PatternError::new(at..at + 1, Kind::SlashInGroup)),
        }
    }

    fn alternatives(&mut self, open: usize, depth: usize) -> Result<Vec<Vec<Node>>, PatternError> {
        if depth > MAX_DEPTH {
            return Err(PatternError::new(open..open + 1, Kind::TooDeep));
        }
        let mut branches = vec![self.sequence(depth)?];
        loop {
            match self.chars.next() {
                Some((_, ',')) => branches.push(self.sequence(depth)?),
                Some(_) => return Ok(branches),
                None => return Err(PatternError::new(open..self.end, Kind::UnclosedBrace)),
            }
        }
    }

    fn class(&mut self, open: usize) -> Result<Class, PatternError> {
        let negations = if self.dialect == Dialect::Text { "!^" } else { "!" };
        let negated = self.chars.next_if(|(_, c)| negations.contains(*c)).is_some();
        let (members, close) = self.members(open)?;
        let class = Class { negated, ranges: ranges(&members)? };
        self.check_class(&class, &members, open..close)?;
        Ok(class)
    }

    /// All up to the closing `]`, which counts as a member when it comes first.
    fn members(&mut self, open: usize) -> Result<(Vec<(usize, char)>, usize), PatternError> {
        let mut members = Vec::new();
        loop {
            match self.chars.next() {
                None => return Err(PatternError::new(open..self.end, Kind::UnclosedClass)),
                Some((at, ']')) if !members.is_empty() => return Ok((members, at + 1)),
                Some((at, '/')) if self.dialect == Dialect::Name => {
                    return Err(PatternError::new(at..at + 1, Kind::SlashInGroup));
                }
                Some(member) => members.push(member),
            }
        }
    }

    fn check_class(
        &self,
        class: &Class,
        members: &[(usize, char)],
        at: Range<usize>,
    ) -> Result<(), PatternError> {
        if self.dialect == Dialect::Text {
            return Ok(());
        }
        if Set::new(class.negated, &class.ranges).is_empty() {
            let why = "the brackets hold no name character";
            return Err(PatternError::new(at, Kind::CannotMatch { why }));
        }
        match members.iter().find(|(_, c)| name_byte(*c).is_none()) {
            Some((at, c)) => Err(outside(*at, *c)),
            None => Ok(()),
        }
    }
}

/// Members to ranges: a `-` between two characters spans them, first or last it stands for itself.
fn ranges(members: &[(usize, char)]) -> Result<Vec<(char, char)>, PatternError> {
    let mut ranges = Vec::with_capacity(members.len());
    let mut rest = members;
    while let [(at, low), tail @ ..] = rest {
        rest = match tail {
            [(_, '-'), (end, high), tail @ ..] => {
                let range = *at..end + high.len_utf8();
                if low > high {
                    return Err(PatternError::new(
                        range,
                        Kind::RangeBackwards { low: *low, high: *high },
                    ));
                }
                ranges.push((*low, *high));
                if let [(dash, '-'), _, ..] = tail {
                    return Err(PatternError::new(*dash..dash + 1, Kind::AmbiguousDash));
                }
                tail
            }
            _ => {
                ranges.push((*low, *low));
                tail
            }
        };
    }
    Ok(ranges)
}

fn outside(at: usize, c: char) -> PatternError {
    let shown = if c.is_ascii_graphic() { c.to_string() } else { c.escape_unicode().to_string() };
    PatternError::new(at..at + c.len_utf8(), Kind::OutsideAlphabet { shown })
}
