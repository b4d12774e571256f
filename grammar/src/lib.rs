//! The pest grammar of the `.fence` language: `fence.pest` and the parser made from it.
//!
//! What the pieces mean, and how mistakes are told, is up to `fence-engine`.

// Generated for `no_std`, because pest's `std` probes the stack on every rule, a tenth of the time;
// whoever calls the parser bounds the nesting first.
extern crate alloc;

pub use generated::{FenceParser, Rule};

#[expect(missing_docs, reason = "one variant per rule; the grammar documents them")]
mod generated {
    /// Reads one entry rule of the grammar, whole.
    #[derive(Clone, Copy, Debug, pest_derive::Parser)]
    #[grammar = "fence.pest"]
    pub struct FenceParser;
}
