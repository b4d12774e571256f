//! Finds all of many patterns that match a name, at a cost that follows the name and the matches, not the patterns.
//!
//! A pattern is filed under a literal that every match holds: its beginning or its end in a trie (forwards or
//! backwards), or a piece of its middle. Most patterns say no more than that literal; the others are then asked
//! themselves. Patterns with a server live in a second set of tries, over the whole of `server/tool`.

mod build;
mod folded;
mod tables;
mod trie;

#[cfg(test)]
mod tests;

pub use build::IndexBuilder;

use super::name::Name;
use super::tool::NamePattern;
use folded::Folded;
use tables::Tables;

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
    /// alternatives match. Does not allocate, but for patterns too intricate for a small automaton.
    #[inline]
    pub fn visit(&self, name: &Name<'_>, visitor: impl FnMut(Hit)) {
        if name.as_str().len() <= Folded::<64>::CAPACITY {
            self.visit_folded(name, &Folded::<64>::new(name), visitor);
        } else {
            self.visit_folded(name, &Folded::<280>::new(name), visitor);
        }
    }

    #[inline]
    fn visit_folded<const N: usize>(
        &self,
        name: &Name<'_>,
        folded: &Folded<N>,
        mut visitor: impl FnMut(Hit),
    ) {
        let (tool, end) = (name.tool_at(), name.as_str().len());
        let served = tool > 0;
        let probe = tables::Probe {
            name,
            folded,
            checks: &self.checks,
            exact: !served,
            from: tool,
            to: end,
        };
        self.bare.visit(&probe, &mut visitor);
        if served {
            let probe = tables::Probe { exact: true, from: 0, ..probe };
            self.served.visit(&probe, &mut visitor);
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
