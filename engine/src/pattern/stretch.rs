//! Patterns over texts whose automaton would be too large: stretches of steps between runs, each found leftmost.

use super::expand::expand;
use super::syntax::Node;

/// The alternatives of a pattern, each without alternatives of its own.
///
/// Takes at most the text's length times the longest stretch's, and does not allocate.
#[derive(Clone, Debug)]
pub(super) struct Stretches(Box<[Box<[Node]>]>);

impl Stretches {
    /// `None` if the alternatives are too many.
    pub(super) fn new(nodes: &[Node]) -> Option<Self> {
        let alternatives = expand(nodes)?.into_iter();
        Some(Self(alternatives.map(|nodes| nodes.into_iter().cloned().collect()).collect()))
    }

    /// Whether the whole text matches one of them, its ASCII letters made lower-case if asked to.
    pub(super) fn matches(&self, text: &str, lower: bool) -> bool {
        self.0.iter().any(|nodes| matches(nodes, text, lower))
    }
}

fn matches(nodes: &[Node], text: &str, lower: bool) -> bool {
    let (mut rest, mut steps) = (text.chars(), nodes);
    let mut retry = None;
    loop {
        let mut ahead = rest.clone();
        let next = ahead.next().map(|c| if lower { c.to_ascii_lowercase() } else { c });
        match (steps.split_first(), next) {
            (Some((Node::Star, tail)), _) => {
                steps = tail;
                retry = Some((rest.clone(), tail));
            }
            (None, None) => return true,
            (Some((step, tail)), Some(c)) if accepts(step, c) => (rest, steps) = (ahead, tail),
            // The text has ended: starting later leaves even less of it.
            (Some(_), None) => return false,
            _ => {
                let Some((mut from, tail)) = retry else { return false };
                from.next();
                (rest, steps) = (from.clone(), tail);
                retry = Some((from, tail));
            }
        }
    }
}

fn accepts(step: &Node, c: char) -> bool {
    match step {
        Node::Literal(own) => *own == c,
        Node::Any => true,
        Node::Class(class) => {
            class.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != class.negated
        }
        Node::Star | Node::Slash | Node::Alternatives(_) => false,
    }
}
