//! The tape: every value of a document in one flat list, a container before what it holds.

use super::Json;
use super::view::{Container, List, Object, Value};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    False,
    True,
    /// `from..to` in the strings: the token as written.
    Number,
    /// `from..to` in the strings.
    Text,
    /// `from..to` in the strings; its value is the next node.
    Key,
    /// While reading only, both resolved texts in a place of their own: see `parse`.
    LooseText,
    LooseKey,
    /// `from` items; the next node after the container is `to`.
    List,
    /// `from` members; the next node after the container is `to`.
    Object,
}

/// One entry of the tape. While a container is open, `to` is the container around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) tag: Tag,
    pub(super) from: u32,
    pub(super) to: u32,
}

/// The container around the root.
pub(super) const NOWHERE: u32 = u32::MAX;

impl Node {
    pub(super) const NULL: Self = Self { tag: Tag::Null, from: 0, to: 0 };
    pub(super) const EMPTY_OBJECT: Self = Self { tag: Tag::Object, from: 0, to: 1 };

    /// The node after the one at `at` and all it holds.
    pub(super) const fn next(self, at: usize) -> usize {
        match self.tag {
            Tag::List | Tag::Object => self.to as usize,
            _ => at + 1,
        }
    }

    pub(super) const fn range(self) -> std::ops::Range<usize> {
        self.from as usize..self.to as usize
    }
}

/// A position on the tape or in its strings. Limits keep both within 32 bits.
pub(super) fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NOWHERE)
}

impl Json {
    pub(super) fn node(&self, at: usize) -> Node {
        self.nodes.get(at).copied().unwrap_or(Node::NULL)
    }

    /// What a text, key or number node says.
    pub(super) fn string(&self, node: Node) -> &str {
        self.strings.get(node.range()).unwrap_or_default()
    }
}

/// `value` as a document of its own.
pub(super) fn copy(value: Value<'_>) -> Json {
    match value {
        Value::List(List(container)) | Value::Object(Object(container)) => {
            copy_container(container)
        }
        scalar => Json::of(&scalar).unwrap_or_default(),
    }
}

fn copy_container(Container { json, at, node }: Container<'_>) -> Json {
    let end = node.to as usize;
    let mut copy = Json { strings: String::new(), nodes: Vec::with_capacity(end - at) };
    for index in at..end {
        let node = json.node(index);
        let node = match node.tag {
            Tag::Null | Tag::False | Tag::True => node,
            Tag::List | Tag::Object => Node { to: node.to - small(at), ..node },
            tag => {
                let from = small(copy.strings.len());
                copy.strings.push_str(json.string(node));
                Node { tag, from, to: small(copy.strings.len()) }
            }
        };
        copy.nodes.push(node);
    }
    copy
}
