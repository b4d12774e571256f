//! Finds all of many patterns that match a name, at a cost that follows the name and the matches, not the patterns.
//!
//! A pattern is filed under a literal that every match holds: its beginning or its end in a trie (forwards or
//! backwards), or a piece of its middle. Most patterns say no more than that literal; the others are then asked
//! themselves. Patterns with a server live in a second set of tries, over the whole of `server/tool`.

mod build;
mod load;
mod pieces;
mod tables;
mod trie;

#[cfg(test)]
mod tests;

pub use build::IndexBuilder;

use super::name::{MAX_PART, Name};
use super::tool::NamePattern;
use tables::{Probe, Tables};

/// A pattern that matches the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// What the pattern was added as.
    pub id: u32,
    /// Whether it matches also as a loosening pattern does: case exact, and the server named or absent.
    pub exact: bool,
}

/// Many patterns, compiled into one structure; built by [`IndexBuilder`].
///
/// ```
/// use fence_engine::pattern::{Hit, IndexBuilder, Name, NamePattern};
///
/// let mut builder = IndexBuilder::default();
/// builder.add(&NamePattern::parse("email_*")?, false, 7);
/// let index = builder.build();
/// let mut hits = Vec::new();
/// index.visit(&Name::parse("mail/email_send")?, |hit| hits.push(hit));
/// assert_eq!(hits, [Hit { id: 7, exact: false }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Patterns without a server, over the tool's part.
    bare: Tables,
    /// Patterns with a server, over the whole name.
    served: Tables,
    /// The patterns that the literal they are filed under does not say all about.
    checks: Vec<NamePattern>,
}

impl Index {
    /// Calls the visitor for every pattern that matches the name, in no particular order.
    ///
    /// An id may be visited more than once, also with differing `exact`, when several of its patterns or
    /// alternatives match. Does not allocate.
    #[inline]
    pub fn visit(&self, name: &Name<'_>, mut visitor: impl FnMut(Hit)) {
        let text = name.as_str().as_bytes();
        let mut buffer;
        let folded = if name.has_upper() {
            buffer = [0; 2 * MAX_PART + 1];
            fold(text, &mut buffer)
        } else {
            text
        };
        let (tool, checks) = (name.tool_at(), &self.checks[..]);
        let served = Probe { name, checks, exact: true, text, folded };
        let (text, folded) = (text.get(tool..), folded.get(tool..));
        let (text, folded) = (text.unwrap_or_default(), folded.unwrap_or_default());
        let bare = Probe { exact: tool == 0, text, folded, ..served };
        self.bare.visit(&bare, &mut visitor);
        if tool > 0 {
            self.served.visit(&served, &mut visitor);
        }
    }

    /// Bytes held on the heap, but for what the patterns kept for checking hold themselves.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.bare.heap_bytes()
            + self.served.heap_bytes()
            + self.checks.capacity() * size_of::<NamePattern>()
    }
}

/// The name in lower case.
#[inline(never)]
fn fold<'a>(text: &[u8], buffer: &'a mut [u8]) -> &'a [u8] {
    let Some(room) = buffer.get_mut(..text.len()) else { return &[] };
    room.copy_from_slice(text);
    room.make_ascii_lowercase();
    room
}
