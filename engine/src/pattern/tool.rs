//! Patterns over tools' and agents' names.

use super::error::{PatternError, PatternErrorKind as Kind};
use super::name::Name;
use super::part::Part;
use super::shape::Shape;
use super::syntax::{self, Dialect, Node};

/// The longest pattern over names, in bytes.
const MAX_TEXT: usize = 1024;

/// A pattern over tools, such as `email_*`, `mail/*` or `{read,list}_[a-m]*`.
///
/// `*` (also `**`) is any run of characters, `?` one, `[a-z]` and `[!a-z]` one of a class, `{a,b}` alternatives,
/// also empty ones. The server's and the tool's part are matched apart, so no wildcard reaches across `/`; this
/// fences in globset's habits of letting `**` and classes match `/`, of hiding `/` in braces, and of dropping
/// empty alternatives.
#[derive(Clone, Debug)]
pub struct NamePattern {
    text: Box<str>,
    server: Option<Part>,
    tool: Part,
}

impl NamePattern {
    /// Reads and compiles a pattern.
    ///
    /// # Errors
    ///
    /// Whatever [`PatternErrorKind`](super::PatternErrorKind) lists, with the bytes it concerns.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if let Some(plain) = Self::plain(text) {
            return Ok(plain);
        }
        let nodes = read(text)?;
        let slash = nodes.iter().position(|node| *node == Node::Slash);
        let Some(((server, tool), at)) =
            slash.and_then(|at| nodes.split_at_checked(at)).zip(text.find('/'))
        else {
            return Ok(Self {
                text: text.into(),
                server: None,
                tool: Part::new(&nodes, 0..text.len())?,
            });
        };
        let tool = tool.get(1..).unwrap_or_default();
        if server.is_empty() || tool.is_empty() {
            return Err(PatternError::new(at..at + 1, Kind::EmptyPart));
        }
        let server = Part::new(server, 0..at)?;
        Ok(Self {
            text: text.into(),
            server: Some(server),
            tool: Part::new(tool, at + 1..text.len())?,
        })
    }

    fn plain(text: &str) -> Option<Self> {
        let (server, tool) =
            text.split_once('/').map_or((None, text), |(server, tool)| (Some(server), tool));
        let server = match server {
            Some(server) => Some(Part::plain(server)?),
            None => None,
        };
        Some(Self { text: text.into(), server, tool: Part::plain(tool)? })
    }

    /// Whether a rule that tightens the policy (`deny`, `ask`, `except` in an `allow`) speaks of this tool.
    ///
    /// Case is ignored. Without `/` the pattern stands for any server or none. Everything that
    /// [`matches_loosening`](Self::matches_loosening) matches is matched here too.
    #[must_use]
    pub fn matches_tightening(&self, name: &Name<'_>) -> bool {
        let server_matches = match (&self.server, name.server()) {
            (None, _) => true,
            (Some(pattern), Some(server)) => pattern.matches(server, true),
            (Some(_), None) => false,
        };
        server_matches && self.tool.matches(name.tool(), true)
    }

    /// Whether a rule that loosens the policy (`allow`, `except` in a `deny` or `ask`) speaks of this tool.
    ///
    /// Case counts. Without `/` the pattern stands for tools without a server only; `*/x` is `x` on any server.
    #[must_use]
    pub fn matches_loosening(&self, name: &Name<'_>) -> bool {
        let server_matches = match (&self.server, name.server()) {
            (None, None) => true,
            (Some(pattern), Some(server)) => pattern.matches(server, false),
            _ => false,
        };
        server_matches && self.tool.matches(name.tool(), false)
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a server is written.
    #[must_use]
    pub fn has_server(&self) -> bool {
        self.server.is_some()
    }

    /// The one name it stands for, if it has no wildcards.
    #[must_use]
    pub fn is_literal(&self) -> Option<&str> {
        let literal = |part: &Part| part.as_literal().is_some();
        (literal(&self.tool) && self.server.as_ref().is_none_or(literal)).then_some(&*self.text)
    }

    /// A name that it matches, tightening or loosening.
    #[must_use]
    pub fn sample(&self) -> String {
        match &self.server {
            Some(server) => format!("{}/{}", server.sample(), self.tool.sample()),
            None => self.tool.sample(),
        }
    }

    /// Whether this pattern, tightening, matches every name that `other` matches either way; `None` if not known.
    ///
    /// For lints. `Some(false)` comes with proof: [`sample`](Self::sample) of `other` is not matched.
    #[must_use]
    pub fn covers(&self, other: &Self) -> Option<bool> {
        let sample = other.sample();
        if !Name::parse(&sample).is_ok_and(|name| self.matches_tightening(&name)) {
            return Some(false);
        }
        let server_covers = match (&self.server, &other.server) {
            (None, _) => true,
            (Some(mine), Some(theirs)) => part_covers(mine, theirs),
            (Some(_), None) => return Some(false),
        };
        (server_covers && part_covers(&self.tool, &other.tool)).then_some(true)
    }

    /// Whether some name is matched by both, tightening; `None` if not known.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> Option<bool> {
        let meets = |a: &Self, b: &Self| {
            Name::parse(&a.sample())
                .is_ok_and(|name| a.matches_tightening(&name) && b.matches_tightening(&name))
        };
        if meets(self, other) || meets(other, self) {
            return Some(true);
        }
        let parts = self
            .server
            .as_ref()
            .zip(other.server.as_ref())
            .into_iter()
            .chain([(&self.tool, &other.tool)]);
        parts.into_iter().any(|(mine, theirs)| parts_apart(mine, theirs)).then_some(false)
    }

    /// The patterns for server and tool.
    pub(super) fn parts(&self) -> (Option<&Part>, &Part) {
        (self.server.as_ref(), &self.tool)
    }
}

