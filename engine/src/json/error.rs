//! Why a document is refused, in plain words and with its place.

/// Why bytes are not an acceptable JSON document. `at` counts bytes from the start of the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// More bytes than [`Limits::bytes`](super::Limits::bytes).
    #[error("the JSON has more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Nested deeper than [`Limits::depth`](super::Limits::depth).
    #[error("the JSON is nested more than {limit} deep at byte {at}")]
    TooDeep {
        /// Where the list or object that is too deep opens.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// More values than [`Limits::values`](super::Limits::values).
    #[error("the JSON has more than {limit} values; the next begins at byte {at}")]
    TooMany {
        /// Where the first value too many begins.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// The bytes are not UTF-8.
    #[error("byte {at} is not valid UTF-8")]
    NotUtf8 {
        /// The first bad byte.
        at: usize,
    },
    /// The document starts with U+FEFF.
    #[error("the JSON starts with a byte order mark; leave it out")]
    ByteOrderMark,
    /// A character that cannot stand where it stands.
    #[error("expected {expected} at byte {at}, found `{}`", shown(*found))]
    Unexpected {
        /// Where it stands.
        at: usize,
        /// The character.
        found: char,
        /// What could have stood there.
        expected: &'static str,
    },
    /// The document ends too early.
    #[error("expected {expected}, but the JSON ends at byte {at}")]
    Ended {
        /// Its length.
        at: usize,
        /// What could have followed.
        expected: &'static str,
    },
    /// A number written in a way JSON does not know.
    #[error("{problem} at byte {at}")]
    Number {
        /// Where the number goes wrong.
        at: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A control character (U+0000 to U+001F) inside a text.
    #[error("control character U+{code:04X} in a text at byte {at}; write it as `\\u{code:04x}`")]
    Control {
        /// Where it stands.
        at: usize,
        /// Its code.
        code: u8,
    },
    /// A backslash followed by something JSON does not know.
    #[error("unknown escape in a text at byte {at}")]
    Escape {
        /// The backslash.
        at: usize,
    },
    /// Half of a surrogate pair.
    #[error("a lone surrogate is escaped in a text at byte {at}")]
    LoneSurrogate {
        /// The backslash.
        at: usize,
    },
    /// One key twice in one object, escapes resolved.
    #[error("duplicate key `{}` at byte {at}", shown_key(key))]
    DuplicateKey {
        /// The key's second occurrence.
        at: usize,
        /// The key.
        key: String,
    },
    /// Something follows the document.
    #[error("something follows the JSON at byte {at}")]
    Trailing {
        /// Where it begins.
        at: usize,
    },
}

impl JsonError {
    /// The byte the error is about, counted from the start of the document.
    #[must_use]
    pub const fn at(&self) -> usize {
        match *self {
            Self::ByteOrderMark => 0,
            Self::TooLong { limit } => limit,
            Self::TooDeep { at, .. }
            | Self::TooMany { at, .. }
            | Self::NotUtf8 { at }
            | Self::Unexpected { at, .. }
            | Self::Ended { at, .. }
            | Self::Number { at, .. }
            | Self::Control { at, .. }
            | Self::Escape { at }
            | Self::LoneSurrogate { at }
            | Self::DuplicateKey { at, .. }
            | Self::Trailing { at } => at,
        }
    }
}

/// A [`JsonError`] on its way out. One pointer wide, so that a step that succeeds carries no room for
/// the errors it could have met.
pub(super) struct Refusal(Box<JsonError>);

impl From<JsonError> for Refusal {
    #[cold]
    fn from(error: JsonError) -> Self {
        Self(Box::new(error))
    }
}

impl From<Refusal> for JsonError {
    fn from(refusal: Refusal) -> Self {
        *refusal.0
    }
}

/// Why a document cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// One key twice in one object.
    #[error("duplicate key `{}`", shown_key(key))]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// Nested deeper than [`Limits::depth`](super::Limits::depth).
    #[error("the JSON is nested too deep")]
    TooDeep,
    /// Beyond [`Limits::bytes`](super::Limits::bytes) or [`Limits::values`](super::Limits::values).
    #[error("the JSON is too large")]
    TooLarge,
    /// Keys, values and ends were not written in an order that makes one value.
    #[error("keys, values and ends do not make one JSON value")]
    Unbalanced,
    /// A member was to be added to something that is not an object.
    #[error("only an object can be given a member")]
    NotAnObject,
}

/// At most 60 characters of a key.
fn shown_key(key: &str) -> String {
    let mut text: String = key.chars().take(60).map(shown).collect();
    if key.chars().nth(60).is_some() {
        text.push('…');
    }
    text
}

/// A character in a form that disturbs no terminal and no reader.
fn shown(char: char) -> String {
    match char {
        '"' | '\'' => char.to_string(),
        _ => char.escape_debug().to_string(),
    }
}
