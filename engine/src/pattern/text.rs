//! Patterns over arbitrary texts, for `like`, and the two forms in which texts are compared.

use std::borrow::Cow;
use std::sync::OnceLock;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::error::{PatternError, PatternErrorKind as Kind};
use super::machine::Machine;
use super::stretch::Stretches;
use super::syntax::{self, Class, Dialect, Node};

/// The longest pattern over texts, in bytes.
const MAX_TEXT: usize = 4096;

/// The text in Unicode's normal form C, in which texts are compared.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// The text in the form in which texts are compared when case is ignored: normal form C, lower-case.
///
/// Every character stands by itself, so both lower-case sigmas are one.
#[must_use]
pub fn fold_text(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let has_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        return if has_upper { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) };
    }
    Cow::Owned(text.nfc().flat_map(lower).nfc().collect())
}

fn lower(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

/// A pattern over texts, such as `*@example.com`.
///
/// Wildcards are those of [`NamePattern`](super::NamePattern), but each matches any character, `/` and line breaks
/// included; `?` and a class match one Unicode scalar value. A backslash is an ordinary character; a wildcard
/// stands for itself inside a class, as in `[*]`. Text and pattern are compared in normal form C.
#[derive(Clone, Debug)]
pub struct TextPattern {
    text: Box<str>,
    exact: Form,
    /// To be matched against folded text.
    folded: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Exact(Box<str>),
    /// `head*tail`
    Around(Box<str>, Box<str>),
    Machine(Box<Machine>),
    /// Where a machine would be too large.
    Stretches(Stretches),
}

impl TextPattern {
    /// Reads and compiles a pattern.
    ///
    /// # Errors
    ///
    /// For unclosed or backward brackets and braces, braces nested over 4 deep, a text over 4096 bytes, and
    /// patterns that grow too large when compiled.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let length = text.len();
        if length > MAX_TEXT {
            return Err(PatternError::new(0..length, Kind::TooLong { limit: MAX_TEXT, length }));
        }
        let normal = nfc(text);
        let nodes = syntax::parse(&normal, Dialect::Text).map_err(|mut error| {
            if *normal != *text {
                // Offsets into the normal form say nothing about what was written.
                error.range = 0..length;
            }
            error
        })?;
        let too_large = || PatternError::new(0..length, Kind::TooLarge);
        let exact = Form::new(&nodes).ok_or_else(too_large)?;
        let folded = Form::new(&fold(&nodes)).ok_or_else(too_large)?;
        Ok(Self { text: text.into(), exact, folded })
    }

    /// Whether the whole text matches as written or, if asked to ignore case, in lower case.
    #[must_use]
    pub fn matches(&self, text: &str, ignore_case: bool) -> bool {
        if self.exact.matches(&nfc(text)) {
            return true;
        }
        match ignore_case {
            false => false,
            true if text.is_ascii() => self.folded.matches_lowered(text),
            true => self.folded.matches(&fold_text(text)),
        }
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The one text it stands for, if it has no wildcards.
    #[must_use]
    pub fn is_literal(&self) -> Option<&str> {
        if let Form::Exact(text) = &self.exact { Some(text) } else { None }
    }
}

impl Form {
    fn new(nodes: &[Node]) -> Option<Self> {
        let literal = |nodes: &[Node]| {
            let char = |node: &Node| if let Node::Literal(c) = node { Some(*c) } else { None };
            nodes.iter().map(char).collect::<Option<String>>().map(String::into_boxed_str)
        };
        if let Some(text) = literal(nodes) {
            return Some(Self::Exact(text));
        }
        let mut pieces = nodes.split(|node| *node == Node::Star);
        if let (Some(head), Some(tail), None) = (pieces.next(), pieces.next(), pieces.next())
            && let Some((head, tail)) = literal(head).zip(literal(tail))
        {
            return Some(Self::Around(head, tail));
        }
        let mut regex = String::from("^");
        write_regex(nodes, &mut regex);
        regex.push('$');
        let machine = Machine::from_regex(&regex).map(|machine| Self::Machine(Box::new(machine)));
        machine.or_else(|| Stretches::new(nodes).map(Self::Stretches))
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(whole) => text == &**whole,
            Self::Around(head, tail) => {
                text.len() >= head.len() + tail.len()
                    && text.starts_with(&**head)
                    && text.ends_with(&**tail)
            }
            Self::Machine(machine) => machine.matches(text.bytes()),
            Self::Stretches(stretches) => stretches.matches(text, false),
        }
    }

    /// For ASCII text, not folded yet.
    fn matches_lowered(&self, text: &str) -> bool {
        let same = |text: &[u8], lit: &str| text.eq_ignore_ascii_case(lit.as_bytes());
        let bytes = text.as_bytes();
        match self {
            Self::Exact(whole) => same(bytes, whole),
            Self::Around(head, tail) => {
                bytes.split_at_checked(head.len()).is_some_and(|(first, rest)| {
                    let at = rest.len().checked_sub(tail.len());
                    same(first, head)
                        && at.and_then(|at| rest.get(at..)).is_some_and(|last| same(last, tail))
                })
            }
            Self::Machine(machine) => machine.matches(bytes.iter().map(u8::to_ascii_lowercase)),
            Self::Stretches(stretches) => stretches.matches(text, true),
        }
    }
}

