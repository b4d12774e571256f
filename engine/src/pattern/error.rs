//! What can be wrong with a pattern, and where in it.

use std::ops::Range;

use thiserror::Error;

/// What is wrong with a pattern, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct PatternError {
    /// The offending bytes of the pattern's text.
    pub range: Range<usize>,
    /// What is wrong with them.
    #[source]
    pub kind: PatternErrorKind,
}

impl PatternError {
    pub(super) fn new(range: Range<usize>, kind: PatternErrorKind) -> Self {
        Self { range, kind }
    }
}

/// What can be wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternErrorKind {
    /// There is no text.
    #[error("a pattern cannot be empty; `*` matches every name")]
    Empty,
    /// Nothing stands before or after the `/`.
    #[error("something must stand on both sides of `/`, for example `*/read_*`")]
    EmptyPart,
    /// The text is longer than any sensible pattern.
    #[error("a pattern may be at most {limit} bytes long, this one has {length}")]
    TooLong {
        /// The most there may be.
        limit: usize,
        /// How many there are.
        length: usize,
    },
    /// A character that stands in no name and is no wildcard; `shown` is escaped where it is not plain ASCII.
    #[error("`{shown}` stands in no name: names are made of `A-Z a-z 0-9 _ - . :`")]
    OutsideAlphabet {
        /// The character, escaped where it is not plain ASCII.
        shown: String,
    },
    /// More than one `/`.
    #[error("a pattern may have one `/`, between server and tool")]
    SecondSlash,
    /// A `/` inside `{…}` or `[…]`.
    #[error("`/` cannot stand inside `{{…}}` or `[…]`; write a pattern for each server")]
    SlashInGroup,
    /// A `/` in a pattern for agents.
    #[error("an agent's id has no `/`")]
    SlashInAgent,
    /// A `[` without its `]`.
    #[error("`[` is never closed; write `]` after its characters")]
    UnclosedClass,
    /// A `{` without its `}`.
    #[error("`{{` is never closed; write `}}` after its alternatives")]
    UnclosedBrace,
    /// A `}` without its `{`.
    #[error("`}}` closes nothing; write `{{` before the alternatives")]
    UnopenedBrace,
    /// Braces within braces within braces within braces within braces.
    #[error("alternatives may be nested at most 4 deep")]
    TooDeep,
    /// A range such as `[z-a]`.
    #[error("`{low}-{high}` runs backwards; write `{high}-{low}`")]
    RangeBackwards {
        /// Where the range starts.
        low: char,
        /// Where it ends.
        high: char,
    },
    /// A `-` right after a range, as in `[a-c-e]`.
    #[error("a `-` after a range can mean two things; put it first or last inside `[…]`")]
    AmbiguousDash,
    /// No name of 1 to 128 name characters can match.
    #[error("no name can match this: {why}")]
    CannotMatch {
        /// Why not.
        why: &'static str,
    },
    /// The pattern, once compiled, would take too much memory.
    #[error("this pattern grows too large when compiled; split it into several shorter ones")]
    TooLarge,
}
