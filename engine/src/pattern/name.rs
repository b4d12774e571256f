//! Names of tools and agents: checked once, at the door.

use thiserror::Error;

use super::alphabet::name_byte;

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
        match Self::check(text) {
            Some((tool, upper)) => Ok(Self { text, tool, upper }),
            None => Err(explain(text)),
        }
    }

    /// Where the tool's part begins and whether there is an upper-case letter.
    fn check(text: &str) -> Option<(usize, bool)> {
        let seen = Seen::text(text.as_bytes());
        let slash = if seen.slash != 0 { text.find('/') } else { None };
        let (server, tool) = slash.map_or((1, 0), |at| (at, at + 1));
        let second =
            slash.is_some() && text.as_bytes().get(tool..).is_some_and(|rest| rest.contains(&b'/'));
        let fits = |length: usize| (1..=MAX_PART).contains(&length);
        let valid = seen.other == 0 && !second && fits(server) && fits(text.len() - tool);
        valid.then_some((tool, seen.upper != 0))
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

/// What was seen in eight bytes, told by the highest bit of each byte.
#[derive(Clone, Copy, Default)]
struct Seen {
    upper: u64,
    slash: u64,
    /// What stands in no name.
    other: u64,
}

impl Seen {
    /// Eight bytes at a time, without branches; bytes of short texts and last ones are looked at twice.
    #[inline]
    fn text(text: &[u8]) -> Self {
        if let Some(last) = text.last_chunk() {
            let (chunks, _) = text.as_chunks();
            let word = |chunk: &[u8; 8]| Self::word(u64::from_le_bytes(*chunk));
            return chunks.iter().fold(word(last), |seen, chunk| seen.join(word(chunk)));
        }
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            return Self::word(u64::from(first) << 32 | u64::from(last));
        }
        text.iter().fold(Self::default(), |seen, byte| seen.join(Self::word(every(*byte))))
    }

    #[inline]
    fn word(word: u64) -> Self {
        // With its highest bit set no byte borrows from the next.
        let at_least = |word: u64, byte| (word | every(0x80)) - every(byte);
        let within = |word, low, high: u8| at_least(word, low) & !at_least(word, high + 1);
        let is = |byte| within(word, byte, byte);
        let letter = within(word | every(0x20), b'a', b'z');
        // From `-` over `.`, `/` and the digits to `:` there is no gap.
        let valid = (letter | within(word, b'-', b':') | is(b'_')) & !word;
        let only = every(0x80);
        Self {
            upper: within(word, b'A', b'Z') & only,
            slash: is(b'/') & only,
            other: !valid & only,
        }
    }

    #[inline]
    fn join(self, other: Self) -> Self {
        let (upper, slash) = (self.upper | other.upper, self.slash | other.slash);
        Self { upper, slash, other: self.other | other.other }
    }
}

/// Eight times the same byte.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Whether the text is an agent's id: 1 to 128 name characters.
///
/// ```
/// assert!(fence_engine::pattern::is_id("content-1"));
/// assert!(!fence_engine::pattern::is_id("content/1"));
/// ```
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=MAX_PART).contains(&text.len()) && {
        let seen = Seen::text(text.as_bytes());
        seen.other | seen.slash == 0
    }
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
