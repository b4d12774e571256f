//! A pattern for one part of a name, without alternatives: the small forms that nearly all patterns have.
//!
//! None of them allocates to match. The longest form takes at most its length times the name's, both at most 128.

use super::alphabet::{Set, name_byte};
use super::name::{MAX_PART, is_id};
use super::syntax::Node;

/// In a pattern's code: any run of characters. Name characters stand for themselves.
pub(super) const STAR: u8 = 0x80;
/// In a pattern's code: any one character.
pub(super) const ANY: u8 = 0x81;
/// In a pattern's code: the first of the character sets.
const FIRST_SET: u8 = 0x82;

/// A compiled pattern for the server's or the tool's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `*`
    Any,
    /// No wildcard.
    Exact(Box<str>),
    /// `lit*`
    Prefix(Box<str>),
    /// `*lit`
    Suffix(Box<str>),
    /// `lit*lit`
    Around(Box<str>, Box<str>),
    /// All else.
    Glob(Box<Glob>),
}

/// Any sequence of characters, sets and runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    code: Box<[u8]>,
    /// For each set: as written, and with case ignored.
    sets: Box<[(Set, Set)]>,
}

impl Shape {
    /// The shortest way for most patterns: name characters and at most one `*`.
    pub(super) fn plain(text: &str) -> Option<Self> {
        let Some((head, tail)) = text.split_once('*') else {
            return is_id(text).then(|| Self::Exact(text.into()));
        };
        let fixed = |text: &str| text.is_empty() || is_id(text);
        if head.len() + tail.len() > MAX_PART || !fixed(head) || !fixed(tail) {
            return None;
        }
        Some(match (head.is_empty(), tail.is_empty()) {
            (true, true) => Self::Any,
            (false, true) => Self::Prefix(head.into()),
            (true, false) => Self::Suffix(tail.into()),
            (false, false) => Self::Around(head.into(), tail.into()),
        })
    }

    /// Compiles steps without alternatives; `None` if they hold more different sets than there are codes.
    pub(super) fn new<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Option<Self> {
        let (mut code, mut sets) = (Vec::new(), Vec::new());
        for node in nodes {
            let op = match node {
                Node::Literal(c) => name_byte(*c)?,
                Node::Any => ANY,
                Node::Star if code.last() == Some(&STAR) => continue,
                Node::Star => STAR,
                Node::Class(class) => {
                    let exact = Set::new(class.negated, &class.ranges);
                    set_code(&mut sets, (exact, generous(exact, class.negated)))?
                }
                Node::Alternatives(_) | Node::Slash => return None,
            };
            code.push(op);
        }
        Some(Self::from_code(&code, &sets))
    }

