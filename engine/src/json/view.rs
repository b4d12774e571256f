//! Views into a document: free to copy, nothing is read or allocated before it is asked for.

use super::Json;
use super::tape::{Node, Tag};
use crate::number::{Number, NumberError};

/// One value of a document.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as written.
    Number(NumberText<'a>),
    /// A text, escapes resolved.
    Text(&'a str),
    /// A list.
    List(List<'a>),
    /// An object.
    Object(Object<'a>),
}

/// The six kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Kind {
    /// The kind in a sentence: `null`, `true or false`, `a number`, `a text`, `a list`, `an object`.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

impl Json {
    pub(super) fn value(&self, at: usize) -> Value<'_> {
        let node = self.node(at);
        match node.tag {
            Tag::Null => Value::Null,
            Tag::False => Value::Bool(false),
            Tag::True => Value::Bool(true),
            Tag::Number => Value::Number(NumberText { token: self.string(node) }),
            Tag::Text | Tag::Key | Tag::LooseText | Tag::LooseKey => Value::Text(self.string(node)),
            Tag::List => Value::List(List(Container { json: self, at, node })),
            Tag::Object => Value::Object(Object(Container { json: self, at, node })),
        }
    }
}

impl<'a> Value<'a> {
    /// What kind of value it is.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Object(_) => Kind::Object,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub const fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number, if it is one within the range of [`Number`].
    #[must_use]
    pub fn as_number(self) -> Option<Number> {
        match self {
            Self::Number(text) => text.number().ok(),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub const fn as_text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub const fn as_list(self) -> Option<List<'a>> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub const fn as_object(self) -> Option<Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The member `key`, if this is an object that has one.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.as_object()?.get(key)
    }
}

/// A number as written in the document: a valid JSON token of any size.
#[derive(Clone, Copy)]
pub struct NumberText<'a> {
    token: &'a str,
}

impl<'a> NumberText<'a> {
    /// The token.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.token
    }

    /// The exact value.
    ///
    /// # Errors
    /// [`NumberError::OutOfRange`] where a [`Number`] cannot hold it.
    pub fn number(self) -> Result<Number, NumberError> {
        Number::parse(self.token)
    }
}

/// A list or object on the tape.
#[derive(Clone, Copy)]
pub(super) struct Container<'a> {
    pub(super) json: &'a Json,
    pub(super) at: usize,
    pub(super) node: Node,
}

impl Container<'_> {
    const fn len(self) -> usize {
        self.node.from as usize
    }
}

/// A list.
#[derive(Clone, Copy)]
pub struct List<'a>(pub(super) Container<'a>);

impl<'a> List<'a> {
    /// The number of items.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are no items.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The items in order.
    #[must_use]
    pub const fn iter(self) -> ListIter<'a> {
        ListIter { json: self.0.json, at: self.0.at + 1, left: self.len() }
    }

    /// The item at `index`, counted from 0; passes those before it.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index)
    }
}

impl<'a> IntoIterator for List<'a> {
    type Item = Value<'a>;
    type IntoIter = ListIter<'a>;

    fn into_iter(self) -> ListIter<'a> {
        self.iter()
    }
}

/// The items of a list.
#[derive(Clone)]
pub struct ListIter<'a> {
    json: &'a Json,
    at: usize,
    left: usize,
}

impl<'a> Iterator for ListIter<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let item = self.json.value(self.at);
        self.at = self.json.node(self.at).next(self.at);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for ListIter<'_> {}

/// An object; no key stands twice.
#[derive(Clone, Copy)]
pub struct Object<'a>(pub(super) Container<'a>);

impl<'a> Object<'a> {
    /// The number of members.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Keys and values in the order written.
    #[must_use]
    pub const fn iter(self) -> ObjectIter<'a> {
        ObjectIter { json: self.0.json, at: self.0.at + 1, left: self.len() }
    }

    /// The value of `key`; compares it with the keys one by one, exactly.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.position(key).map(|at| self.0.json.value(at))
    }

    /// Where on the tape the value of `key` is.
    pub(super) fn position(self, key: &str) -> Option<usize> {
        let Container { json, at, node } = self.0;
        let mut at = at + 1;
        while at < node.to as usize {
            if json.string(json.node(at)) == key {
                return Some(at + 1);
            }
            at = json.node(at + 1).next(at + 1);
        }
        None
    }
}

impl<'a> IntoIterator for Object<'a> {
    type Item = (&'a str, Value<'a>);
    type IntoIter = ObjectIter<'a>;

    fn into_iter(self) -> ObjectIter<'a> {
        self.iter()
    }
}

/// The members of an object.
#[derive(Clone)]
pub struct ObjectIter<'a> {
    json: &'a Json,
    at: usize,
    left: usize,
}

impl<'a> Iterator for ObjectIter<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let key = self.json.string(self.json.node(self.at));
        let value = self.json.value(self.at + 1);
        self.at = self.json.node(self.at + 1).next(self.at + 1);
        Some((key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for ObjectIter<'_> {}