/// A pattern over agents' ids, such as `content-*`: case ignored, no `/`.
#[derive(Clone, Debug)]
pub struct AgentPattern {
    text: Box<str>,
    part: Part,
}

impl AgentPattern {
    /// Reads and compiles a pattern.
    ///
    /// # Errors
    ///
    /// As [`NamePattern::parse`], and for a `/`.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let nodes = read(text)?;
        if let (true, Some(at)) = (nodes.contains(&Node::Slash), text.find('/')) {
            return Err(PatternError::new(at..at + 1, Kind::SlashInAgent));
        }
        Ok(Self { text: text.into(), part: Part::new(&nodes, 0..text.len())? })
    }

    /// Whether it speaks of this agent; the id has passed [`is_id`](super::is_id).
    #[must_use]
    pub fn matches(&self, id: &str) -> bool {
        self.part.matches(id, true)
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn read(text: &str) -> Result<Vec<Node>, PatternError> {
    match text.len() {
        0 => Err(PatternError::new(0..0, Kind::Empty)),
        1..=MAX_TEXT => syntax::parse(text, Dialect::Name),
        length => Err(PatternError::new(0..length, Kind::TooLong { limit: MAX_TEXT, length })),
    }
}

/// Whether, case ignored, everything that `theirs` matches is surely matched by `mine`.
fn part_covers(mine: &Part, theirs: &Part) -> bool {
    let (shapes, whole) = mine.shapes();
    let (others, _) = theirs.shapes();
    others.iter().all(|other| {
        other.as_literal().is_some_and(|lit| mine.matches(lit, true))
            || (whole && shapes.iter().any(|shape| shape_covers(shape, other)))
    })
}

fn shape_covers(mine: &Shape, theirs: &Shape) -> bool {
    let starts = |lit: &str| lit.bytes().eq(head(theirs).iter().copied().take(lit.len()));
    let ends = |lit: &str| lit.bytes().rev().eq(tail(theirs).iter().rev().copied().take(lit.len()));
    match mine {
        Shape::Any => true,
        Shape::Prefix(lit) => starts(&lit.to_ascii_lowercase()),
        Shape::Suffix(lit) => ends(&lit.to_ascii_lowercase()),
        Shape::Around(first, last) => {
            let apart = matches!(theirs, Shape::Around(..))
                || head(theirs).len() >= first.len() + last.len();
            apart && starts(&first.to_ascii_lowercase()) && ends(&last.to_ascii_lowercase())
        }
        Shape::Exact(_) | Shape::Glob(_) => mine == theirs,
    }
}

/// Whether the parts surely share nothing: fixed beginnings or ends that differ.
fn parts_apart(mine: &Part, theirs: &Part) -> bool {
    let differ = |a: Vec<u8>, b: Vec<u8>| a.iter().zip(&b).any(|(a, b)| a != b);
    let reversed = |mut bytes: Vec<u8>| {
        bytes.reverse();
        bytes
    };
    mine.shapes().0.iter().all(|a| {
        theirs.shapes().0.iter().all(|b| {
            differ(head(a), head(b))
                || differ(reversed(tail(a)), reversed(tail(b)))
                || a.as_literal()
                    .zip(b.as_literal())
                    .is_some_and(|(a, b)| !a.eq_ignore_ascii_case(b))
        })
    })
}

/// The folded literal that a match begins with.
fn head(shape: &Shape) -> Vec<u8> {
    let mut code = Vec::new();
    shape.push_code(&mut code);
    let length = code.iter().position(|op| !op.is_ascii()).unwrap_or(code.len());
    code.truncate(length);
    code.make_ascii_lowercase();
    code
}

/// The folded literal that a match ends with.
fn tail(shape: &Shape) -> Vec<u8> {
    let mut code = Vec::new();
    shape.push_code(&mut code);
    let from = code.iter().rposition(|op| !op.is_ascii()).map_or(0, |at| at + 1);
    code.drain(..from);
    code.make_ascii_lowercase();
    code
}
