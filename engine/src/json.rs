//! Strict JSON, exact: one immutable document per value, read in one pass.
//!
//! [`Json`] owns a document as a flat tape; [`Value`] and its parts are views into it, free to
//! copy. Numbers stay as written, so nothing is rounded; duplicate keys, lone surrogates, `NaN` and
//! everything else that two readers could understand differently are refused ([`JsonError`]).
//! [`Reader`] reads one object key by key, [`Builder`] and [`ToJson`] make documents without text.

use std::fmt;
use std::str::FromStr;

mod build;
mod cursor;
mod error;
mod keys;
mod member;
mod parse;
mod plain;
mod reader;
mod same;
mod string;
mod tape;
mod to_json;
mod view;
mod write;

pub use build::Builder;
pub use error::{BuildError, JsonError};
pub use reader::Reader;
pub use to_json::ToJson;
pub use view::{Kind, List, ListIter, NumberText, Object, ObjectIter, Value};

use cursor::Cursor;
use tape::Node;

/// How large a document may be; what goes beyond is refused with an error of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text; at most 2 GiB.
    pub bytes: usize,
    /// How deep lists and objects may nest; at most [`Limits::DEEPEST`].
    pub depth: usize,
    /// Values of all kinds, containers included.
    pub values: usize,
}

impl Limits {
    /// The greatest depth that can be set.
    pub const DEEPEST: usize = 256;

    /// What a tool call may be: 1 MiB, 64 deep, 100 000 values.
    pub const CALL: Self = Self { bytes: 1 << 20, depth: 64, values: 100_000 };

    /// What Fence itself may write: whole calls, and policies with all their files.
    pub const RECORD: Self = Self { bytes: 1 << 30, depth: Self::DEEPEST, values: 1 << 28 };
}

impl Default for Limits {
    /// 1 MiB, 64 deep, 100 000 values: what a tool call may be.
    fn default() -> Self {
        Self::CALL
    }
}

/// One JSON document, immutable. Equality is by value: the order of members and the spelling of
/// numbers do not matter.
#[derive(Clone)]
pub struct Json {
    /// Every text and number token of the nodes, among bytes that no node refers to.
    strings: String,
    /// The root first; never empty.
    nodes: Vec<Node>,
}

impl Json {
    /// Reads a document within the default [`Limits`].
    ///
    /// # Errors
    /// Whatever RFC 8259 does not allow, and besides: duplicate keys, lone surrogates, a byte order
    /// mark, anything beyond the limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        Self::parse_with(bytes, &Limits::default())
    }

    /// Reads a document within `limits`.
    ///
    /// # Errors
    /// As [`Json::parse`].
    pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Self, JsonError> {
        let mut cursor = Cursor::new(bytes, limits)?;
        let json = parse::document(&mut cursor)?;
        cursor.end()?;
        Ok(json)
    }

    /// A document of what `value` writes.
    ///
    /// # Errors
    /// [`BuildError`] where a [`ToJson`] of one's own does not write exactly one proper value.
    pub fn of(value: &(impl ToJson + ?Sized)) -> Result<Self, BuildError> {
        let mut builder = Builder::new();
        value.write_json(&mut builder);
        builder.finish()
    }

    /// `null`
    #[must_use]
    pub fn null() -> Self {
        Self { strings: String::new(), nodes: vec![Node::NULL] }
    }

    /// `{}`
    #[must_use]
    pub fn empty_object() -> Self {
        Self { strings: String::new(), nodes: vec![Node::EMPTY_OBJECT] }
    }

    /// The whole document.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        self.value(0)
    }
}

impl Default for Json {
    /// `null`
    fn default() -> Self {
        Self::null()
    }
}

impl FromStr for Json {
    type Err = JsonError;

    fn from_str(text: &str) -> Result<Self, JsonError> {
        Self::parse(text.as_bytes())
    }
}

impl From<Value<'_>> for Json {
    fn from(value: Value<'_>) -> Self {
        tape::copy(value)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.root(), f)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
