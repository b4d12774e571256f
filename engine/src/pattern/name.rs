//! Names of tools and agents: checked once, at the door.

use thiserror::Error;

use super::alphabet::{KIND, UPPER, VALID, name_byte};

/// The most characters that a tool, a server or an agent's id may have.
pub const MAX_PART: usize = 128;

/// A tool's identity, `tool` or `server/tool`, proven to hold nothing but name characters.
///
/// Both parts are 1 to 128 characters of `A-Z a-z 0-9 _ - . :`. Look-alikes, control and zero-width characters
/// are refused, never translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    text: &'a str,
    /// Where the tool's part begins: 0 without a server.
    tool: usize,
    upper: bool,
}

impl<'a> Name<'a> {
    /// Reads a tool's identity.
    ///
    /// # Errors
    ///
    /// Says what is wrong, naming the first offending character by its code point; never echoes the text.
    #[inline]
    pub fn parse(text: &'a str) -> Result<Self, NameError> {
        if text.len() > 2 * MAX_PART + 1 {
            return Err(NameError::TooLong { length: text.len() });
        }
        let (mut tool, mut upper, mut valid) = (0, 0, VALID);
        for (at, byte) in text.bytes().enumerate() {
            let kind = KIND[usize::from(byte)];
            upper |= kind;
            if kind == 0 && byte == b'/' && tool == 0 {
                tool = at + 1;
            } else {
                valid &= kind;
            }
        }
        let server = tool.saturating_sub(1);
        let fits = |length: usize| (1..=MAX_PART).contains(&length);
        if valid != VALID || !fits(text.len() - tool) || (tool > 0 && !fits(server)) {
            return Err(explain(text));
        }
        Ok(Self { text, tool, upper: upper & UPPER != 0 })
    }

    /// The server's part, if there is one.
    #[must_use]
    pub fn server(&self) -> Option<&'a str> {
        self.text.get(..self.tool.checked_sub(1)?)
    }

    /// The tool's part.
    #[must_use]
    pub fn tool(&self) -> &'a str {
        self.text.get(self.tool..).unwrap_or_default()
    }

    /// The whole, as given.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether there is an upper-case letter in it.
    pub(super) fn has_upper(&self) -> bool {
        self.upper
    }

    /// Where the tool's part begins: 0 without a server.
    pub(super) fn tool_at(&self) -> usize {
        self.tool
    }
}

/// Whether the text is an agent's id: 1 to 128 name characters.
///
/// ```
/// assert!(fence_engine::pattern::is_id("content-1"));
/// assert!(!fence_engine::pattern::is_id("content/1"));
/// ```
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=MAX_PART).contains(&text.len()) && text.bytes().all(|byte| KIND[usize::from(byte)] != 0)
}

/// Why a text is not a tool's identity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is no text.
    #[error("the name is empty")]
    Empty,
    /// Nothing stands before or after the `/`.
    #[error("nothing stands {place} the `/`")]
    EmptyPart {
        /// `before` or `after`.
        place: &'static str,
    },
    /// A part has more than 128 characters.
    #[error("the name is too long: {length} bytes, where server and tool may have 128 each")]
    TooLong {
        /// The length of the whole, in bytes.
        length: usize,
    },
    /// More than one `/`.
    #[error("there is a second `/` at byte {at}; one separates server and tool")]
    SecondSlash {
        /// Its offset in bytes.
        at: usize,
    },
    /// A character that stands in no name: a look-alike, a space, an invisible one.
    #[error("the name holds {code} at byte {at}; names are made of `A-Z a-z 0-9 _ - . :`")]
    OutsideAlphabet {
        /// The character's code point, such as `U+202E`.
        code: String,
        /// Its offset in bytes.
        at: usize,
    },
}

/// The slow path: which rule was broken first.
#[cold]
fn explain(text: &str) -> NameError {
    let mut slash = None;
    for (at, c) in text.char_indices() {
        if c == '/' {
            if slash.replace(at).is_some() {
                return NameError::SecondSlash { at };
            }
        } else if name_byte(c).is_none() {
            return NameError::OutsideAlphabet { code: format!("U+{:04X}", u32::from(c)), at };
        }
    }
    match slash {
        None if text.is_empty() => NameError::Empty,
        Some(0) => NameError::EmptyPart { place: "before" },
        Some(at) if at + 1 == text.len() => NameError::EmptyPart { place: "after" },
        _ => NameError::TooLong { length: text.len() },
    }
}
