//! Documents made without text, pushed piece by piece.

use std::fmt::{self, Write as _};

use super::tape::{NOWHERE, Node, Tag, small};
use super::view::Value;
use super::{BuildError, Json, Limits, keys};
use crate::number::Number;

/// Makes a document from pieces in the order in which its text would have them.
///
/// Mistakes (a key without a value, a duplicate key, too deep) are remembered and reported by
/// [`Builder::finish`], so the pushing itself needs no checks.
///
/// ```
/// use fence_engine::json::Builder;
///
/// let mut builder = Builder::new();
/// builder.begin_object();
/// builder.key("to");
/// builder.begin_list();
/// builder.text("x@list.test");
/// builder.end_list();
/// builder.end_object();
/// assert_eq!(builder.finish()?.to_string(), r#"{"to":["x@list.test"]}"#);
/// # Ok::<(), fence_engine::json::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    strings: String,
    nodes: Vec<Node>,
    open: u32,
    depth: usize,
    limits: Limits,
    problem: Option<BuildError>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Nothing pushed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self::within(Limits::CALL)
    }

    /// Nothing pushed yet, towards a document of at most this size.
    #[must_use]
    pub const fn within(limits: Limits) -> Self {
        Self {
            strings: String::new(),
            nodes: Vec::new(),
            open: NOWHERE,
            depth: 0,
            limits,
            problem: None,
        }
    }

    /// Continues inside the object that `json` is, behind its last member.
    pub(super) fn reopen(json: Json) -> Self {
        let mut builder = Self::new();
        Json { strings: builder.strings, nodes: builder.nodes } = json;
        match builder.nodes.first_mut() {
            Some(root) if root.tag == Tag::Object => {
                root.to = NOWHERE;
                (builder.open, builder.depth) = (0, 1);
            }
            _ => builder.fail(BuildError::NotAnObject),
        }
        builder
    }

    /// The first mistake is the one to report.
    fn fail(&mut self, problem: BuildError) {
        self.problem.get_or_insert(problem);
    }

    /// Pushes `null`.
    pub fn null(&mut self) {
        self.leaf(Node::NULL);
    }

    /// Pushes `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        let tag = if value { Tag::True } else { Tag::False };
        self.leaf(Node { tag, ..Node::NULL });
    }

    /// Pushes a number.
    pub fn number(&mut self, number: Number) {
        self.number_token(number);
    }

    /// Pushes a number whose text is a JSON number token.
    pub(super) fn number_token(&mut self, token: impl fmt::Display) {
        let from = self.strings.len();
        // Writing to a text cannot fail.
        let _ = write!(self.strings, "{token}");
        self.leaf(self.since(from, Tag::Number));
    }

    /// Pushes a text.
    pub fn text(&mut self, text: &str) {
        let from = self.strings.len();
        self.strings.push_str(text);
        self.leaf(self.since(from, Tag::Text));
    }

    /// Opens a list; its items follow.
    pub fn begin_list(&mut self) {
        self.begin(Tag::List);
    }

    /// Closes the list.
    pub fn end_list(&mut self) {
        self.end(Tag::List);
    }

    /// Opens an object; pairs of a key and a value follow.
    pub fn begin_object(&mut self) {
        self.begin(Tag::Object);
    }

    /// Pushes the key of the next value.
    pub fn key(&mut self, key: &str) {
        if self.innermost() != Some(Tag::Object) || self.after_key() {
            return self.fail(BuildError::Unbalanced);
        }
        let from = self.strings.len();
        self.strings.push_str(key);
        self.nodes.push(self.since(from, Tag::Key));
    }

    /// Closes the object.
    pub fn end_object(&mut self) {
        self.end(Tag::Object);
    }

    /// Pushes a copy of `value`, whatever it holds.
    pub fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(value),
            Value::Number(token) => self.number_token(token.as_str()),
            Value::Text(text) => self.text(text),
            Value::List(list) => {
                self.begin_list();
                list.iter().for_each(|item| self.value(item));
                self.end_list();
            }
            Value::Object(object) => {
                self.begin_object();
                for (key, value) in object {
                    self.key(key);
                    self.value(value);
                }
                self.end_object();
            }
        }
    }

    /// The document.
    ///
    /// # Errors
    /// The first mistake, or a document beyond its [`Limits`].
    pub fn finish(self) -> Result<Json, BuildError> {
        let limits = self.limits;
        match self.problem {
            Some(problem) => Err(problem),
            None if self.open != NOWHERE || self.nodes.is_empty() => Err(BuildError::Unbalanced),
            None if self.strings.len() > limits.bytes || self.nodes.len() > 2 * limits.values => {
                Err(BuildError::TooLarge)
            }
            None => Ok(Json { strings: self.strings, nodes: self.nodes }),
        }
    }

    fn since(&self, from: usize, tag: Tag) -> Node {
        Node { tag, from: small(from), to: small(self.strings.len()) }
    }

    fn innermost(&self) -> Option<Tag> {
        self.nodes.get(self.open as usize).map(|node| node.tag)
    }

    fn after_key(&self) -> bool {
        self.nodes.last().is_some_and(|node| node.tag == Tag::Key)
    }

    /// Pushes the first node of a value, where one may stand.
    fn leaf(&mut self, node: Node) {
        let fits = match self.innermost() {
            None => self.nodes.is_empty(),
            Some(Tag::Object) => self.after_key(),
            Some(_) => true,
        };
        if !fits {
            return self.fail(BuildError::Unbalanced);
        }
        if let Some(container) = self.nodes.get_mut(self.open as usize) {
            container.from += 1;
        }
        self.nodes.push(node);
    }

    fn begin(&mut self, tag: Tag) {
        if self.depth >= self.limits.depth {
            return self.fail(BuildError::TooDeep);
        }
        let at = small(self.nodes.len());
        self.leaf(Node { tag, from: 0, to: self.open });
        (self.open, self.depth) = (at, self.depth + 1);
    }

    fn end(&mut self, tag: Tag) {
        if self.problem.is_some() || self.innermost() != Some(tag) || self.after_key() {
            return self.fail(BuildError::Unbalanced);
        }
        let (at, end) = (self.open as usize, small(self.nodes.len()));
        if tag == Tag::Object {
            self.refuse_repeated(at);
        }
        let node = &mut self.nodes[at];
        self.open = node.to;
        node.to = end;
        self.depth -= 1;
    }

    fn refuse_repeated(&mut self, object: usize) {
        let text = |node: Node| self.strings.get(node.range()).unwrap_or_default();
        if let Some(at) = keys::repeated(&self.nodes, object, |node| text(node).as_bytes()) {
            let key = text(self.nodes[at]).to_owned();
            self.fail(BuildError::DuplicateKey { key });
        }
    }
}