/// The steps for folded text.
fn fold(nodes: &[Node]) -> Vec<Node> {
    let mut folded = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Literal(c) => folded.extend(lower(*c).nfc().map(Node::Literal)),
            Node::Class(class) => folded.push(Node::Class(fold_class(class))),
            Node::Alternatives(branches) => {
                folded
                    .push(Node::Alternatives(branches.iter().map(|branch| fold(branch)).collect()));
            }
            other => folded.push(other.clone()),
        }
    }
    folded
}

/// With the lower case of every member.
fn fold_class(class: &Class) -> Class {
    let mut ranges = class.ranges.clone();
    for (low, high) in &class.ranges {
        ranges.extend(lowered_within(*low, *high).map(|c| (c, c)));
    }
    Class { negated: class.negated, ranges }
}

fn lowered_within(low: char, high: char) -> impl Iterator<Item = char> {
    static PAIRS: OnceLock<Vec<(char, char)>> = OnceLock::new();
    let ascii: Vec<_> = ('A'..='Z').map(|c| (c, c.to_ascii_lowercase())).collect();
    let pairs = if high.is_ascii() { ascii } else { PAIRS.get_or_init(lower_pairs).clone() };
    pairs.into_iter().filter(move |(c, _)| (low..=high).contains(c)).map(|(_, lowered)| lowered)
}

/// Every character that lower-casing makes into one other.
fn lower_pairs() -> Vec<(char, char)> {
    let single = |c: char| {
        let mut lowered = lower(c);
        lowered
            .next()
            .filter(|first| lowered.next().is_none() && *first != c)
            .map(|first| (c, first))
    };
    // Beyond, there is no case.
    ('\0'..='\u{1FFFF}').filter_map(single).collect()
}

/// Writes the steps as a regular expression over UTF-8.
fn write_regex(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Literal(c) => write_char(*c, out),
            Node::Any => out.push('.'),
            // Whatever follows starts at a character of its own, so a run may be read byte by byte.
            Node::Star => out.push_str("(?-u:.)*"),
            Node::Slash => out.push('/'),
            Node::Class(class) => {
                out.push_str(if class.negated { "[^" } else { "[" });
                for (low, high) in &class.ranges {
                    write_char(*low, out);
                    out.push('-');
                    write_char(*high, out);
                }
                out.push(']');
            }
            Node::Alternatives(branches) => {
                for (at, branch) in branches.iter().enumerate() {
                    out.push_str(if at == 0 { "(?:" } else { "|" });
                    write_regex(branch, out);
                }
                out.push(')');
            }
        }
    }
}

fn write_char(c: char, out: &mut String) {
    out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
}