    fn from_code(code: &[u8], sets: &[(Set, Set)]) -> Self {
        let literal = |bytes: &[u8]| {
            std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()).map(Box::from)
        };
        let mut stars = code.iter().enumerate().filter(|(_, op)| **op == STAR).map(|(at, _)| at);
        let simple = match (stars.next(), stars.next()) {
            (None, _) => literal(code).map(Self::Exact),
            (Some(_), None) if code.len() == 1 => Some(Self::Any),
            (Some(0), None) => literal(&code[1..]).map(Self::Suffix),
            (Some(at), None) if at + 1 == code.len() => literal(&code[..at]).map(Self::Prefix),
            (Some(at), None) => literal(&code[..at])
                .zip(literal(&code[at + 1..]))
                .map(|(head, tail)| Self::Around(head, tail)),
            _ => None,
        };
        simple
            .unwrap_or_else(|| Self::Glob(Box::new(Glob { code: code.into(), sets: sets.into() })))
    }

    /// Whether the part matches, ignoring case if asked to.
    pub(super) fn matches(&self, part: &str, ignore_case: bool) -> bool {
        let part = part.as_bytes();
        let same = |a: &[u8], b: &str| {
            if ignore_case { a.eq_ignore_ascii_case(b.as_bytes()) } else { a == b.as_bytes() }
        };
        let starts = |lit: &str| part.get(..lit.len()).is_some_and(|head| same(head, lit));
        let ends =
            |lit: &str| part.len().checked_sub(lit.len()).is_some_and(|at| same(&part[at..], lit));
        match self {
            Self::Any => true,
            Self::Exact(lit) => same(part, lit),
            Self::Prefix(lit) => starts(lit),
            Self::Suffix(lit) => ends(lit),
            Self::Around(head, tail) => {
                part.len() >= head.len() + tail.len() && starts(head) && ends(tail)
            }
            Self::Glob(glob) => glob.matches(part, ignore_case),
        }
    }

    /// Appends the pattern's code: name characters, [`STAR`], and anything above it for one character.
    pub(super) fn push_code(&self, code: &mut Vec<u8>) {
        match self {
            Self::Any => code.push(STAR),
            Self::Exact(lit) => code.extend_from_slice(lit.as_bytes()),
            Self::Prefix(lit) => code.extend(lit.bytes().chain([STAR])),
            Self::Suffix(lit) => code.extend([STAR].into_iter().chain(lit.bytes())),
            Self::Around(head, tail) => code.extend(head.bytes().chain([STAR]).chain(tail.bytes())),
            Self::Glob(glob) => code.extend_from_slice(&glob.code),
        }
    }

    /// The whole text, if there is no wildcard.
    pub(super) fn as_literal(&self) -> Option<&str> {
        match self {
            Self::Exact(lit) => Some(lit),
            _ => None,
        }
    }

    /// Something that it matches.
    pub(super) fn sample(&self) -> String {
        let mut code = Vec::new();
        self.push_code(&mut code);
        let sets = if let Self::Glob(glob) = self { &glob.sets[..] } else { &[] };
        let one = |op: &u8| match *op {
            STAR => None,
            ANY => Some('x'),
            op if op < STAR => Some(char::from(op)),
            op => sets
                .get(usize::from(op - FIRST_SET))
                .and_then(|(set, _)| set.bytes().last())
                .map(char::from),
        };
        let sample: String = code.iter().filter_map(one).collect();
        if sample.is_empty() { "x".to_owned() } else { sample }
    }
}

/// A set read with case ignored. Ignoring case adds characters and never takes any away: `[!a]` leaves out `a` alone.
pub(super) fn generous(exact: Set, negated: bool) -> Set {
    if negated { exact } else { exact.any_case() }
}

fn set_code(sets: &mut Vec<(Set, Set)>, set: (Set, Set)) -> Option<u8> {
    let at = sets.iter().position(|known| *known == set).unwrap_or_else(|| {
        sets.push(set);
        sets.len() - 1
    });
    u8::try_from(at).ok()?.checked_add(FIRST_SET)
}

impl Glob {
    /// Leftmost match of each stretch between runs; only the last run is ever tried again.
    fn matches(&self, part: &[u8], ignore_case: bool) -> bool {
        let (mut at, mut op_at) = (0, 0);
        let mut retry = None;
        while let Some(&byte) = part.get(at) {
            match self.code.get(op_at) {
                Some(&STAR) => {
                    op_at += 1;
                    retry = Some((at, op_at));
                }
                Some(&op) if self.accepts(op, byte, ignore_case) => {
                    at += 1;
                    op_at += 1;
                }
                _ => {
                    let Some((from, op)) = retry else { return false };
                    (at, op_at) = (from + 1, op);
                    retry = Some((at, op));
                }
            }
        }
        self.code[op_at..].iter().all(|op| *op == STAR)
    }

    fn accepts(&self, op: u8, byte: u8, ignore_case: bool) -> bool {
        if op < STAR {
            return op == byte || (ignore_case && op.eq_ignore_ascii_case(&byte));
        }
        op == ANY
            || self.sets.get(usize::from(op.wrapping_sub(FIRST_SET))).is_some_and(
                |(exact, any_case)| if ignore_case { any_case } else { exact }.contains(byte),
            )
    }
}
