//! Patterns over tool names, agent ids and texts, and an index that finds all tool patterns matching a name.
//!
//! What the wildcards mean is section 3 of the language; [globset](https://docs.rs/globset) is the arbiter, with
//! three of its habits fenced in (see [`NamePattern`]). Case and server depend on who asks: a pattern that tightens
//! a policy is read generously, one that loosens it to the letter, and what it matches to the letter it always
//! matches generously too.
//!
//! ```
//! use fence_engine::pattern::{Name, NamePattern};
//!
//! let pattern = NamePattern::parse("email_*")?;
//! let shouted = Name::parse("mail/EMAIL_send")?;
//! assert!(pattern.matches_tightening(&shouted));
//! assert!(!pattern.matches_loosening(&shouted));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alphabet;
mod error;
mod expand;
mod index;
mod machine;
mod name;
mod part;
mod shape;
mod stretch;
mod syntax;
mod text;
mod tool;

#[cfg(test)]
pub(crate) mod tests;

pub use error::{PatternError, PatternErrorKind};
pub use index::{Hit, Index, IndexBuilder};
pub use name::{MAX_PART, Name, NameError, is_id};
pub use text::{TextPattern, fold_text, nfc};
pub use tool::{AgentPattern, NamePattern};
