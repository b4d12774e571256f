//! A pattern for the server's or the tool's part of a name, alternatives included.

use std::ops::Range;
use std::sync::Arc;

use super::error::{PatternError, PatternErrorKind as Kind};
use super::expand::expand;
use super::machine::Machine;
use super::name::MAX_PART;
use super::shape::Shape;
use super::syntax::Node;

/// A compiled part.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// No alternatives.
    One(Shape),
    /// A few, written out.
    Few(Box<[Shape]>),
    /// Too many to write out.
    Many(Box<Many>),
}

/// A part with many alternatives.
#[derive(Clone, Debug)]
pub(super) struct Many {
    /// The same with `*` for each group of alternatives: matches at least as much.
    skeleton: Shape,
    sample: String,
    exact: Arc<Machine>,
    any_case: Arc<Machine>,
}

impl Part {
    /// The shortest way for most patterns: name characters and at most one `*`.
    pub(super) fn plain(text: &str) -> Option<Self> {
        Shape::plain(text).map(Self::One)
    }

    /// Compiles a part's steps; `range` is where they stand.
    pub(super) fn new(nodes: &[Node], range: Range<usize>) -> Result<Self, PatternError> {
        let cannot_match = |why| PatternError::new(range.clone(), Kind::CannotMatch { why });
        check_length(nodes).map_err(cannot_match)?;
        if let Some(shape) = Shape::new(nodes) {
            return Ok(Self::One(shape));
        }
        let steps = sample_steps(nodes).unwrap_or_default();
        check_length(steps.iter().copied()).map_err(cannot_match)?;
        let part = Self::few(nodes).or_else(|| Self::many(nodes, Shape::new(steps)?.sample()));
        part.ok_or_else(|| PatternError::new(range, Kind::TooLarge))
    }

    fn few(nodes: &[Node]) -> Option<Self> {
        let alternatives = expand(nodes)?.into_iter();
        let possible = alternatives.filter(|nodes| check_length(nodes.iter().copied()).is_ok());
        possible.map(Shape::new).collect::<Option<_>>().map(Self::Few)
    }

    fn many(nodes: &[Node], sample: String) -> Option<Self> {
        let star = Node::Star;
        let stripped = nodes
            .iter()
            .map(|node| if matches!(node, Node::Alternatives(_)) { &star } else { node });
        let skeleton = Shape::new(stripped).unwrap_or(Shape::Any);
        let exact = Arc::new(Machine::for_names(nodes, false)?);
        let any_case = Arc::new(Machine::for_names(nodes, true)?);
        Some(Self::Many(Box::new(Many { skeleton, sample, exact, any_case })))
    }

    /// Whether the part of a name matches, ignoring case if asked to.
    pub(super) fn matches(&self, part: &str, ignore_case: bool) -> bool {
        match self {
            Self::One(shape) => shape.matches(part, ignore_case),
            Self::Few(shapes) => shapes.iter().any(|shape| shape.matches(part, ignore_case)),
            Self::Many(many) if ignore_case => many.any_case.matches(part.bytes()),
            Self::Many(many) => many.exact.matches(part.bytes()),
        }
    }

    /// Its alternatives, and whether they say all; otherwise they match at least as much.
    pub(super) fn shapes(&self) -> (&[Shape], bool) {
        match self {
            Self::One(shape) => (std::slice::from_ref(shape), true),
            Self::Few(shapes) => (shapes, true),
            Self::Many(many) => (std::slice::from_ref(&many.skeleton), false),
        }
    }

    /// The whole text, if there is no wildcard.
    pub(super) fn as_literal(&self) -> Option<&str> {
        if let Self::One(shape) = self { shape.as_literal() } else { None }
    }

    /// Something that it matches.
    pub(super) fn sample(&self) -> String {
        match self {
            Self::One(shape) => shape.sample(),
            Self::Few(shapes) => shapes.iter().map(Shape::sample).next().unwrap_or_default(),
            Self::Many(many) => many.sample.clone(),
        }
    }
}

/// The least and the most characters that the steps match; the most is capped.
fn lengths<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> (usize, usize) {
    nodes.into_iter().fold((0, 0), |(least, most), node| {
        let (low, high) = match node {
            Node::Star => (0, usize::MAX),
            Node::Alternatives(branches) => branches
                .iter()
                .map(lengths)
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                .unwrap_or_default(),
            Node::Literal(_) | Node::Any | Node::Class(_) | Node::Slash => (1, 1),
        };
        (least.saturating_add(low), most.saturating_add(high))
    })
}

/// Whether some name is long and short enough.
fn check_length<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Result<(), &'static str> {
    match lengths(nodes) {
        (_, 0) => Err("it stands for nothing at all"),
        (least, _) if least > MAX_PART => Err("it is longer than the 128 characters of a name"),
        _ => Ok(()),
    }
}

/// The shortest way through the steps that is not empty.
fn sample_steps(nodes: &[Node]) -> Option<Vec<&Node>> {
    let steps = shortest(nodes);
    if lengths(steps.iter().copied()).1 > 0 {
        return Some(steps);
    }
    // All can be left out, so one piece alone will do.
    let branches = nodes.iter().flat_map(|node| match node {
        Node::Alternatives(branches) => &branches[..],
        _ => &[],
    });
    branches
        .filter_map(|branch| sample_steps(branch))
        .min_by_key(|steps| lengths(steps.iter().copied()).0)
}

/// The steps with the shortest branch of each group.
fn shortest(nodes: &[Node]) -> Vec<&Node> {
    nodes.iter().fold(Vec::new(), |mut steps, node| {
        match node {
            Node::Alternatives(branches) => {
                let branch = branches.iter().min_by_key(|branch| lengths(*branch).0);
                steps.extend(branch.map(|branch| shortest(branch)).unwrap_or_default());
            }
            node => steps.push(node),
        }
        steps
    })
}
