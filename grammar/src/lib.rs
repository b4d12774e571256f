//! The pest grammar of the `.fence` language: `fence.pest` and the parser made from it.
//!
//! What the pieces mean, and how mistakes are told, is up to `fence-engine`.

pub use generated::{FenceParser, Rule};

#[expect(missing_docs, reason = "one variant per rule; the grammar documents them")]
mod generated {
    /// Reads one entry rule of the grammar, whole.
    #[derive(Clone, Copy, Debug, pest_derive::Parser)]
    #[grammar = "fence.pest"]
    pub struct FenceParser;
}
